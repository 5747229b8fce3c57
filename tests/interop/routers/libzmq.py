"""ROUTER of any libzmq, through ctypes. Arguments: PORT LIBRARY [LIBRARY ...].

The last library is libzmq; its dependencies precede it. ctypes also loads libraries that were packaged for
another version of Python.
"""

import ctypes
import sys

from tests.interop.routers.protocol import Lines

ROUTER, LINGER, RCVMORE, RCVTIMEO, HEARTBEAT_IVL, HEARTBEAT_TIMEOUT = 6, 17, 13, 27, 75, 77
SNDMORE = 2


class Library:
    """One loaded libzmq with one ROUTER socket."""

    def __init__(self, paths: list[str]) -> None:
        for path in paths:
            self._zmq = ctypes.CDLL(path, ctypes.RTLD_GLOBAL)
        for name in ("zmq_ctx_new", "zmq_socket"):
            getattr(self._zmq, name).restype = ctypes.c_void_p
        self._socket = ctypes.c_void_p(self._zmq.zmq_socket(ctypes.c_void_p(self._zmq.zmq_ctx_new()), ROUTER))

    def version(self) -> str:
        numbers = [ctypes.c_int() for _ in range(3)]
        self._zmq.zmq_version(*map(ctypes.byref, numbers))
        return ".".join(str(number.value) for number in numbers)

    def set(self, option: int, value: int) -> bool:
        """Set a socket option. Return False where this libzmq does not know it."""
        number = ctypes.c_int(value)
        return bool(self._zmq.zmq_setsockopt(self._socket, option, ctypes.byref(number), 4) == 0)

    def bind(self, endpoint: str) -> None:
        if self._zmq.zmq_bind(self._socket, endpoint.encode()) != 0:
            raise OSError(f"endpoint {endpoint} cannot be bound")

    def receive(self) -> list[bytes]:
        """Return the parts of the next message, or [] after RCVTIMEO."""
        parts: list[bytes] = []
        buffer = ctypes.create_string_buffer(1 << 20)
        while True:
            size = self._zmq.zmq_recv(self._socket, buffer, len(buffer), 0)
            if size < 0:
                return parts
            parts.append(buffer.raw[:size])
            more, width = ctypes.c_int(), ctypes.c_size_t(4)
            self._zmq.zmq_getsockopt(self._socket, RCVMORE, ctypes.byref(more), ctypes.byref(width))
            if not more.value:
                return parts

    def send(self, parts: list[bytes]) -> None:
        for number, part in enumerate(parts, 1):
            self._zmq.zmq_send(self._socket, part, len(part), SNDMORE if number < len(parts) else 0)


def main() -> None:
    port, *paths = sys.argv[1:]
    library, lines = Library(paths), Lines()
    library.set(LINGER, 0)
    library.set(RCVTIMEO, 5)
    pings = library.set(HEARTBEAT_IVL, 100) and library.set(HEARTBEAT_TIMEOUT, 1500)
    library.bind(f"tcp://127.0.0.1:{port}")
    lines.listening(library.version(), pings=pings)
    while not lines.ended:
        if message := library.receive():
            lines.received(message)
        for message in lines.waiting():
            library.send(message)


main()
