"""`rebind` where no sidecar runs."""

import io

import pytest

from bridge.core.link.messages import LedgerIdentity
from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine, unknown
from tests.integration.journal.bench import OFFICER, OTHER, OTHER_LEDGER


def test_rebind_lifts_the_quarantine(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
        bench.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    words = ("rebind", "--officer", OFFICER, "--why", "compared", "--yes")
    assert command_line.run(*words) == ExitCode.OK
    assert command_line.stdout.startswith("Quarantine lifted: the terminal has another ledger")
    assert "The session of its terminal" not in command_line.stdout
    assert command_line.status()[1]["required_actions"] == []
    assert command_line.run(*words) == ExitCode.OK
    assert command_line.stdout.startswith(f"{OFFICER} was not quarantined.")


def test_rebind_without_confirmation_is_interrupted(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert command_line.run("rebind", "--officer", OFFICER, "--why", "compared") == ExitCode.INTERRUPTED
    assert "Did you compare the account" in command_line.stdout


def test_rebind_to_another_account_is_refused_while_a_command_is_unknown(
    without_journal: CommandLine,
) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        unknown(bench)
    words = ("rebind", "--officer", OFFICER, "--why", "moved", "--account", "--yes")
    assert command_line.run(*words) == ExitCode.FAILED
    assert "dir-1 (UNKNOWN)" in command_line.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--officer", "nobody", "--why", "x"), ExitCode.CONFIG, f"has: {OFFICER}, {OTHER}"),
        (("--officer", OFFICER, "--why", ""), ExitCode.USAGE, "why"),
        (("--officer", OFFICER), ExitCode.USAGE, "--why"),
    ],
)
def test_invalid_rebinding_is_refused(
    command_line: CommandLine, words: tuple[str, ...], code: ExitCode, says: str
) -> None:
    assert command_line.run("rebind", "--yes", *words) == code
    assert says in command_line.stderr
