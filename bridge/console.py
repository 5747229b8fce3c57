"""Console at a standard stream: the screen or the keyboard of a person.

The C library of Windows calls every character device a terminal, NUL too, at which nobody types or reads
(`_isatty` in Microsoft's reference). Only a console has a mode there.
"""

import sys
from collections.abc import Callable
from typing import TextIO


def has_mode(descriptor: int) -> bool:
    """Return True where the descriptor of a terminal has a console's mode; True elsewhere than on Windows."""
    if sys.platform == "win32":
        import ctypes
        import msvcrt
        from ctypes import wintypes

        handle = wintypes.HANDLE(msvcrt.get_osfhandle(descriptor))
        mode = wintypes.DWORD()
        return bool(ctypes.WinDLL("kernel32").GetConsoleMode(handle, ctypes.byref(mode)))
    return True


def is_console(stream: TextIO, has_mode: Callable[[int], bool] = has_mode) -> bool:
    """Return True where a person types or reads at the stream."""
    if not stream.isatty():
        return False
    try:
        descriptor = stream.fileno()
    except OSError:
        # A terminal that a program draws itself, such as an editor's.
        return True
    return has_mode(descriptor)
