"""Filter of system calls on a process, as a hardened unit of a service manager sets it.

    subprocess.Popen(command, preexec_fn=Filter.refuse("socket", argument=AF_NETLINK, error=errno.EAFNOSUPPORT).set)

Source: Linux, Documentation/userspace-api/seccomp_filter.rst.
"""

import ctypes
import platform
import struct
import sys
from typing import Final, NamedTuple

import pytest

_NUMBERS: Final = {
    "x86_64": {"socket": 41, "eventfd2": 290, "bind": 49},
    "aarch64": {"socket": 198, "eventfd2": 19, "bind": 200},
}
_PR_SET_NO_NEW_PRIVS: Final = 38
_PR_SET_SECCOMP: Final = 22
_MODE_FILTER: Final = 2
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_CALL, _FIRST_ARGUMENT = 0, 16
"""Places of the call's number and of its first argument in struct seccomp_data."""
_ALLOW: Final = 0x7FFF0000
_ERRNO: Final = 0x00050000
_KILL_PROCESS: Final = 0x80000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


class Filter(NamedTuple):
    """A filter that refuses one call and allows all others. It holds for the process and its children."""

    program: bytes

    @classmethod
    def refuse(cls, call: str, *, argument: int | None = None, error: int | None = None) -> "Filter":
        """Refuse a call with `error`, or end the process by SIGSYS. `argument`: only where its first one is that.

        Skips the test where the machine has no such filters.
        """
        numbers = _NUMBERS.get(platform.machine()) if sys.platform == "linux" else None
        if numbers is None:
            pytest.skip("filters of system calls are known here for Linux on x86-64 and ARM64 alone")
        action = _KILL_PROCESS if error is None else _ERRNO | error
        tests = [(_CALL, numbers[call])]
        if argument is not None:
            tests.append((_FIRST_ARGUMENT, argument))
        code = []
        for index, (place, value) in enumerate(tests):
            left = 2 * (len(tests) - index - 1) + 1
            code += [(_LOAD, 0, 0, place), (_JUMP_EQUAL, 0, left, value)]
        code += [(_RETURN, 0, 0, action), (_RETURN, 0, 0, _ALLOW)]
        return cls(b"".join(struct.pack("<HBBI", *each) for each in code))

    def set(self) -> None:
        """Set the filter on this process. Raises OSError."""
        libc = ctypes.CDLL(None, use_errno=True)
        program = ctypes.create_string_buffer(self.program)
        header = _Program(len(self.program) // 8, ctypes.addressof(program))
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(
            _PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(header), 0, 0
        ):
            raise OSError(ctypes.get_errno(), "the filter was not accepted")
