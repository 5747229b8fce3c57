"""Client: every call of the broker, carried out by a broker in another process."""

import time
from collections.abc import Callable
from typing import Final, Protocol, Self, cast

import msgspec
import zmq
from msgspec.json import Decoder

from bridge.simulator.broker.api import BrokerApi, BrokerControl, BrokerGone, BrokerTimeout, ControlError
from bridge.simulator.broker.operations import BrokerOperations
from bridge.simulator.broker.rpc.calls import METHODS, Call, Method, Problem, Reply, RpcError

_REPLY: Final = Decoder(Reply)


class BrokerClient(BrokerApi, BrokerControl, BrokerOperations, Protocol):
    """A broker in another process, made by `connect_broker`. One blocking call at a time, from one thread.

    Every call raises BrokerGone where the server was not reached within the time-out (nothing was sent), and
    BrokerTimeout where it did not answer within it (the call may have been carried out, or may be later).
    """

    timeout: float
    """Seconds."""

    socket: "zmq.Socket[bytes]"
    """Socket that becomes readable with a notification."""

    def take_notification(self) -> bool:
        """Return True once after the broker has notified this client of a change since its last `glance`."""
        ...

    def close(self) -> None:
        """Close the socket. No call may follow."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def connect_broker(endpoint: str, timeout: float = 5.0) -> BrokerClient:
    """Return a client of the BrokerServer at a ZeroMQ endpoint; `timeout` is in seconds."""
    # _Client gets the protocols' methods below, which no type checker sees; a test checks that each is there.
    return cast(BrokerClient, _Client(endpoint, timeout))


class _Client:
    """The socket, and one method for each entry of METHODS."""

    def __init__(self, endpoint: str, timeout: float) -> None:
        self.timeout = timeout
        self._last_id = 0
        self._notified = False
        self._context = zmq.Context()
        self.socket = self._context.socket(zmq.DEALER)
        self.socket.linger = 0
        # Without it, calls to a dead server would queue, and reach the next server stale.
        self.socket.setsockopt(zmq.IMMEDIATE, 1)
        self.socket.connect(endpoint)

    def take_notification(self) -> bool:
        # Not poll, which builds a poller each time: a terminal asks before each answer that it kept.
        while cast(int, self.socket.get(zmq.EVENTS)) & zmq.POLLIN:
            self._receive()
        notified, self._notified = self._notified, False
        return notified

    def _receive(self) -> Reply:
        reply = _REPLY.decode(self.socket.recv())
        self._notified = self._notified or (reply.id == 0 and reply.error is None)
        return reply

    def close(self) -> None:
        self.socket.close()
        self._context.term()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, method: Method, args: tuple[object, ...], kwargs: dict[str, object]) -> object:
        """Send a call, wait for the reply with its number, and return the result."""
        self._last_id += 1
        call = Call(id=self._last_id, method=method.name, params=method.encode_arguments(args, kwargs))
        deadline = time.monotonic() + self.timeout
        if not self.socket.poll(_left(deadline), zmq.POLLOUT):
            raise BrokerGone(
                f"{method.name}: no broker process reached within {self.timeout} s; nothing was sent"
            )
        self.socket.send(msgspec.json.encode(call))
        while self.socket.poll(_left(deadline), zmq.POLLIN):
            reply = self._receive()
            if reply.id != call.id:  # a notification, or the late answer to a call that timed out
                continue
            if reply.error is not None:
                refused = reply.error.problem is Problem.REFUSED
                raise (ControlError if refused else RpcError)(reply.error.message)
            return method.decode_result(reply.result)
        raise BrokerTimeout(f"{method.name}: no answer within {self.timeout} s")


def _remote(method: Method) -> Callable[..., object]:
    def call(self: _Client, *args: object, **kwargs: object) -> object:
        return self._call(method, args, kwargs)

    call.__name__ = method.name
    return call


for _method in METHODS.values():
    setattr(_Client, _method.name, _remote(_method))


def _left(deadline: float) -> int:
    """Milliseconds until then, never negative: a negative time-out would wait for ever."""
    return max(0, int((deadline - time.monotonic()) * 1000))
