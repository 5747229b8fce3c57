"""Access rights of a file on Windows, in the security descriptor definition language.

Source: Security Descriptor Definition Language, and ACE Strings, learn.microsoft.com.
"""

import re
from typing import Final

_ENTRY: Final = re.compile(r"\(([^()]*)\)")
_OWNER: Final = re.compile(r"O:(S-[\d-]+|[A-Z]{2})")
_NAMES: Final = {
    "WD": "Everyone",
    "S-1-1-0": "Everyone",
    "BU": "Users",
    "S-1-5-32-545": "Users",
    "AU": "Authenticated Users",
    "S-1-5-11": "Authenticated Users",
    "BG": "Guests",
    "AN": "anonymous users",
    "IU": "whoever is logged on",
    "NU": "network users",
}
_TRUSTED: Final = frozenset({"SY", "S-1-5-18", "BA", "S-1-5-32-544", "OW", "S-1-3-4"})
"""The system, the administrators, and the rights of the owner: who is one of them can take every file anyway."""
_READING: Final = frozenset({"FA", "FR", "GA", "GR", "CC"})
"""Rights with which content can be read, as words: of a file all and to read, generic ones, and to read data."""
_READING_BITS: Final = 0x1 | 0x8000_0000 | 0x1000_0000
_INHERIT_ONLY: Final = "IO"


def readers(descriptor: str) -> list[str]:
    """Return who may read the file besides its owner, the system and the administrators, each once.

    A file without an access control list is open to everybody.
    """
    owner = _OWNER.search(descriptor)
    trusted = _TRUSTED | ({owner[1]} if owner else set())
    _, there, rest = descriptor.partition("D:")
    if not there or rest.startswith("NO_ACCESS_CONTROL"):
        return [_NAMES["WD"]]
    found: list[str] = []
    # Behind the list of who has access there may be one of what is watched.
    for entry in _ENTRY.findall(rest.partition("S:(")[0] if "S:(" in rest else rest):
        kind, flags, rights, _, _, who = f"{entry};;;;;;".split(";")[:6]
        name = _NAMES.get(who, who)
        allows = kind in ("A", "OA", "XA") and _INHERIT_ONLY not in _pairs(flags)
        if allows and who not in trusted and _reads(rights) and name not in found:
            found.append(name)
    return found


def _reads(rights: str) -> bool:
    if rights.lower().startswith("0x"):
        return bool(int(rights, 16) & _READING_BITS)
    return bool(_READING & set(_pairs(rights)))


def _pairs(text: str) -> list[str]:
    return [text[place : place + 2] for place in range(0, len(text), 2)]
