"""POSIX access control list of a file, read from its extended attribute `system.posix_acl_access`.

Where a file has such a list, the group bits of its mode are the list's mask and not the rights of a group: a file
of mode 0440 may be readable by its owner and one further user alone. systemd gives credentials to a service so.
Source: Linux, include/uapi/linux/posix_acl_xattr.h; acl(5).
"""

import struct
from enum import IntEnum
from typing import Final, NamedTuple, assert_never

ATTRIBUTE: Final = "system.posix_acl_access"
ROOT: Final = 0
_VERSION: Final = 2
_HEADER: Final = struct.Struct("<I")
_ENTRY: Final = struct.Struct("<HHI")
_OTHERS: Final = 0o077
_MODE: Final = 0o7777
_ALL: Final = 0o7


class AclError(ValueError):
    """The attribute is not a list of this format."""


class Tag(IntEnum):
    """Kind of an entry."""

    USER_OBJ = 0x01
    USER = 0x02
    GROUP_OBJ = 0x04
    GROUP = 0x08
    MASK = 0x10
    OTHER = 0x20


class Entry(NamedTuple):
    """Rights of one user, one group or everybody. `number` is the id of a USER or GROUP, and means nothing else."""

    tag: Tag
    rights: int
    number: int


def read(attribute: bytes) -> list[Entry]:
    """Return the entries of the attribute's value. Raises AclError."""
    body = attribute[_HEADER.size :]
    if len(attribute) < _HEADER.size or _HEADER.unpack_from(attribute) != (_VERSION,):
        raise AclError("it is not an access control list of version 2")
    if len(body) % _ENTRY.size:
        raise AclError("it ends inside an entry")
    try:
        return [Entry(Tag(tag), rights, number) for tag, rights, number in _ENTRY.iter_unpack(body)]
    except ValueError:
        raise AclError("it has an entry of an unknown kind") from None


def openings(mode: int, owner: int, attribute: bytes | None, *, user: int) -> list[str]:
    """Return one clause for each right that the file gives to anybody but root and `user`; empty without one.

    `mode` is the file's mode, `attribute` the value of its ATTRIBUTE, None where it has none. Root reads every
    file; for root itself the owner is no stranger. Raises AclError.
    """
    found = [] if user == ROOT or owner in (ROOT, user) else [f"it belongs to user {owner}"]
    if not mode & _OTHERS:
        # Without group bits the mask of a list is empty, and it gives nobody a right.
        return found
    if attribute is None:
        return [*found, f"mode {mode & _MODE:03o} lets others read or change it"]
    entries = read(attribute)
    mask = next((each.rights for each in entries if each.tag is Tag.MASK), _ALL)
    who = [_who(each) for each in entries if _is_open(each, mask, user)]
    return found + [f"its access control list lets {each} read or change it" for each in who]


def _is_open(entry: Entry, mask: int, user: int) -> bool:
    """Return True where the entry gives a right to somebody other than root, the user and the file's owner."""
    match entry.tag:
        case Tag.USER_OBJ | Tag.MASK:
            return False
        case Tag.USER:
            return entry.number not in (ROOT, user) and bool(entry.rights & mask)
        case Tag.GROUP | Tag.GROUP_OBJ:
            return bool(entry.rights & mask)
        case Tag.OTHER:
            return bool(entry.rights)
        case _:
            assert_never(entry.tag)


def _who(entry: Entry) -> str:
    match entry.tag:
        case Tag.USER | Tag.GROUP:
            return f"{entry.tag.name.lower()} {entry.number}"
        case Tag.GROUP_OBJ:
            return "its group"
        case _:
            return "everybody"
