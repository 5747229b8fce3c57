"""Stream: one connected socket on the event loop, with a buffer for what the other end does not take yet."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Final

READ_BYTES: Final = 16_384
"""Most bytes of one read. Less than a burst of an unproved peer, so that it cannot send much more than that."""


class Stream:
    """Owner of one socket. Callbacks run on the event loop; none runs after the end."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connected: socket.socket,
        *,
        on_data: Callable[[bytes], None],
        on_end: Callable[[], None],
        on_drained: Callable[[], None] = lambda: None,
    ) -> None:
        """`on_end`: the other end has closed it, or it broke. `on_drained`: all that was written has left."""
        connected.setblocking(False)
        # A message must not wait for the acknowledgement of the one before.
        with suppress(OSError):  # it may be closed already; reading shows that
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._loop = loop
        self._socket = connected
        self._on_data = on_data
        self._on_end = on_end
        self._on_drained = on_drained
        self._out = bytearray()
        self._reading = False
        self._finishing = False
        self.closed = False
        self.set_reading(True)

    @property
    def unsent(self) -> int:
        """Bytes that were written and have not left."""
        return len(self._out)

    def set_reading(self, wanted: bool) -> None:
        """Read from the socket from now on, or not."""
        if wanted == self._reading or self.closed or self._finishing:
            return
        self._reading = wanted
        if wanted:
            self._loop.add_reader(self._socket, self._read)
        else:
            self._loop.remove_reader(self._socket)

    def write(self, data: bytes) -> None:
        """Send, or keep what the socket does not take now."""
        if self.closed:
            return
        if not self._out:
            try:
                data = data[self._socket.send(data) :]
            except (BlockingIOError, InterruptedError):
                pass
            except OSError:
                self._end()
                return
            if not data:
                return
            self._loop.add_writer(self._socket, self._flush)
        self._out += data

    def finish(self) -> None:
        """Read nothing more, and close once everything that was written has left. `on_end` is called then."""
        self.set_reading(False)
        self._finishing = True
        if not self._out:
            self._end()

    def close(self) -> None:
        """Close at once. What has not left is lost."""
        if self.closed:
            return
        self._finishing = False
        self.set_reading(False)
        self.closed = True
        self._loop.remove_writer(self._socket)
        self._out.clear()
        self._socket.close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if data:
            self._on_data(data)
        else:
            self._end()

    def _flush(self) -> None:
        with suppress(BlockingIOError, InterruptedError):
            try:
                del self._out[: self._socket.send(self._out)]
            except BlockingIOError:
                raise
            except OSError:
                self._end()
                return
        if self._out:
            return
        self._loop.remove_writer(self._socket)
        if self._finishing:
            self._end()
        else:
            self._on_drained()

    def _end(self) -> None:
        if not self.closed:
            self.close()
            self._on_end()
