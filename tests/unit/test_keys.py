"""Key files and the API key: created once, readable by their owner alone, and never shown."""

import os
import re
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge import keys
from bridge.keys import (
    LEAST_PAGE_KEY,
    ApiKey,
    ApiKeyError,
    LinkKeyFileError,
    PageKeyError,
    api_key_from_environment,
    api_key_from_file,
    create_link_key,
    create_page_key,
    find_api_key,
    link_key_path,
    load_link_key,
    load_page_key,
)

SECRET = "-".join(["key", "of", "the", "director"])
HEX = "0f" * 32

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes say nothing on Windows")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such lists")


def private(path: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(mode)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return link_key_path(tmp_path / "journal.db", "eo-001")


# Link keys


def test_link_key_path_is_beside_the_journal(tmp_path: Path) -> None:
    assert link_key_path(tmp_path / "journal.db", "eo-001") == tmp_path / "eo-001.linkkey"


def test_created_link_key_is_loaded_unchanged(path: Path) -> None:
    made = create_link_key(path)
    assert load_link_key(path).to_text() == made.to_text()
    assert path.read_text() == made.to_text() + "\n"


def test_two_created_link_keys_differ(tmp_path: Path) -> None:
    assert create_link_key(tmp_path / "a").to_text() != create_link_key(tmp_path / "b").to_text()


@posix_only
def test_created_link_key_is_private_under_any_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        create_link_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_existing_link_key_is_not_overwritten(path: Path) -> None:
    private(path, "anything")
    with pytest.raises(FileExistsError):
        create_link_key(path)
    assert path.read_text() == "anything"


@posix_only
def test_symbolic_link_is_not_followed_at_creation(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        create_link_key(path)
    assert not (tmp_path / "elsewhere").exists()


def test_failed_write_leaves_no_partial_link_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        create_link_key(path)
    assert not path.exists()


def test_link_key_file_and_folder_are_flushed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[bool] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        flushed.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    create_link_key(path)
    assert flushed == ([False, True] if os.name == "posix" else [False])


def test_missing_link_key_is_refused_with_the_setup_command(path: Path) -> None:
    with pytest.raises(
        LinkKeyFileError,
        match=r"link key file .*eo-001\.linkkey does not exist; run 'execution-officer setup'",
    ):
        load_link_key(path)


@pytest.mark.parametrize(
    "content",
    ["", HEX[:-1], HEX + "0", HEX[:-1] + "g", f"{HEX}\n{HEX}\n", HEX.replace("0", "\N{DIGIT ZERO}\u0660")],
)
def test_invalid_link_key_is_refused_and_not_shown(path: Path, content: str) -> None:
    with pytest.raises(LinkKeyFileError, match=r"cannot be used: a link key is 64 hex digits") as caught:
        load_link_key(private(path, content))
    assert str(path) in str(caught.value)
    assert HEX[:16] not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfe0\x00f\x00", r"it is not UTF-8 text; save it as UTF-8 \(Notepad"),
        (b"0" * 5000, "it is longer than 4096 bytes"),
    ],
)
def test_link_key_file_that_is_not_short_text_is_refused(path: Path, content: bytes, says: str) -> None:
    with pytest.raises(LinkKeyFileError, match=says):
        load_link_key(private(path, content))


@pytest.mark.parametrize("content", [f"  {HEX}\r\n", f"\ufeff{HEX}", HEX.upper()])
def test_link_key_with_editor_whitespace_or_upper_case_is_accepted(path: Path, content: str) -> None:
    assert load_link_key(private(path, content)).to_text() == HEX


@posix_only
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o644])
def test_link_key_open_to_others_is_refused_with_the_chmod_command(path: Path, mode: int) -> None:
    private(path, HEX, mode)
    with pytest.raises(
        LinkKeyFileError,
        match=rf"mode {mode:o} lets others read or change it; run: chmod 600 .*eo-001\.linkkey",
    ):
        load_link_key(path)


@posix_only
def test_file_modes_are_ignored_on_systems_without_modes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_HAS_MODES", False)
    assert load_link_key(private(path, HEX, 0o644)).to_text() == HEX
    create_link_key(path.with_name("other"))  # a folder cannot be opened there either


# A service manager's credential: of root, and readable by the service's user by an access control list


