"""`init` as a person starts it: questions, files, and refusals that leave everything as it was."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bridge.config import load
from bridge.exits import ExitCode
from bridge.journal.database.file import check
from bridge.keys import load_link_key
from tests.acceptance.commands import environment, run

if TYPE_CHECKING:  # Windows lacks its modules
    from tests.acceptance.pseudo_terminal import PseudoTerminal

GIVEN = ("--director", "https://director.example.com", "--api-key-env", "KEY", "--officer", "eo-001")

terminal_only = pytest.mark.skipif(os.name != "posix", reason="Windows has no pseudo terminal for the tests")


def init(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("init", *arguments, cwd=folder)


@contextmanager
def in_terminal(arguments: Sequence[str], folder: Path) -> Iterator["PseudoTerminal"]:
    from tests.acceptance.pseudo_terminal import PseudoTerminal

    with closing(PseudoTerminal(arguments, folder)) as terminal:
        yield terminal


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_init_makes_configuration_journal_and_keys(tmp_path: Path) -> None:
    done = init(tmp_path, *GIVEN, "--officer", "eo-002", "--config", "live/bridge.toml")
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    live = tmp_path / "live"
    config = load(live / "bridge.toml")
    assert [officer.id for officer in config.settings.officers] == ["eo-001", "eo-002"]
    assert (config.settings.director.url, config.settings.director.api_key_env) == (GIVEN[1], "KEY")
    assert load_link_key(live / "eo-001.linkkey") != load_link_key(live / "eo-002.linkkey")
    assert files(tmp_path) == {
        "live/bridge.toml",
        "live/journal.db",
        "live/eo-001.linkkey",
        "live/eo-002.linkkey",
    }
    check(live / "journal.db")


def test_init_for_a_service_keeps_configuration_and_journal_apart(tmp_path: Path) -> None:
    done = init(
        tmp_path, *GIVEN, "--config", "etc/bridge.toml", "--journal", str(tmp_path / "var/journal.db")
    )
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert files(tmp_path) == {"etc/bridge.toml", "var/journal.db", "var/eo-001.linkkey"}
    assert load(tmp_path / "etc/bridge.toml").journal == tmp_path / "var/journal.db"


def test_init_names_the_next_steps_in_order(tmp_path: Path) -> None:
    shown = init(tmp_path, *GIVEN).stdout
    steps = ("environment variable KEY", "expert install --config", "run --config", "doctor --config")
    places = [shown.index(step) for step in steps]
    assert places == sorted(places)
    assert "sandbox-director" not in shown


def test_configuration_of_init_explains_every_setting(tmp_path: Path) -> None:
    """It is the example, so that no second text can differ from it."""
    init(tmp_path, *GIVEN, "--api-key-env", "DIRECTOR_API_KEY")
    assert run("setup", "--example", "--config", "example.toml", cwd=tmp_path).returncode == ExitCode.OK
    made, example = ((tmp_path / name).read_text() for name in ("bridge.toml", "example.toml"))
    assert [line.split() for line in made.replace("'", '"').splitlines()] == [
        line.split() for line in example.replace("'", '"').splitlines()
    ]


@terminal_only
def test_init_asks_what_no_option_gives_and_asks_again_after_a_bad_answer(tmp_path: Path) -> None:
    with in_terminal(["init"], tmp_path) as terminal:
        terminal.expect("Director's address")
        terminal.type("director.example.com\n")
        terminal.expect("must start with https:// or http://. Remedy: ")
        terminal.expect("Director's address")
        terminal.type("https://director.example.com\n")
        terminal.expect("in a file (variable, file) [variable]: ")
        terminal.type("file\n")
        terminal.expect("Path of the file [director.key]: ")
        terminal.type("\n")
        terminal.expect("Officer ids at the Director, with blanks between them [eo-001]: ")
        terminal.type("eo-001 EO-001\n")
        terminal.expect("is also the id of officers[0]")
        terminal.type("eo-001, eo-007\n")
        terminal.expect("Next:")
        assert terminal.exited() == ExitCode.OK
    config = load(tmp_path / "bridge.toml")
    assert config.api_key_file == tmp_path / "director.key"
    assert [officer.id for officer in config.settings.officers] == ["eo-001", "eo-007"]


@terminal_only
def test_init_that_is_interrupted_at_a_question_leaves_nothing(tmp_path: Path) -> None:
    with in_terminal(["init", *GIVEN[:4]], tmp_path) as terminal:
        terminal.expect("Officer ids")
        assert terminal.interrupt() == ExitCode.INTERRUPTED
    assert files(tmp_path) == set()


@pytest.mark.parametrize("stdin", [subprocess.DEVNULL, subprocess.PIPE], ids=["null device", "pipe"])
def test_init_without_a_terminal_names_the_missing_options(tmp_path: Path, stdin: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "init", "--director", "https://director.example.com"],
        cwd=tmp_path,
        env=environment(),
        stdin=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == ExitCode.USAGE
    assert "give also --officer ID, --api-key-env NAME or --api-key-file KEYFILE." in done.stderr
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--director", "ftp://x"), 'director.url = "ftp://x": must start with https://'),
        (("--director", "http://director.example.com"), "plain http would show the API key"),
        (("--officer", "a/b"), 'officers[1].id = "a/b": must be 1 to 64 letters'),
        (("--api-key-env", "no name"), "must be the name of an environment variable"),
        (("--api-key-file", "director.key"), "both are set; exactly one must name the API key"),
        (("--link", "tcp://0.0.0.0:5760"), "must be on this machine"),
        (("--officer", "e'o"), 'officers[1].id = "e\'o"'),
    ],
)
def test_bad_value_is_refused_before_anything_is_made(
    tmp_path: Path, options: tuple[str, ...], says: str
) -> None:
    done = init(tmp_path, *GIVEN, *options)
    assert (done.returncode, done.stdout) == (ExitCode.CONFIG, "")
    assert says in done.stderr
    assert files(tmp_path) == set()


def test_init_overwrites_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("mine")
    done = init(tmp_path, *GIVEN)
    assert done.returncode == ExitCode.CONFIG
    assert "exists already, and init overwrites no file; 'execution-officer setup' makes" in done.stderr
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "bridge.toml").read_text() == "mine"
    assert files(tmp_path) == {"bridge.toml"}


@pytest.mark.parametrize(
    ("name", "status", "says"),
    [
        ("eo-001.linkkey", ExitCode.LINK_KEY, "cannot be used"),
        ("journal.db", ExitCode.JOURNAL_DAMAGED, "not an SQLite file"),
        ("journal.db-wal", ExitCode.JOURNAL_MISSING, "restore it"),
    ],
)
def test_init_beside_a_file_that_cannot_be_used_leaves_everything_as_it_was(
    tmp_path: Path, name: str, status: ExitCode, says: str
) -> None:
    (tmp_path / name).write_bytes(b"x" * 100)
    (tmp_path / name).chmod(0o600)
    done = init(tmp_path, *GIVEN)
    assert done.returncode == status
    assert says in done.stderr
    assert files(tmp_path) == {name}
    assert (tmp_path / name).read_bytes() == b"x" * 100


def test_folder_in_place_of_the_configuration_is_refused(tmp_path: Path) -> None:
    done = init(tmp_path, *GIVEN, "--config", str(tmp_path))
    assert done.returncode == ExitCode.CONFIG
    assert "is a folder; name a file in it" in done.stderr


def test_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "live").write_text("")
    done = init(tmp_path, *GIVEN, "--config", "live/bridge.toml")
    assert done.returncode == ExitCode.CONFIG
    assert "cannot write" in done.stderr
    assert files(tmp_path) == {"live"}
