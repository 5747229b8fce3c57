"""Messages between client and server, and the table of calls that both derive from BrokerApi, BrokerControl and
BrokerOperations.

One message is one frame of UTF-8 JSON. A call is {"id", "method", "params"}, with the arguments by name; its reply
is {"id", "result"} or {"id", "error"}. A reply may arrive late, out of turn, or never. A reply with number 0 and
without an error is no reply: it notifies a peer that has called `glance` of a change.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from inspect import Signature
from typing import Any, Final, get_type_hints

import msgspec
from msgspec import Raw, Struct
from msgspec.inspect import AnyType, CustomType, Field, StructType, Type

from bridge.simulator.broker.api import BrokerApi, BrokerControl, BrokerTimeout
from bridge.simulator.broker.operations import BrokerOperations


class Problem(StrEnum):
    """Reason why a call has no result."""

    BAD_CALL = "BAD_CALL"
    """The frame is no call."""
    UNKNOWN_METHOD = "UNKNOWN_METHOD"
    BAD_PARAMS = "BAD_PARAMS"
    """An argument is unknown, missing or of another type."""
    REFUSED = "REFUSED"
    """The broker raised ControlError."""
    FAILED = "FAILED"
    """The broker raised another exception: a defect of the simulator. The server's log has the traceback."""


class RpcFault(Struct, frozen=True):
    """The problem, and a message about it."""

    problem: Problem
    message: str


class Call(Struct, frozen=True):
    """A call. Each client numbers its own calls and uses no number twice."""

    id: int
    method: str
    params: Raw = Raw(b"{}")


class Reply(Struct, frozen=True, omit_defaults=True):
    """The result or the error of the call with this number; 0 where the call could not be read."""

    id: int
    result: Raw = Raw(b"null")
    error: RpcFault | None = None


NOTIFICATION: Final = msgspec.json.encode(Reply(id=0))
"""Frame that notifies a peer, once after a `glance`, that something has changed: a reply to no call."""


class RpcError(BrokerTimeout):
    """The server could not carry out the call: client and server differ, or the simulator has a defect. To a
    terminal it is no answer: a request may have been executed. The server's log has the traceback of a defect."""


class ArgumentError(ValueError):
    """An argument of a call is unknown, missing or of another type. The message names it."""


class Method:
    """One call of the protocols: its signature, and the decoders of its arguments and of its result.

    Raises TypeError, naming the method, where an annotation is missing or cannot be decoded.
    """

    def __init__(self, name: str, function: Callable[..., object]) -> None:
        self.name = name
        signature = inspect.signature(function)
        _self, *parameters = signature.parameters.values()
        self.signature: Final[Signature] = signature.replace(parameters=parameters)
        hints = get_type_hints(function)
        self._arguments = {each.name: _decoder(name, each.name, hints) for each in parameters}
        self._required = {each.name for each in parameters if each.default is each.empty}
        self._result = _decoder(name, "return", hints)

    def encode_arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Raw:
        """The arguments of a Python call, by name. Raises TypeError as the call itself would."""
        return Raw(msgspec.json.encode(self.signature.bind(*args, **kwargs).arguments))

    def decode_arguments(self, params: Raw) -> dict[str, object]:
        """The arguments of a call that arrived. Raises ArgumentError."""
        try:
            given = msgspec.json.decode(params, type=dict[str, Raw])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ArgumentError(
                f"{self.name}: params must be an object of arguments by name ({error})"
            ) from None
        for name in given:
            if name not in self._arguments:
                known = ", ".join(self._arguments) or "none"
                raise ArgumentError(f"{self.name}: unknown argument {name!r}; supported: {known}")
        missing = sorted(self._required - given.keys())
        if missing:
            raise ArgumentError(f"{self.name}: argument {missing[0]!r} is missing; add it")
        return {name: self._decode_argument(name, value) for name, value in given.items()}

    def _decode_argument(self, name: str, value: Raw) -> object:
        try:
            return self._arguments[name].decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ArgumentError(f"{self.name}: argument {name!r}: {error}") from None

    def decode_result(self, result: Raw) -> object:
        """The result that the annotation declares. Raises msgspec.DecodeError."""
        return self._result.decode(result)


def _decoder(method: str, name: str, hints: Mapping[str, Any]) -> msgspec.json.Decoder[Any]:
    if name not in hints:
        raise TypeError(f"{method}: {name!r} has no annotation; add one")
    unknown = sorted(_undecodable(msgspec.inspect.type_info(hints[name]), set()))
    if unknown:
        # msgspec would take such a type and fail, or check nothing, when the first value arrives.
        raise TypeError(
            f"{method}: {name!r} cannot be decoded from JSON: {', '.join(unknown)}; use another type"
        )
    return msgspec.json.Decoder(hints[name])


def _undecodable(node: object, seen: set[type]) -> Iterator[str]:
    """Names of the types within msgspec's description of a type that msgspec cannot decode or does not check."""
    match node:
        case AnyType():
            yield "Any"
        case CustomType(cls=cls):
            yield cls.__qualname__
        case StructType(cls=cls) if cls in seen:
            return
        case StructType(cls=cls):
            seen.add(cls)
    if isinstance(node, tuple):
        for each in node:
            yield from _undecodable(each, seen)
    elif isinstance(node, Field):
        yield from _undecodable(node.type, seen)
    elif isinstance(node, Type):
        for field in node.__struct_fields__:
            yield from _undecodable(getattr(node, field), seen)


def methods_of(*protocols: type) -> dict[str, Method]:
    """Every public method of the protocols, by name. Raises TypeError where one cannot be called remotely."""
    return {
        name: Method(name, function)
        for protocol in protocols
        for name, function in vars(protocol).items()
        if inspect.isfunction(function) and not name.startswith("_")
    }


CONTROLS: Final = methods_of(BrokerControl, BrokerOperations)
"""The calls of a test and of the broker itself, by name."""

METHODS: Final = methods_of(BrokerApi) | CONTROLS
"""Every call, by name."""
