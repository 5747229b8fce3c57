"""Data folders of terminals, laid out as on Windows and in a Wine prefix."""

from pathlib import Path

import pytest

from bridge.cli.expert import terminals

HASH = "D0E8209F77C8CF37AD8BF550E51FF075"


def data_folder(terminals_folder: Path, origin: str, encoding: str = "utf-16") -> Path:
    data = terminals_folder / HASH
    (data / "MQL5").mkdir(parents=True)
    (data / "origin.txt").write_bytes(origin.encode(encoding))
    return data


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8"])
def test_data_folder_on_windows_is_named_by_its_origin(tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "MetaQuotes" / "Terminal"
    data = data_folder(folder, "C:\\Program Files\\Broker MT5 Términal", encoding)
    (folder / "Common").mkdir()
    [found] = terminals.find(tmp_path, {"APPDATA": str(tmp_path)}, windows=True)
    assert (found.data, found.name) == (data, "Broker MT5 Términal")


def test_folder_of_the_former_version_is_not_taken(tmp_path: Path) -> None:
    data = data_folder(tmp_path / "MetaQuotes" / "Terminal", "C:\\MT4")
    (data / "MQL5").rename(data / "MQL4")
    assert terminals.find(tmp_path, {"APPDATA": str(tmp_path)}, windows=True) == []


def test_terminal_in_a_wine_prefix_is_found_with_its_program(tmp_path: Path) -> None:
    drive = tmp_path / ".mt5" / "drive_c"
    program = drive / "Program Files" / "MetaTrader 5"
    program.mkdir(parents=True)
    data = data_folder(
        drive / "users/me/AppData/Roaming/MetaQuotes/Terminal", "C:\\Program Files\\MetaTrader 5\\"
    )
    assert terminals.find(tmp_path, {}, windows=False) == [terminals.Terminal(data, "MetaTrader 5", program)]
    named = {"WINEPREFIX": str(tmp_path / ".mt5")}
    assert len(terminals.find(tmp_path, named, windows=False)) == 1


def test_terminal_in_portable_mode_is_found_beside_its_program(tmp_path: Path) -> None:
    program = tmp_path / "Programs" / "Broker"
    (program / "MQL5").mkdir(parents=True)
    (program / "terminal64.exe").touch()
    environ = {"ProgramFiles": str(tmp_path / "Programs")}
    assert terminals.find(tmp_path, environ, windows=True) == []
    (program / "Config").mkdir()
    (program / "Config" / "common.ini").touch()
    expected = terminals.Terminal(program, "Broker (portable)", program)
    assert terminals.find(tmp_path, environ, windows=True) == [expected]
    assert terminals.at(program / "MQL5") == expected


def test_other_folder_is_no_terminal(tmp_path: Path) -> None:
    assert terminals.at(tmp_path) is None
