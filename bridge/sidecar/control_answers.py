"""Answers of the control endpoint itself, apart from its server: the command line reads them."""

from typing import Final

import msgspec

from bridge.exits import ExitCode

STATUS_PATH: Final = "/v1/status"


class ControlError(msgspec.Struct, frozen=True, kw_only=True):
    """Body of every answer whose status is not 200."""

    error: str
    """PROOF, HOST, METHOD, NOT_FOUND, BODY, REFUSED, JOURNAL, INTERNAL."""
    message: str
    exit_status: int = int(ExitCode.FAILED)
    """REFUSED: exit status of the command line."""


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """Answer of the challenge."""

    nonce: str
