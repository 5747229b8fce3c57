"""`expert`: copy the Expert Advisor's sources to the terminal, from a checkout and from a wheel."""

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

from bridge.exits import ExitCode

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
