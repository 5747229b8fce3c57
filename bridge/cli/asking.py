"""Requests to the running sidecar of a configuration, with answers of their types.

It imports nothing that owns a journal: `status` is often run, and only looks.
"""

import http.client
from typing import Final, TypeVar

import msgspec

from bridge.cli import control_client
from bridge.cli.control_client import NoAnswerError, NobodyThereError
from bridge.config import Config
from bridge.sidecar import control_file
from bridge.sidecar.control_answers import STATUS_PATH, ControlError
from bridge.sidecar.control_file import ControlFile
from bridge.sidecar.live_status import LiveStatus

LOOK_S: Final = 2.5
"""Time-out of a status request in seconds. With the wait for a locked journal (READ_S) it is less than five."""

S = TypeVar("S", bound=msgspec.Struct)


def live(config: Config) -> LiveStatus:
    """Return the state of the running sidecar. Raises NobodyThereError, NoAnswerError, ControlFileError."""
    answer = control_client.ask(control_file_of(config), "GET", STATUS_PATH, None, timeout_s=LOOK_S)
    if answer.status != http.client.OK:
        raise NoAnswerError(error_of(answer.body).message)
    return decoded(answer.body, LiveStatus)


def control_file_of(config: Config) -> ControlFile:
    """Return the control file of the sidecar. Raises NobodyThereError and ControlFileError."""
    path = control_file.control_path(config.journal)
    content = control_file.read(path)
    if content is None:
        raise NobodyThereError(f"there is no control file at {path}")
    return content


def error_of(raw: bytes) -> ControlError:
    """Return the error in an answer whose status is not 200."""
    try:
        return msgspec.json.decode(raw, type=ControlError)
    except msgspec.DecodeError:
        return ControlError(error="INTERNAL", message="the sidecar's answer cannot be read")


def decoded(raw: bytes, kind: type[S]) -> S:
    """Return an answer as its type. Raises NoAnswerError."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise NoAnswerError(f"its answer cannot be read: {error}") from error
