"""Delivery of Ctrl-C and Ctrl-Break to a process group, which Wine 8.0 lacks.

Its `GenerateConsoleCtrlEvent` fails. Windows starts a thread at `kernelbase!CtrlRoutine` in each process of the
group; `os.kill` does the same here, for the process and its descendants. Wine's C library knows no SIGBREAK, which
Microsoft's makes of Ctrl-Break; a handler of console events does that. Nothing else of Python is changed. Python
imports this file at every start.
"""

import sys

if sys.platform == "win32":
    import _thread
    import ctypes
    import os
    import signal
    from collections.abc import Iterator
    from ctypes import wintypes

    CTRL_C, CTRL_BREAK = 0, 1
    _ALL_ACCESS = 0x1F0FFF
    _SNAPSHOT_OF_PROCESSES = 2
    _THIS_PROCESS = wintypes.HANDLE(-1)
    _ENDED_BY_CONTROL = 0xC000013A

    class _Entry(ctypes.Structure):
        """PROCESSENTRY32 of the Windows API."""

        _fields_ = (
            ("size", wintypes.DWORD),
            ("usage", wintypes.DWORD),
            ("pid", wintypes.DWORD),
            ("heap", ctypes.c_size_t),
            ("module", wintypes.DWORD),
            ("threads", wintypes.DWORD),
            ("parent", wintypes.DWORD),
            ("priority", wintypes.LONG),
            ("flags", wintypes.DWORD),
            ("exe", ctypes.c_char * 260),
        )

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.OpenProcess.restype = wintypes.HANDLE
    _kernel.OpenProcess.argtypes = [wintypes.DWORD, wintypes.BOOL, wintypes.DWORD]
    _kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
    _kernel.CreateRemoteThread.restype = wintypes.HANDLE
    _kernel.CreateRemoteThread.argtypes = [
        wintypes.HANDLE,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_void_p,
        wintypes.DWORD,
        ctypes.c_void_p,
    ]
    _kernel.CloseHandle.argtypes = [wintypes.HANDLE]
    _kernel.Process32First.argtypes = [wintypes.HANDLE, ctypes.POINTER(_Entry)]
    _kernel.Process32Next.argtypes = [wintypes.HANDLE, ctypes.POINTER(_Entry)]

    _real_kill = os.kill
    _kept: list[object] = []
    """Callbacks that must live as long as the process."""

    def _parents() -> Iterator[tuple[int, int]]:
        """Yield each process and its parent."""
        snapshot = _kernel.CreateToolhelp32Snapshot(_SNAPSHOT_OF_PROCESSES, 0)
        entry = _Entry(size=ctypes.sizeof(_Entry))
        more = _kernel.Process32First(snapshot, ctypes.byref(entry))
        while more:
            yield entry.pid, entry.parent
            more = _kernel.Process32Next(snapshot, ctypes.byref(entry))
        _kernel.CloseHandle(snapshot)

    def _group(pid: int) -> list[int]:
        """Return a process and its descendants: the child of a launcher is in its group."""
        parents = dict(_parents())
        found = [pid]
        for one in found:
            found += [child for child, parent in parents.items() if parent == one and child not in found]
        return [one for one in found if one in parents]

    def _start_routine(pid: int, event: int) -> bool:
        process = _kernel.OpenProcess(_ALL_ACCESS, False, pid)
        if not process:
            return False
        routine = ctypes.cast(ctypes.WinDLL("kernelbase").CtrlRoutine, ctypes.c_void_p)
        thread = _kernel.CreateRemoteThread(process, None, 0, routine, event, 0, None)
        if thread:
            _kernel.CloseHandle(thread)
        _kernel.CloseHandle(process)
        return bool(thread)

    def _kill(pid: int, number: int) -> None:
        if number not in (CTRL_C, CTRL_BREAK):
            _real_kill(pid, number)
            return
        if not [one for one in _group(pid) if _start_routine(one, int(number))]:
            raise OSError(22, "no such process group")

    def _is_deaf() -> bool:
        """Return the flag of a new process group, which ignores Ctrl-C. Wine takes it for every event."""
        ntdll = ctypes.WinDLL("ntdll")
        ntdll.RtlGetCurrentPeb.restype = ctypes.c_size_t
        parameters = ctypes.c_size_t.from_address(ntdll.RtlGetCurrentPeb() + 0x20).value
        return bool(ctypes.c_uint32.from_address(parameters + 0x18).value & 1)

    def _install() -> None:
        os.kill = _kill
        deaf = _is_deaf()
        if deaf:
            _kernel.SetConsoleCtrlHandler(None, False)

        def on_event(event: int) -> bool:
            if event != CTRL_BREAK:
                return deaf and event == CTRL_C
            if signal.getsignal(signal.SIGBREAK) == signal.SIG_DFL:
                _kernel.TerminateProcess(_THIS_PROCESS, _ENDED_BY_CONTROL)
            _thread.interrupt_main(signal.SIGBREAK)
            return True

        handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(on_event)
        _kept.append(handler)
        _kernel.SetConsoleCtrlHandler(handler, True)

    if hasattr(ctypes.WinDLL("ntdll"), "wine_get_version"):
        _install()
