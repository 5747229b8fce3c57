"""Signals at which a program of the bridge stops in order."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

if sys.platform == "win32":
    _MORE: Final = (signal.SIGBREAK,)
else:
    _MORE: Final = ()
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, *_MORE)
"""Ctrl-C, SIGTERM, and Ctrl-Break, which service wrappers and `taskkill` without /F send on Windows."""


def call_at_stop(handler: Callable[[int, FrameType | None], object]) -> None:
    """Call the handler at each of the signals. For the main thread.

    By `signal.signal`: a loop of Windows has no `add_signal_handler`.
    """
    for number in STOP_SIGNALS:
        signal.signal(number, handler)


def set_at_stop(stop: asyncio.Event) -> None:
    """Set the event of the running loop at each of the signals. For the main thread."""
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stop.set)

    call_at_stop(on_signal)