def with_acl(path: Path, *entries: str) -> Path:
    """Give the file an access control list, in the short text form of setfacl."""
    tags = {"u:": 0x01, "g:": 0x04, "m:": 0x10, "o:": 0x20}
    rows = []
    for entry in entries:
        kind, number, rights = entry.split(":")
        tag = tags[f"{kind}:"] << 1 if number else tags[f"{kind}:"]
        bits = sum(bit for letter, bit in (("r", 4), ("w", 2)) if letter in rights)
        rows.append(struct.pack("<HHI", tag, bits, int(number) if number else 0xFFFFFFFF))
    try:
        os.setxattr(path, "system.posix_acl_access", struct.pack("<I", 2) + b"".join(rows))
    except OSError as error:
        pytest.skip(f"no access control lists here: {error}")
    return path


def loaded_as(user: int, path: Path) -> str:
    """Return the key, or the error, as a process of the user sees it; skip where this one cannot become it."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    os.seteuid(user)
    try:
        return load_link_key(path).to_text()
    except LinkKeyFileError as error:
        return str(error)
    finally:
        os.seteuid(0)


@pytest.fixture
def credential(tmp_path: Path) -> Iterator[Path]:
    """A key file of this user in a folder that every user may enter."""
    folders = [tmp_path, *(each for each in tmp_path.parents if each.stat().st_uid == os.geteuid())]
    modes = [each.stat().st_mode for each in folders]
    for folder, mode in zip(folders, modes, strict=True):
        folder.chmod(mode | 0o111)
    yield private(tmp_path / "eo-001.linkkey", HEX)
    for folder, mode in zip(folders, modes, strict=True):
        folder.chmod(mode)


@linux_only
def test_key_that_a_list_gives_to_this_user_alone_is_accepted(credential: Path) -> None:
    with_acl(credential, "u::r", "u:12345:r", "g::", "m::r", "o::")
    assert stat.S_IMODE(credential.stat().st_mode) == 0o440
    assert loaded_as(12_345, credential) == HEX


@linux_only
def test_key_with_a_list_that_gives_it_to_nobody_else_is_accepted_by_its_owner(credential: Path) -> None:
    with_acl(credential, "u::r", f"u:{os.geteuid()}:r", "g::", "m::r", "o::")
    assert load_link_key(credential).to_text() == HEX


@linux_only
def test_key_that_a_list_gives_to_one_more_user_is_refused_with_the_command(credential: Path) -> None:
    with_acl(credential, "u::r", "u:12345:r", "u:12346:r", "g::", "m::r", "o::")
    said = loaded_as(12_345, credential)
    assert "its access control list lets user 12346 read or change it; run: setfacl -b " in said
    assert f"chown 12345 {credential} && chmod 600 {credential}" in said


@linux_only
def test_owner_of_a_key_with_a_list_for_others_is_shown_the_command(credential: Path) -> None:
    with_acl(credential, "u::rw", "g::r", "g:12345:r", "m::r", "o::")
    with pytest.raises(LinkKeyFileError) as caught:
        load_link_key(credential)
    assert "lets its group read or change it, and its access control list lets group 12345" in str(
        caught.value
    )
    assert f"run: setfacl -b {credential} && chmod 600 {credential}" in str(caught.value)


@linux_only
def test_key_of_another_user_is_refused(credential: Path) -> None:
    if os.geteuid() == 0:
        os.chown(credential, 12_346, 12_346)
    with_acl(credential, "u::r", "u:12345:r", "g::", "m::r", "o::")
    assert "it belongs to user 12346; run: setfacl -b" in loaded_as(12_345, credential)


@posix_only
def test_named_pipe_is_refused_without_waiting(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(LinkKeyFileError, match="it is not a regular file"):
        load_link_key(path)


@posix_only
def test_folder_in_place_of_the_link_key_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(LinkKeyFileError, match=re.escape(str(path))):
        load_link_key(path)


# The API key


def test_api_key_is_read_from_the_environment_without_whitespace() -> None:
    assert api_key_from_environment("KEY", {"KEY": f" {SECRET}\n"}).reveal() == SECRET


def test_api_key_is_read_from_a_file_without_line_end(tmp_path: Path) -> None:
    assert api_key_from_file(private(tmp_path / "key", f"{SECRET}\r\n")).reveal() == SECRET


def test_api_key_is_hidden_in_every_text_form() -> None:
    key = ApiKey(SECRET)
    assert SECRET not in f"{key} {key!r} {[key]}"


def test_unset_api_key_variable_is_refused() -> None:
    with pytest.raises(ApiKeyError, match=r"the environment variable KEY is not set; set it"):
        api_key_from_environment("KEY", {})


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_api_key_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ApiKeyError, match="KEY is empty"):
        api_key_from_environment("KEY", {"KEY": text})
    with pytest.raises(ApiKeyError, match=r"the API key file .*key is empty"):
        api_key_from_file(private(tmp_path / "key", text))


@pytest.mark.parametrize(
    "text", [f"{SECRET}\nnext", f"{SECRET}\x00", f"{SECRET}\x7f", f"{SECRET}é", f"a\t{SECRET}"]
)
def test_api_key_with_invalid_header_characters_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    file = private(tmp_path / "key", text)
    for variable, path in (("KEY", None), (None, file)):
        with pytest.raises(
            ApiKeyError, match="contains characters that are not allowed in an API key"
        ) as caught:
            find_api_key(variable, path, {"KEY": text})
        assert SECRET not in str(caught.value)


def test_missing_api_key_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ApiKeyError, match=r"the API key file .*none does not exist; write the Director's"):
        api_key_from_file(tmp_path / "none")


def test_ending_of_an_api_key_file_that_explorer_hides_is_named(tmp_path: Path) -> None:
    private(tmp_path / "director.key.txt", SECRET)
    with pytest.raises(ApiKeyError, match=r"does not exist; rename director\.key\.txt, which is beside it"):
        api_key_from_file(tmp_path / "director.key")


@posix_only
def test_api_key_file_open_to_others_is_refused_with_the_chmod_command(tmp_path: Path) -> None:
    with pytest.raises(
        ApiKeyError, match=r"mode 644 lets others read or change it; run: chmod 600"
    ) as caught:
        api_key_from_file(private(tmp_path / "key", SECRET, 0o644))
    assert SECRET not in str(caught.value)


def test_api_key_is_read_from_exactly_the_named_source(tmp_path: Path) -> None:
    file = private(tmp_path / "key", "of-the-file")
    assert find_api_key("KEY", None, {"KEY": SECRET}).reveal() == SECRET
    assert find_api_key(None, file, {"KEY": SECRET}).reveal() == "of-the-file"
    for variable, path in ((None, None), ("KEY", file)):
        with pytest.raises(ValueError, match="exactly one of variable and file"):
            find_api_key(variable, path, {})


# Page key


def test_created_page_key_is_private_and_matches_itself_alone(tmp_path: Path) -> None:
    path = tmp_path / "web.key"
    create_page_key(path)
    text, page_key = path.read_text().strip(), load_page_key(path)
    assert len(text) >= LEAST_PAGE_KEY
    given = (text, text[:-1], f"{text} ", "", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\udcff")
    assert [page_key.matches(each) for each in given] == [True, False, False, False, False, False]
    assert text not in repr(page_key)
    with pytest.raises(FileExistsError):
        create_page_key(path)


@pytest.mark.parametrize(
    "content", ["", "x" * (LEAST_PAGE_KEY - 1), f"{'x' * LEAST_PAGE_KEY}\nmore", "\u00e9" * LEAST_PAGE_KEY]
)
def test_page_key_that_is_short_or_no_line_of_ascii_is_refused_and_not_shown(
    tmp_path: Path, content: str
) -> None:
    with pytest.raises(PageKeyError, match="at least 32 printable ASCII characters") as refused:
        load_page_key(private(tmp_path / "web.key", content))
    assert not content or content[:10] not in str(refused.value)


def test_missing_page_key_is_refused_with_the_setup_command(tmp_path: Path) -> None:
    with pytest.raises(PageKeyError, match="does not exist; run 'execution-officer setup'"):
        load_page_key(tmp_path / "web.key")


@posix_only
def test_page_key_open_to_others_is_refused_with_the_chmod_command(tmp_path: Path) -> None:
    with pytest.raises(PageKeyError, match="mode 644 lets others read or change it; run: chmod 600"):
        load_page_key(private(tmp_path / "web.key", "x" * LEAST_PAGE_KEY, 0o644))
