"""Paths of Windows, on every platform: those that it takes for another file are refused before it can."""

from pathlib import PureWindowsPath

import msgspec
import pytest

from bridge.config import windows_paths
from bridge.config.rules import check
from bridge.core.settings import Settings
from bridge.journal.database.file import uri


def problems(journal: str, *, windows: bool = True, key_file: str | None = None) -> list[str]:
    director = {"url": "https://director.example.com"}
    director |= {"api_key_env": "KEY"} if key_file is None else {"api_key_file": key_file}
    tables = {"director": director, "journal": {"path": journal}, "officers": [{"id": "eo-001"}]}
    return [str(each) for each in check(msgspec.convert(tables, Settings), windows=windows)]


@pytest.mark.parametrize(
    "path",
    [
        "journal.db",
        "journal 1.db",
        r"..\data\journal.db",
        r".\journal.db",
        r"C:\bridge\journal.db",
        "C:/bridge/journal.db",
        r"\bridge\journal.db",
        "~/bridge/journal.db",
        r"C:\Börse\日记.db",
        r"D:\data\CONNIE\journal.con",
        r"\\?\C:\bridge\journal.db",
    ],
)
def test_path_of_a_local_file_is_accepted(path: str) -> None:
    assert problems(path) == []
    assert problems("journal.db", key_file=path) == []


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("C:journal.db", "starts in the current folder of drive C:"),
        ("journal.db ", 'ends with a space ("journal.db "), which Windows removes'),
        ("journal.", 'ends with a dot ("journal.")'),
        (r"C:\bridge.\journal.db", 'ends with a dot ("bridge.")'),
        ("NUL", "has the name NUL, which is reserved"),
        (r"C:\bridge\con.db", "has the name con.db, which is reserved"),
        ("aux .db", "has the name aux .db, which is reserved"),
        ("COM¹.db", "which is reserved"),
        ("CONIN$", "which is reserved"),
        ("what?.db", "has the character ? in the name what?.db"),
        (r"C:\a|b\journal.db", "has the character | in the name a|b"),
        ("journal.db:second", "has the character : in the name journal.db:second"),
        (r"\\?\C:\a*b\journal.db", "has the character *"),
        (r"\\.\C:\journal.db", "names a device"),
        (r"~somebody\journal.db", "names the home folder of another user"),
    ],
)
def test_path_that_windows_takes_for_another_file_is_refused(path: str, rule: str) -> None:
    for found in (problems(path), problems("journal.db", key_file=path)):
        assert len(found) == 1
        assert rule in found[0]
        assert "Remedy: " in found[0]


@pytest.mark.parametrize(
    "path", [r"\\server\share\journal.db", "//server/share/journal.db", r"\\?\UNC\server\share\journal.db"]
)
def test_journal_on_a_network_drive_is_refused(path: str) -> None:
    [found] = problems(path)
    assert "is on a network drive" in found
    # A key is read once, and needs no local disk.
    assert problems("journal.db", key_file=path) == []


@pytest.mark.parametrize(
    ("path", "says"),
    [
        (r"D:\copies\copy.db", ""),
        (r"\\server\share\copy.db", "where the copy cannot be checked"),
        ("NUL", "which is reserved"),
        (r"D:\copies\copy.db.", "ends with a dot"),
    ],
)
def test_backup_is_refused_where_windows_makes_no_such_file(path: str, says: str) -> None:
    found = windows_paths.copy_problem(path)
    assert (found is None) is (not says)
    assert says in (found[0] if found else "")


def test_names_that_windows_alone_refuses_are_accepted_elsewhere() -> None:
    assert problems("NUL.db", windows=False) == problems("a:b.", windows=False) == []
    assert "is on a network drive" in problems(r"\\?\C:\journal.db", windows=False)[0]


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        (r"\\?\C:\bridge\journal.db", r"C:\bridge\journal.db"),
        (r"\\?\unc\server\share\x", r"\\server\share\x"),
        (r"C:\bridge\journal.db", r"C:\bridge\journal.db"),
    ],
)
def test_prefix_of_long_paths_is_removed(path: str, plain: str) -> None:
    assert windows_paths.without_prefix(path) == plain
    if plain.startswith("C:"):
        assert uri(PureWindowsPath(plain)) == "file:///C:/bridge/journal.db"


@pytest.mark.parametrize(
    "path",
    [
        r"C:\bridge\journal.db",
        r"D:\data\OneDriver\journal.db",
        r"C:\bridge\onedrive",
        "C:\\" + "x" * 166 + "\\journal.db",
    ],
)
def test_place_on_a_disk_of_the_machine_is_accepted(path: str) -> None:
    assert windows_paths.place_problem(PureWindowsPath(path)) is None


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("C:\\" + "x" * 167 + "\\journal.db", "has 181 characters with its folders"),
        (r"\\server\share\bridge\journal.db", "is on a network drive"),
        (r"C:\Users\me\OneDrive\bridge\journal.db", "is in the folder OneDrive"),
        (
            r"C:\Users\me\OneDrive - Some Company\Desktop\journal.db",
            "is in the folder OneDrive - Some Company",
        ),
        (r"D:\dropbox\journal.db", "is in the folder dropbox"),
        (r"C:\Users\me\iCloudDrive\journal.db", "is in the folder iCloudDrive"),
    ],
)
def test_place_that_other_programs_write_to_or_that_is_too_long_is_refused(path: str, says: str) -> None:
    found = windows_paths.place_problem(PureWindowsPath(path))
    assert found is not None
    assert says in found[0]
