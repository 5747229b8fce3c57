"""`execution-officer setup` as a process: the files that it creates, and that it overwrites none."""

import itertools
import os
import re
import sqlite3
import subprocess
import sys
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from bridge.config import load
from bridge.core.settings import AlertSettings, RiskLimits, Settings, WebSettings
from bridge.exits import ExitCode
from bridge.journal.database.file import check
from bridge.keys import load_link_key, load_page_key
from tests.acceptance.commands import TIMEOUT_S, environment, run

CONFIG = """
[director]
url = "https://director.example.com"
api_key_env = "DIRECTOR_API_KEY"

[journal]
path = "data/journal.db"
"""
OFFICER = "[[officers]]\nid = '{}'\n"

posix_only = pytest.mark.skipif(os.name != "posix", reason="file modes say nothing on Windows")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.toml"
    path.write_text(CONFIG + OFFICER.format("eo-001") + OFFICER.format("eo-002"))
    return path


def setup(config: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run("setup", "--config", config, *more, cwd=config.parent)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the content of every file except SQLite's -shm and -wal, which exist only while a process reads."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


def rows(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """Return the state that the printed table gives for each file, by file name."""
    table = itertools.takewhile(bool, done.stdout.splitlines())
    cells = [re.split(r" {2,}", line, maxsplit=2) for line in table]
    return {Path(file).name: state for _, state, file in cells if file != "file"}


def test_setup_creates_every_missing_file(config: Path) -> None:
    done = setup(config)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert rows(done) == {"journal.db": "created", "eo-001.linkkey": "created", "eo-002.linkkey": "created"}
    data = config.parent / "data"
    check(data / "journal.db")
    keys = {load_link_key(data / f"eo-00{n}.linkkey").to_text() for n in (1, 2)}
    assert len(keys) == 2


def test_setup_prints_the_next_steps_without_any_key(config: Path) -> None:
    done = setup(config)
    data = config.parent / "data"
    assert "environment variable DIRECTOR_API_KEY" in done.stdout
    assert f"officer id eo-002, link key: the line in {data / 'eo-002.linkkey'}" in done.stdout
    assert f"execution-officer run --config {config}" in done.stdout
    assert load_link_key(data / "eo-001.linkkey").to_text() not in done.stdout


def test_setup_makes_the_page_key_where_one_is_configured(config: Path) -> None:
    config.write_text(f"{config.read_text()}[web]\nkey_file = 'web.key'\n")
    done = setup(config)
    assert (done.returncode, rows(done)["web.key"]) == (ExitCode.OK, "created")
    page_key = config.parent / "web.key"
    assert page_key.read_text().strip() not in done.stdout
    assert load_page_key(page_key).matches(page_key.read_text().strip())
    before = contents(config.parent)
    assert set(rows(setup(config)).values()) == {"exists"}
    assert contents(config.parent) == before


def test_second_setup_changes_nothing(config: Path) -> None:
    setup(config)
    before = contents(config.parent)
    done = setup(config)
    assert done.returncode == ExitCode.OK
    assert set(rows(done).values()) == {"exists"}
    assert contents(config.parent) == before


def test_setup_for_a_new_officer_creates_only_its_key(config: Path) -> None:
    setup(config)
    before = contents(config.parent / "data")
    config.write_text(config.read_text() + OFFICER.format("eo-003"))
    done = setup(config)
    assert rows(done)["eo-003.linkkey"] == "created"
    after = contents(config.parent / "data")
    assert after.pop("eo-003.linkkey")
    assert after == before


def test_two_simultaneous_setups_create_one_set_of_files(config: Path) -> None:
    command = [sys.executable, "-m", "bridge", "setup", "--config", str(config)]
    both = [
        subprocess.Popen(
            command, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    stdout = [process.communicate(timeout=TIMEOUT_S)[1] for process in both]
    # The slower process may find an incomplete journal; it must then report that, and never create another.
    assert ExitCode.OK in [process.returncode for process in both], stdout
    assert all("internal error" not in text for text in stdout), stdout
    assert set(rows(setup(config)).values()) == {"exists"}


@posix_only
def test_created_files_are_readable_by_their_owner_alone(config: Path) -> None:
    setup(config)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (config.parent / "data").glob("*.*[by]")}
    assert modes == {"journal.db": 0o600, "eo-001.linkkey": 0o600, "eo-002.linkkey": 0o600}


# Existing files that cannot be used


def test_link_keys_without_a_journal_are_reported_as_lost_journal(config: Path) -> None:
    setup(config)
    journal = config.parent / "data" / "journal.db"
    for path in (config.parent / "data").glob("journal.db*"):
        path.unlink()
    before = contents(config.parent)
    done = setup(config)
    assert done.returncode == ExitCode.JOURNAL_MISSING
    assert "eo-001.linkkey beside it shows that it did; restore it" in done.stderr
    assert contents(config.parent) == before
    assert rows(setup(config, "--new-journal"))["journal.db"] == "created"
    check(journal)


def test_write_ahead_log_without_a_journal_is_reported_as_lost_journal(config: Path) -> None:
    (config.parent / "data").mkdir()
    (config.parent / "data" / "journal.db-wal").write_bytes(b"commits")
    done = setup(config)
    assert done.returncode == ExitCode.JOURNAL_MISSING
    assert "journal.db-wal beside it shows that it did" in done.stderr


@pytest.mark.parametrize(("content", "says"), [(b"", "empty"), (b"x" * 100, "not an SQLite file")])
def test_file_that_is_not_a_journal_is_left_unchanged(config: Path, content: bytes, says: str) -> None:
    journal = config.parent / "data" / "journal.db"
    journal.parent.mkdir()
    journal.write_bytes(content)
    done = setup(config)
    assert done.returncode == ExitCode.JOURNAL_DAMAGED
    assert says in done.stderr
    assert contents(journal.parent) == {"journal.db": content}


def test_foreign_database_is_left_unchanged(config: Path) -> None:
    journal = config.parent / "data" / "journal.db"
    journal.parent.mkdir()
    connection = sqlite3.connect(journal)
    connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    before = journal.read_bytes()
    assert setup(config).returncode == ExitCode.JOURNAL_DAMAGED
    assert journal.read_bytes() == before


def test_damaged_link_key_stops_setup_before_any_file_is_created(config: Path) -> None:
    setup(config)
    key = config.parent / "data" / "eo-001.linkkey"
    key.write_text("0123")
    (config.parent / "data" / "eo-002.linkkey").unlink()
    done = setup(config)
    assert done.returncode == ExitCode.LINK_KEY
    assert f"the link key file {key} cannot be used" in done.stderr
    assert not (config.parent / "data" / "eo-002.linkkey").exists()


@posix_only
def test_link_key_readable_by_others_is_refused_with_the_chmod_command(config: Path) -> None:
    setup(config)
    key = config.parent / "data" / "eo-001.linkkey"
    key.chmod(0o644)
    done = setup(config)
    assert done.returncode == ExitCode.LINK_KEY
    assert f"chmod 600 {key}" in done.stderr


def test_folder_in_place_of_the_journal_is_refused(config: Path) -> None:
    (config.parent / "data" / "journal.db").mkdir(parents=True)
    done = setup(config)
    assert done.returncode == ExitCode.CONFIG
    assert "is a folder; name a file in it" in done.stderr


def test_file_in_place_of_the_journal_folder_is_refused(config: Path) -> None:
    (config.parent / "data").write_text("")
    done = setup(config)
    assert done.returncode == ExitCode.JOURNAL_READ_ONLY
    assert f"cannot create {config.parent / 'data'}" in done.stderr


def test_wrong_configuration_creates_no_file(config: Path) -> None:
    config.write_text(CONFIG + OFFICER.format("eo-001") + "deviation_points = -1\n")
    done = setup(config)
    assert done.returncode == ExitCode.CONFIG
    assert "officers[0].deviation_points = -1: must be" in done.stderr
    assert contents(config.parent).keys() == {"bridge.toml"}


# The example configuration


def test_example_configuration_is_written_and_usable(tmp_path: Path) -> None:
    done = run("setup", "--example", cwd=tmp_path)
    assert (done.returncode, rows(done)) == (ExitCode.OK, {"bridge.toml": "created"})
    assert "execution-officer setup --config bridge.toml" in done.stdout
    assert contents(tmp_path).keys() == {"bridge.toml"}
    assert run("setup", cwd=tmp_path).returncode == ExitCode.OK
    assert (tmp_path / "eo-001.linkkey").is_file()


def test_example_configuration_overwrites_no_file(config: Path) -> None:
    before = config.read_text()
    done = setup(config, "--example")
    assert (done.returncode, rows(done)) == (ExitCode.OK, {"bridge.toml": "exists"})
    assert config.read_text() == before


def test_example_configuration_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    done = run("setup", "--example", "--config", "none/bridge.toml", cwd=tmp_path)
    assert done.returncode == ExitCode.CONFIG
    assert "cannot write" in done.stderr


def test_example_configuration_lists_every_setting_with_its_default(tmp_path: Path) -> None:
    """With every commented setting enabled, except those that exclude others, the settings stay the same."""
    example = resources.files("bridge.cli").joinpath("example.toml").read_text(encoding="utf-8")
    unlimited = [name for name in RiskLimits.__struct_fields__ if name.startswith(("allowed", "max", "min"))]
    apart = (
        "api_key_file",
        "order_id_prefix",
        "max_quantity",
        "symbols",
        "symbol_",
        "closed_hours",
        "addresses_file",
        "quiet_hours",
        "daily_summary",
        "alive_url",
        "host_names",
        "key_file",
        *unlimited,
    )
    lines = [
        line.removeprefix("# ")
        if (" = " in line or line.startswith("# ["))
        and not line.startswith(tuple(f"# {key}" for key in apart))
        else line
        for line in example.splitlines()
    ]
    (tmp_path / "short.toml").write_text(example, encoding="utf-8")
    (tmp_path / "long.toml").write_text("\n".join(lines), encoding="utf-8")
    settings = load(tmp_path / "long.toml").settings
    alerts = settings.alerts
    assert alerts == AlertSettings(addresses_env="ALERT_ADDRESSES")
    assert settings.web == WebSettings()
    assert msgspec.structs.replace(settings, alerts=None, web=None) == load(tmp_path / "short.toml").settings
    officer = settings.officers[0]
    for part in (
        settings,
        settings.director,
        settings.journal,
        settings.link,
        alerts,
        settings.web,
        officer,
        officer.risk_limits,
    ):
        for field in type(part).__struct_fields__:
            assert any(words in example for words in (f"{field} = ", f"[{field}]", f".{field}]")), field
    assert isinstance(settings, Settings)
