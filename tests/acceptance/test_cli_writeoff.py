"""`writeoff` where no sidecar runs."""

import io

import pytest

from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import OFFICER, OTHER, JournalBench
from tests.integration.journal.reports import POSITION
from tests.integration.journal.test_writeoff import NOTE, opened, scans

WORDS = ("writeoff", str(POSITION), "--note", NOTE)


@pytest.fixture
def vanished(without_journal: CommandLine) -> CommandLine:
    """A journal whose terminal has reported the position of dir-1, and then missed it."""
    with without_journal.bench() as bench:
        vanish(bench)
    return without_journal


def vanish(bench: JournalBench) -> None:
    bench.join()
    opened(bench)
    scans(bench, 2, 4)


def test_write_off_shows_what_the_broker_has_asks_and_ends_the_action_required(
    vanished: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [each["code"] for each in vanished.status()[1]["required_actions"]] == ["POSITION_MISMATCH"]
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert vanished.run(*WORDS) == ExitCode.INTERRUPTED
    for text in (
        f"{OFFICER}: the journal has BUY 0.3 lots of EURUSD open in position {POSITION}, under dir-1.",
        f"{OFFICER}: the broker has no such position, by the scan of 2026-01-05T10:03:00.000Z; in EURUSD it shows "
        "nothing.",
        "No sidecar runs",
        f"Did you ask the broker about position {POSITION}? End it without a deal?",
    ):
        assert text in vanished.stdout
    assert [each["code"] for each in vanished.status()[1]["required_actions"]] == ["POSITION_MISMATCH"]
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert vanished.run(*WORDS) == ExitCode.OK
    assert f"{OFFICER}: position {POSITION} is closed without a deal, under dir-1." in vanished.stdout
    assert vanished.status()[1]["required_actions"] == []
    assert vanished.run(*WORDS, "--yes") == ExitCode.FAILED
    assert f"position {POSITION} is closed in the journal already" in vanished.stderr


def test_write_off_is_refused_while_no_scan_of_the_session_is_known(without_journal: CommandLine) -> None:
    with without_journal.bench() as bench:
        vanish(bench)
        bench.join()
    assert without_journal.run(*WORDS, "--yes") == ExitCode.NO_TERMINAL
    assert f"position {POSITION} may be at the broker" in without_journal.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("7002", "--note", "x"), ExitCode.FAILED, "position 7002 is not in the journal"),
        ((str(POSITION), "--note", "x", "--officer", OTHER), ExitCode.FAILED, "is not in the journal"),
        ((str(POSITION), "--note", "x", "--officer", "nobody"), ExitCode.FAILED, 'unknown officer "nobody"'),
        ((str(POSITION), "--note", ""), ExitCode.USAGE, "note"),
        ((str(POSITION),), ExitCode.USAGE, "--note"),
        (("0", "--note", "x"), ExitCode.USAGE, "0 is not in the range"),
    ],
)
def test_invalid_write_off_is_refused(
    vanished: CommandLine, words: tuple[str, ...], code: ExitCode, says: str
) -> None:
    assert vanished.run("writeoff", "--yes", *words) == code
    assert says in vanished.stderr
