"""The broker's wire: what client and server say to each other.

One message is one frame of UTF-8 JSON. A call is {"id", "method", "params"}, with the parameters by name;
its reply {"id", "result"} or {"id", "error"}. Methods and parameters are those of BrokerApi and
BrokerControl. A reply may come late, out of turn, or never.
"""

import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Final, get_type_hints

import msgspec
from msgspec import Raw, Struct

from bridge.simulator.broker.api import BrokerApi, BrokerControl
from bridge.simulator.broker.broker import Broker


class Problem(StrEnum):
    """Why a call has no result."""

    BAD_CALL = "BAD_CALL"
    UNKNOWN_METHOD = "UNKNOWN_METHOD"
    BAD_PARAMS = "BAD_PARAMS"
    REFUSED = "REFUSED"


class RpcFault(Struct, frozen=True):
    """The problem, and a sentence about it."""

    problem: Problem
    message: str


class Call(Struct, frozen=True):
    """A method to be called. Numbers are the client's own, and never used twice."""

    id: int
    method: str
    params: Raw = Raw(b"{}")


class Reply(Struct, frozen=True, omit_defaults=True):
    """The outcome of the call of this number; 0 where the call could not be read. Either a result or an
    error."""

    id: int
    result: Raw = Raw(b"null")
    error: RpcFault | None = None


class RpcError(Exception):
    """Client and server do not understand each other."""


def _params_of(function: Callable[..., object]) -> type[Struct]:
    """The record of a method's parameters, as its signature states them."""
    hints = get_type_hints(function)
    fields: list[tuple[str, object] | tuple[str, object, object]] = []
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        hint = hints[parameter.name]
        bare = parameter.default is inspect.Parameter.empty
        fields.append((parameter.name, hint) if bare else (parameter.name, hint, parameter.default))
    return msgspec.defstruct(function.__name__, fields, frozen=True, forbid_unknown_fields=True)


METHODS: Final = {
    name: _params_of(getattr(Broker, name))
    for protocol in (BrokerApi, BrokerControl)
    for name in vars(protocol)
    if not name.startswith("_")
}
"""Every method that may be called, with the record of its parameters. The signatures are the only source."""
