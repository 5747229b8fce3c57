"""Signals to a process of a rig: those of Unix, and what Windows has in their place."""

import os
import signal
import sys
from typing import Final

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    KILLED: Final = 137
    """Exit status of a process that was killed."""
    _SUSPEND_RESUME: Final = 0x0800

    def send(pid: int, number: signal.Signals) -> None:
        """Send a signal; Ctrl-Break in place of SIGTERM. Raises OSError where there is no such process."""
        os.kill(pid, signal.CTRL_BREAK_EVENT if number is signal.SIGTERM else number)

    def kill(pid: int) -> None:
        """End a process by force. Raises OSError where there is no such process."""
        os.kill(pid, KILLED)

    def suspend(pid: int) -> None:
        """Let no thread of a process run."""
        _with_handle(pid, "NtSuspendProcess")

    def resume(pid: int) -> None:
        """Let a suspended process run again."""
        _with_handle(pid, "NtResumeProcess")

    def _with_handle(pid: int, call: str) -> None:
        kernel, native = ctypes.WinDLL("kernel32", use_last_error=True), ctypes.WinDLL("ntdll")
        kernel.OpenProcess.restype = wintypes.HANDLE
        handle = wintypes.HANDLE(kernel.OpenProcess(_SUSPEND_RESUME, False, pid))
        if not handle:
            raise ctypes.WinError(ctypes.get_last_error())
        status = native[call](handle)
        kernel.CloseHandle(handle)
        if status:
            raise OSError(f"{call} of process {pid} ended with {status:#x}")

else:
    KILLED: Final = -signal.SIGKILL
    """Exit status of a process that was killed."""

    def send(pid: int, number: signal.Signals) -> None:
        """Send a signal. Raises OSError where there is no such process."""
        os.kill(pid, number)

    def kill(pid: int) -> None:
        """End a process by force. Raises OSError where there is no such process."""
        os.kill(pid, signal.SIGKILL)

    def suspend(pid: int) -> None:
        """Let no thread of a process run."""
        os.kill(pid, signal.SIGSTOP)

    def resume(pid: int) -> None:
        """Let a suspended process run again."""
        os.kill(pid, signal.SIGCONT)
