"""Signals at which a program of the bridge stops in order."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Final

if sys.platform == "win32":
    HANG_UP: Final = None
    _MORE: Final = (signal.SIGBREAK,)
else:
    HANG_UP: Final = signal.SIGHUP
    """End of the terminal. A shell and the system may both send it."""
    _MORE: Final = (signal.SIGHUP,)


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals at which this process stops: Ctrl-C, SIGTERM, and one more by the platform.

    On Windows that is Ctrl-Break, which service wrappers and `taskkill` without /F send; elsewhere the end of the
    terminal, unless the process was started with that ignored, as `nohup` does.
    """
    return (
        signal.SIGINT,
        signal.SIGTERM,
        *(each for each in _MORE if signal.getsignal(each) is not signal.SIG_IGN),
    )


def call_at_stop(handler: Callable[[int, FrameType | None], object]) -> None:
    """Call the handler at each of the signals. For the main thread.

    By `signal.signal`: a loop of Windows has no `add_signal_handler`.
    """
    for number in stop_signals():
        signal.signal(number, handler)


def set_at_stop(stop: asyncio.Event) -> None:
    """Set the event of the running loop at each of the signals. For the main thread."""
    loop = asyncio.get_running_loop()

    def on_signal(number: int, frame: FrameType | None) -> None:
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(stop.set)

    call_at_stop(on_signal)
