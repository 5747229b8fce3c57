"""Access rights of a file on Windows, as the system shows them."""

import sys
from pathlib import Path
from typing import Final

_FILE: Final = 1
_OWNER_AND_LIST: Final = 0x1 | 0x4
_REVISION: Final = 1


def descriptor(path: Path) -> str:
    """Return the owner and the access control list in SDDL; empty elsewhere than on Windows. Raises OSError."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
        kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel32.LocalFree.argtypes = [ctypes.c_void_p]
        found, text = ctypes.c_void_p(), wintypes.LPWSTR()
        status = advapi32.GetNamedSecurityInfoW(
            ctypes.c_wchar_p(str(path)), _FILE, _OWNER_AND_LIST, None, None, None, None, ctypes.byref(found)
        )
        if status:
            raise ctypes.WinError(status)
        try:
            if not advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(
                found, _REVISION, _OWNER_AND_LIST, ctypes.byref(text), None
            ):
                raise ctypes.WinError(ctypes.get_last_error())
            try:
                return text.value or ""
            finally:
                kernel32.LocalFree(ctypes.cast(text, ctypes.c_void_p))
        finally:
            kernel32.LocalFree(found)
    return ""
