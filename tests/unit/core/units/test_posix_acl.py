"""POSIX access control lists are read by their meaning."""

import struct

import pytest

from bridge.core.units.posix_acl import AclError, Entry, Tag, openings, read

ME = 1000
ROOT = 0
UNNUMBERED = 0xFFFFFFFF


def attribute(*entries: tuple[Tag, int] | tuple[Tag, int, int]) -> bytes:
    """Return the attribute's value for (tag, rights) or (tag, rights, number) of each entry."""
    rows = [struct.pack("<HHI", *each[:2], each[2] if len(each) == 3 else UNNUMBERED) for each in entries]
    return struct.pack("<I", 2) + b"".join(rows)


def credential(*more: tuple[Tag, int] | tuple[Tag, int, int], mask: int = 4) -> bytes:
    """Return the list of a credential of root's for user ME, with further entries."""
    return attribute(
        (Tag.USER_OBJ, 4), (Tag.USER, 4, ME), *more, (Tag.GROUP_OBJ, 0), (Tag.MASK, mask), (Tag.OTHER, 0)
    )


def test_list_as_the_kernel_returns_it_is_read() -> None:
    """Bytes of a file after `setfacl --set u::r,u:1000:r,g::-,o::-`."""
    seen = bytes.fromhex(
        "0200000001000400ffffffff02000400e803000004000000ffffffff10000400ffffffff20000000ffffffff"
    )
    assert seen == credential()
    assert read(seen)[1] == Entry(Tag.USER, 4, ME)


@pytest.mark.parametrize(
    ("mode", "owner", "acl", "user"),
    [
        (0o600, ME, None, ME),
        (0o400, ME, None, ME),
        (0o600, ME, None, ROOT),
        (0o440, ROOT, credential(), ME),
        (0o440, ME, credential(), ME),
        (0o440, ROOT, credential((Tag.USER, 4, ROOT)), ME),
        # The mask takes away what an entry gives.
        (0o600, ME, credential((Tag.USER, 6, 1001), (Tag.GROUP, 4, 50), mask=0), ME),
        (0o440, ROOT, credential((Tag.USER, 2, 1001), mask=4), ME),
    ],
)
def test_file_that_only_root_and_the_user_may_read_has_no_opening(
    mode: int, owner: int, acl: bytes | None, user: int
) -> None:
    assert openings(mode, owner, acl, user=user) == []


@pytest.mark.parametrize(
    ("mode", "owner", "acl", "found"),
    [
        (0o440, ROOT, None, ["mode 440 lets others read or change it"]),
        (0o604, ME, None, ["mode 604 lets others read or change it"]),
        (0o600, 1001, None, ["it belongs to user 1001"]),
        (0o644, 1001, None, ["it belongs to user 1001", "mode 644 lets others read or change it"]),
        (
            0o440,
            ROOT,
            credential((Tag.USER, 4, 1001)),
            ["its access control list lets user 1001 read or change it"],
        ),
        (
            0o460,
            ROOT,
            credential((Tag.USER, 2, 1001), (Tag.GROUP, 4, 50), mask=6),
            [
                "its access control list lets user 1001 read or change it",
                "its access control list lets group 50 read or change it",
            ],
        ),
        (
            0o444,
            ROOT,
            attribute((Tag.USER_OBJ, 4), (Tag.GROUP_OBJ, 4), (Tag.OTHER, 4)),
            [
                "its access control list lets its group read or change it",
                "its access control list lets everybody read or change it",
            ],
        ),
    ],
)
def test_right_of_anybody_else_is_named(mode: int, owner: int, acl: bytes | None, found: list[str]) -> None:
    assert openings(mode, owner, acl, user=ME) == found


@pytest.mark.parametrize(
    "value",
    [b"", b"\2", struct.pack("<I", 1), credential()[:-1], attribute((Tag.USER_OBJ, 4))[:4] + b"\x03" * 8],
)
def test_attribute_of_another_format_is_an_error(value: bytes) -> None:
    with pytest.raises(AclError):
        read(value)
    with pytest.raises(AclError):
        openings(0o440, ROOT, value, user=ME)
