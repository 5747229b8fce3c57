"""`rebind` where no sidecar runs."""

import io

import pytest

from bridge.core.link.messages import LedgerIdentity
from bridge.exits import ExitCode
from tests.acceptance.person import Person, unknown
from tests.integration.journal.bench import OFFICER, OTHER, OTHER_LEDGER


def test_a_rebinding_lifts_the_hold(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        desk.join()
        desk.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    words = ("rebind", "--officer", OFFICER, "--why", "compared", "--yes")
    assert person.run(*words) == ExitCode.OK
    assert person.said.startswith("Quarantine lifted: the terminal has another ledger")
    assert "The session of its terminal" not in person.said
    assert person.status()[1]["required_actions"] == []
    assert person.run(*words) == ExitCode.OK
    assert person.said.startswith(f"{OFFICER} was not quarantined.")


def test_a_rebinding_asks_first(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert person.run("rebind", "--officer", OFFICER, "--why", "compared") == ExitCode.INTERRUPTED
    assert "Did you compare the account" in person.said


def test_another_account_while_an_order_may_stand_at_this_one(without_journal: Person) -> None:
    person = without_journal
    with person.desk() as desk:
        unknown(desk)
    words = ("rebind", "--officer", OFFICER, "--why", "moved", "--account", "--yes")
    assert person.run(*words) == ExitCode.FAILED
    assert "dir-1 (UNKNOWN)" in person.complained


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--officer", "nobody", "--why", "x"), ExitCode.CONFIG, f"has: {OFFICER}, {OTHER}"),
        (("--officer", OFFICER, "--why", ""), ExitCode.USAGE, "why"),
        (("--officer", OFFICER), ExitCode.USAGE, "--why"),
    ],
)
def test_what_cannot_be_rebound(person: Person, words: tuple[str, ...], code: ExitCode, says: str) -> None:
    assert person.run("rebind", "--yes", *words) == code
    assert says in person.complained
