"""`expert`: copy the Expert Advisor's sources to the terminal, from a checkout and from a wheel."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bridge.exits import ExitCode
from tests.acceptance.commands import run

ROOT = Path(__file__).parents[2]
MAIN = "Experts/ExecutionOfficer/ExecutionOfficer.mq5"


def expert(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", "expert", *words], capture_output=True, text=True, check=False
    )


def sources(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix in (".mq5", ".mqh")
    }


def test_expert_copies_all_sources_and_replaces_them_only_with_force(tmp_path: Path) -> None:
    assert expert(str(tmp_path)).returncode == ExitCode.OK
    assert sources(tmp_path) == sources(ROOT / "mql5")
    (tmp_path / MAIN).write_text("mine")
    again = expert(str(tmp_path))
    assert again.returncode == ExitCode.FAILED and "--force" in again.stderr
    assert (tmp_path / MAIN).read_text() == "mine"
    assert expert(str(tmp_path), "--force").returncode == ExitCode.OK
    assert sources(tmp_path) == sources(ROOT / "mql5")


def test_missing_terminal_folder_is_refused_with_the_way_to_find_it(tmp_path: Path) -> None:
    refused = expert(str(tmp_path / "nowhere"))
    assert refused.returncode == ExitCode.FAILED and "Open Data Folder" in refused.stderr


def test_wheel_contains_the_expert_sources(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        # The pinned build backend is used where it is installed; an isolated build downloads one.
        *(["--no-build-isolation"] if importlib.util.find_spec("hatchling") else []),
        "--wheel-dir",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        carried = {name: archive.read(name) for name in archive.namelist() if name.startswith("bridge/mql5/")}
    own = {f"bridge/mql5/{name}": body for name, body in sources(ROOT / "mql5").items()}
    assert {name: body for name, body in carried.items() if name in own} == own


def officer_and_terminal(folder: Path) -> Path:
    """Set up an officer, and lay out a terminal in a Wine prefix of a home folder. Return its data folder."""
    (folder / "bridge.toml").write_text(
        '[director]\nurl = "http://127.0.0.1:1"\napi_key_env = "KEY"\n[[officers]]\nid = "eo-001"\n'
    )
    assert run("setup", cwd=folder).returncode == ExitCode.OK
    data = folder / ".mt5/drive_c/users/me/AppData/Roaming/MetaQuotes/Terminal/D0E8"
    (data / "MQL5").mkdir(parents=True)
    (data / "origin.txt").write_bytes("C:\\Program Files\\Broker MT5".encode("utf-16"))
    return data


@pytest.mark.skipif(sys.platform == "win32", reason="the terminal is laid out in a Wine prefix")
def test_install_finds_the_terminal_and_status_compares_it(tmp_path: Path) -> None:
    data = officer_and_terminal(tmp_path)
    home = {"HOME": str(tmp_path), "WINEPREFIX": ""}
    done = run("expert", "install", "--yes", cwd=tmp_path, **home)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert f"1. Broker MT5: {data}" in done.stdout
    steps = [line for line in done.stdout.partition("\nNext:\n")[2].splitlines() if line]
    words = ("F7", "127.0.0.1:5760", "File > Exit", "ExecutionOfficer-eo-001.set", "Algo Trading", "doctor")
    assert len(steps) == len(words)
    assert all(word in step for word, step in zip(words, steps, strict=True))
    assert sources(data / "MQL5") == sources(ROOT / "mql5")
    preset = data / "MQL5/Presets/ExecutionOfficer-eo-001.set"
    key = (tmp_path / "eo-001.linkkey").read_text().strip()
    assert f"InpLinkKey={key}\r\n" in preset.read_bytes().decode("utf-16")
    assert key not in done.stdout
    assert preset.stat().st_mode & 0o777 == 0o600
    (data / "MQL5" / MAIN).with_suffix(".ex5").touch()
    compared = run("expert", "status", cwd=tmp_path, **home)
    assert "the same sources, compiled" in compared.stdout
    assert compared.returncode == ExitCode.OK
    (data / "MQL5" / MAIN).write_text("mine")
    compared = run("expert", "status", cwd=tmp_path, **home)
    assert f"1 files differ, such as {MAIN}" in compared.stdout
    assert compared.returncode == ExitCode.ATTENTION


def test_folder_that_is_no_terminal_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    officer_and_terminal(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    refused = run("expert", "install", "--data-dir", other, cwd=tmp_path)
    assert refused.returncode == ExitCode.USAGE and "has no folder MQL5" in refused.stderr
    assert list(other.iterdir()) == []
