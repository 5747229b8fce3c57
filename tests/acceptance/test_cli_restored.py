"""Journals as they are after a loss: of other officers, with a log that is not theirs, without an officer."""

import shutil
from pathlib import Path

import msgspec
import pytest

from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import ACCOUNT, OFFICER, OTHER, JournalBench, directive, limit, settings
from tests.integration.journal.reports import booked, result, scan, submitted
from tests.integration.journal.test_recover import fill


def keep(path: Path) -> dict[str, bytes]:
    """Return the content of the journal's files. An empty log is none."""
    files = (path, path.with_name(f"{path.name}-wal"))
    return {each.name: each.read_bytes() for each in files if each.exists() and each.stat().st_size}


def only(command_line: CommandLine, officer: str) -> None:
    """Let the configuration have this officer alone."""
    config = command_line.folder / "bridge.toml"
    head = config.read_text().partition("[[officers]]")[0]
    config.write_text(f'{head}[[officers]]\nid = "{officer}"\n')


@pytest.fixture
def used(without_journal: CommandLine) -> CommandLine:
    """A command line on a journal with a position and a pending order of one officer."""
    with without_journal.bench() as bench:
        bench.join()
        fill(bench, directive())
        [command] = bench.sent(limit())
        order = command.order
        bench.report(submitted(order, mark=2), result(order), booked(order), scan(2))
    return without_journal


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("halt",),
        ("flatten", "--yes"),
        ("recover",),
        ("rebind", "--officer", OTHER, "--why", "x", "--yes"),
    ],
    ids=lambda words: words[0],
)
def test_journal_of_another_officer_is_refused_and_left_unchanged(
    used: CommandLine, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEY", "secret")
    assert used.run("setup") == ExitCode.OK
    only(used, OTHER)
    before = keep(used.journal)
    assert used.run(*words) == ExitCode.OTHER_OFFICER
    assert used.stderr.count("Error: ") == 1
    assert f"is of officer {OFFICER}, and the configuration has {OTHER}" in used.stderr
    assert keep(used.journal) == before


def test_officer_that_the_configuration_lost_requires_action_while_something_is_open(
    used: CommandLine,
) -> None:
    with used.bench_of_existing() as bench:
        bench.officer = OTHER
        bench.join(account=msgspec.structs.replace(ACCOUNT, login=502))
    only(used, OTHER)
    code, report = used.status()
    assert code == ExitCode.ATTENTION
    [action] = report["required_actions"]
    assert (action["code"], action["officer"]) == ("NOT_CONFIGURED", OFFICER)
    assert "position 7001, order 8001 open" in action["what"]
    config = used.folder / "bridge.toml"
    config.write_text(config.read_text() + f'[[officers]]\nid = "{OFFICER}"\n')
    assert used.status()[1]["required_actions"] == []


def test_log_of_another_copy_beside_a_restored_journal_is_named(
    without_journal: CommandLine, tmp_path: Path
) -> None:
    """The sidecar was killed, and a backup was copied over the journal: the old write-ahead log is still there."""
    lost = JournalBench(tmp_path / "lost.db", settings())
    lost.join()
    lost.connection.execute("VACUUM INTO ?", [str(without_journal.journal)])
    for number in range(20):
        lost.take(directive(f"dir-{number}"))
    wal = without_journal.journal.with_name(f"{without_journal.journal.name}-wal")
    shutil.copy(lost.path.with_name("lost.db-wal"), wal)
    lost.close()
    before = keep(without_journal.journal)
    for words in (("halt",), ("recover", "--last-scan")):
        assert without_journal.run(*words) == ExitCode.WAL_FOREIGN
        assert without_journal.stderr.count("Error: ") == 1
        assert "journal.db-wal beside it, which is of another copy or not whole" in without_journal.stderr
        assert keep(without_journal.journal) == before
    wal.unlink()
    wal.with_name("journal.db-shm").unlink(missing_ok=True)
    assert without_journal.run("halt") == ExitCode.OK


def test_half_of_a_write_ahead_log_leaves_an_older_journal_or_is_named(
    without_journal: CommandLine, tmp_path: Path
) -> None:
    """A copy tool was stopped in the middle of the log: whole transactions of it count, and nothing else."""
    lost = JournalBench(tmp_path / "lost.db", settings())
    lost.join()
    for number in range(20):
        lost.take(directive(f"dir-{number}"))
    shutil.copy(lost.path, without_journal.journal)
    whole = lost.path.with_name("lost.db-wal").read_bytes()
    lost.close()
    wal = without_journal.journal.with_name(f"{without_journal.journal.name}-wal")
    wal.write_bytes(whole[: len(whole) // 2])
    assert without_journal.run("halt") == ExitCode.OK
    with without_journal.bench_of_existing() as bench:
        [(count,)] = bench.rows("SELECT count(*) FROM directives")
        assert 0 < count < 20 and bench.chain_break() == ""
