"""`rebind` where no sidecar runs."""

import io

import pytest

from bridge.core.link.messages import LedgerIdentity
from bridge.exits import ExitCode
from tests.acceptance.command_line import CommandLine, unknown
from tests.integration.journal.bench import OFFICER, OTHER, OTHER_LEDGER, directive
from tests.integration.journal.test_recover import fill


def test_rebind_lifts_the_quarantine(without_journal: CommandLine) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
        bench.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    words = ("rebind", "--officer", OFFICER, "--why", "compared", "--yes")
    assert command_line.run(*words) == ExitCode.OK
    assert "\nQuarantine lifted: the terminal has another ledger" in command_line.stdout
    assert "The session of its terminal" not in command_line.stdout
    assert command_line.status()[1]["required_actions"] == []
    assert command_line.run(*words) == ExitCode.OK
    assert f"\n{OFFICER} was not quarantined.\n" in command_line.stdout


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


def test_rebind_shows_what_waits_to_be_sent_and_what_is_open_before_it_asks(
    without_journal: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
        fill(bench, directive())
        bench.take(directive("dir-2", quantity=0.2))
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    words = ("rebind", "--officer", OFFICER, "--why", "moved", "--account")
    assert command_line.run(*words) == ExitCode.INTERRUPTED
    shown, _, asked = command_line.stdout.partition("Did you compare")
    assert asked and "dir-2" in shown and "OPEN_LONG 0.2 EURUSD" in shown
    assert "position 7001 of dir-1" in shown and "use --renamed-server" in shown


def test_renamed_server_with_the_wrong_login_is_refused_and_changes_nothing(
    without_journal: CommandLine,
) -> None:
    command_line = without_journal
    with command_line.bench() as bench:
        bench.join()
    before = command_line.journal.read_bytes()
    renamed = ("--renamed-server", "Live02", "--why", "announced", "--yes", "--officer", OFFICER)
    assert command_line.run("rebind", *renamed, "--login", "777") == ExitCode.WRONG_LOGIN
    assert command_line.stderr == (
        "Error: login 777 is not that of officer eo-001, whose account is 501 at Broker-Demo; a renamed server "
        "keeps the login: use --account to bind another account; nothing was changed\n"
    )
    assert command_line.journal.read_bytes() == before
    assert command_line.run("rebind", *renamed) == ExitCode.FAILED
    assert "renamed_server and login belong together" in command_line.stderr
    assert command_line.run("rebind", *renamed, "--login", "501", "--account") == ExitCode.FAILED
    assert "exclude each other" in command_line.stderr
    assert command_line.journal.read_bytes() == before
    assert command_line.run("rebind", *renamed, "--login", "501") == ExitCode.OK
    assert "The account is 501 at Live02 now" in command_line.stdout
    [officer, _] = command_line.status()[1]["journal"]["officers"]
    assert (officer["server"], officer["login"]) == ("Live02", 501)
