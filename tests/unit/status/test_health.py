"""Conditions for which `status` lists a required action, and those for which it does not."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bridge.core.director.contract import utc_text
from bridge.core.director.responses import FailureKind
from bridge.journal.database.alteration import Altered
from bridge.journal.database.words import HaltSetter
from bridge.journal.tables.halts import Halt
from bridge.journal.views.status import (
    JournalStatus,
    OfficerStatus,
    OpenPosition,
    RaisedMismatch,
    UnclosablePosition,
    UnresolvedCommand,
)
from bridge.sidecar.live_status import LiveStatus, PollNote
from bridge.status.command_lines import CommandLines
from bridge.status.health import LOCKED_S, OUTAGE_S, UNKNOWN, required_actions
from tests.unit.status.samples import DELIVERY, JOURNAL, LIVE, NOW, OFFICER, OFFICER_STATUS


def codes(journal: JournalStatus, live: LiveStatus) -> list[str]:
    return [required_action.code for required_action in required_actions(journal, live, "", CommandLines())]


def polled(kind: FailureKind | None, failing_s: float) -> LiveStatus:
    """A sidecar whose polls have failed that way for so long."""
    note = PollNote(
        at=utc_text(NOW), failure=f"{kind}: odd" if kind else "", failures=3, kind=kind, failing_s=failing_s
    )
    return replace(LIVE, officers=[replace(OFFICER_STATUS, poll=note)])


def test_no_action_is_required_while_all_is_well() -> None:
    assert codes(JOURNAL, LIVE) == []
    assert codes(JOURNAL, polled(None, 0)) == []


@pytest.mark.parametrize("kind", list(FailureKind))
def test_failing_poll_requires_action_at_once_or_after_the_outage_time(kind: FailureKind) -> None:
    passing = kind in (FailureKind.NETWORK, FailureKind.BUSY)
    assert codes(JOURNAL, polled(kind, 1)) == ([] if passing else ["POLL"])
    assert codes(JOURNAL, polled(kind, OUTAGE_S - 1)) == ([] if passing else ["POLL"])
    [required_action] = required_actions(JOURNAL, polled(kind, OUTAGE_S), "", CommandLines())
    assert (required_action.code, required_action.officer) == ("POLL", OFFICER)
    assert required_action.what == f"directives cannot be polled: {kind}: odd"


@pytest.mark.parametrize(
    ("failures", "waits_s", "needed"),
    # One event may fail alone, while the others are taken.
    [(0, 3_600, True), (1, OUTAGE_S - 1, False), (1, OUTAGE_S, True), (900, 90_061, True)],
)
def test_event_undelivered_for_the_outage_time_requires_action(
    failures: int, waits_s: float, needed: bool
) -> None:
    queued = OfficerStatus(
        officer=OFFICER, events_queued=2, oldest_queued_at=utc_text(NOW - timedelta(seconds=waits_s))
    )
    live = replace(LIVE, delivery=replace(DELIVERY, failures=failures))
    found = required_actions(replace(JOURNAL, officers=[queued]), live, "", CommandLines())
    assert [required_action.code for required_action in found] == ["DELIVERY"] * needed
    if needed:
        assert found[0].what == f"2 events not delivered, the oldest for {waits_s // 60:.0f} minutes"


def test_failing_dispatch_requires_action() -> None:
    live = replace(LIVE, officers=[replace(OFFICER_STATUS, dispatch_trouble="KeyError: 'odd'")])
    [required_action] = required_actions(JOURNAL, live, "", CommandLines())
    assert (required_action.code, required_action.officer) == ("DISPATCH", OFFICER)
    assert "KeyError: 'odd'" in required_action.what


def test_removed_officer_requires_action_only_while_something_of_it_is_open() -> None:
    position = OpenPosition(
        officer="gone",
        identifier=7001,
        directive_id="dir-1",
        symbol="EURUSD",
        side="BUY",
        volume_in="0.1",
        volume_out="0",
        price_open=None,
        stop_loss=None,
        take_profit=None,
        opened_at=None,
    )
    removed = replace(JOURNAL, officers=[*JOURNAL.officers, OfficerStatus(officer="gone")])
    assert required_actions(removed, LIVE, "", CommandLines(), {OFFICER}) == []
    [action] = required_actions(replace(removed, positions=[position]), LIVE, "", CommandLines(), {OFFICER})
    assert (action.code, action.officer) == ("NOT_CONFIGURED", "gone") and "position 7001" in action.what
    assert (
        required_actions(replace(removed, positions=[position]), LIVE, "", CommandLines(), {OFFICER, "gone"})
        == []
    )


def test_lost_journal_comes_first_with_its_remedy() -> None:
    live = replace(LIVE, journal_lost="the file was removed; stop the sidecar; start it", journal_trouble="x")
    first, *_ = required_actions(replace(JOURNAL, halts=[]), live, "", CommandLines())
    assert (first.code, first.what, first.remedy) == (
        "JOURNAL_LOST",
        "the file was removed",
        "stop the sidecar; start it",
    )


def test_halt_that_is_not_stored_requires_action() -> None:
    halt = Halt(officer=OFFICER, symbol="EURUSD", since="then", why="", set_by=HaltSetter.OPERATOR)
    [required_action] = required_actions(JOURNAL, replace(LIVE, stops_not_stored=[halt]), "", CommandLines())
    assert (required_action.officer, required_action.code) == (OFFICER, "HALT_NOT_STORED")
    assert "the halt of EURUSD since then is in force in the sidecar alone" in required_action.what


@pytest.mark.parametrize(("waits_s", "found"), [(LOCKED_S - 0.1, []), (LOCKED_S, ["JOURNAL"])])
def test_lock_of_another_program_requires_action_once_it_lasts(waits_s: float, found: list[str]) -> None:
    assert codes(JOURNAL, replace(LIVE, journal_waits_s=waits_s)) == found


def test_journal_that_could_not_be_read_requires_action_beside_a_running_sidecar() -> None:
    found = required_actions(None, LIVE, "", CommandLines(), unread=Altered("there is no journal", "look"))
    assert [(each.code, each.what, each.remedy) for each in found] == [
        ("JOURNAL_UNREAD", "there is no journal", "look")
    ]


def test_journal_that_the_next_start_would_refuse_requires_action_with_its_remedy() -> None:
    altered = Altered("trigger mine on deals changes what it writes", "DROP TRIGGER mine")
    [action] = required_actions(replace(JOURNAL, altered=altered), LIVE, "", CommandLines())
    assert (action.code, action.remedy) == ("JOURNAL_ALTERED", "DROP TRIGGER mine")
    assert "the next start will refuse the journal" in action.what


def test_remedy_of_a_failed_step_is_shown_with_it() -> None:
    live = replace(LIVE, journal_trouble="cannot read view mine", journal_remedy="remove view mine")
    [action] = required_actions(JOURNAL, live, "", CommandLines())
    assert (action.code, action.what, action.remedy) == (
        "JOURNAL",
        "cannot read view mine",
        "remove view mine",
    )


def test_refused_terminal_is_named_with_the_remedy_of_the_refusal() -> None:
    gone = replace(OFFICER_STATUS, session=None, blocked="the terminal is not connected")
    [action] = required_actions(JOURNAL, replace(LIVE, officers=[gone]), "", CommandLines())
    assert (action.code, action.what) == ("NO_TERMINAL", "the terminal is not connected")
    refused = replace(gone, refusal="another account", refusal_remedy="rebind --renamed-server")
    [action] = required_actions(JOURNAL, replace(LIVE, officers=[refused]), "", CommandLines())
    assert (action.what, action.remedy) == (
        "its terminal is refused: another account",
        "rebind --renamed-server",
    )


def test_difference_from_the_broker_is_a_required_action_with_what_ends_it() -> None:
    mismatch = RaisedMismatch(
        officer=OFFICER,
        thing="position",
        number=7001,
        field="VOLUME",
        code="POSITION_MISMATCH",
        ours="0.3 lots open in",
        theirs="0.6",
        shown=1,
        directive_id="dir-1",
        symbol="EURUSD",
        since=utc_text(NOW),
    )
    missing = replace(mismatch, field="EXISTENCE", theirs="has no such position", shown=0)
    orphan = replace(mismatch, thing="order", code="ORPHAN", number=8001)
    stuck = UnclosablePosition(
        officer=OFFICER, identifier=7002, directive_id="dir-2", symbol="EURUSD.r", message="there is no quote"
    )
    journal = replace(JOURNAL, mismatches=[mismatch, missing, orphan], unclosable=[stuck])
    found = required_actions(journal, LIVE, "", CommandLines())
    assert [action.code for action in found] == [
        "POSITION_MISMATCH",
        "POSITION_MISMATCH",
        "ORPHAN",
        "UNCLOSABLE",
    ]
    assert "0.3 lots open in position 7001 in EURUSD, and the broker 0.6" in found[0].what
    assert "a CLOSE without quantity" in found[0].remedy
    assert "ask the broker" in found[1].remedy
    assert f"execution-officer writeoff --officer {OFFICER} 7001 --note" in found[1].remedy
    assert "a CANCEL" in found[2].remedy
    assert "there is no quote" in found[3].what


@pytest.mark.parametrize(
    ("windows", "halted", "directive"), [(False, "'S&P 500'", "'it'\"'\"'s'"), (True, '"S&P 500"', '"it\'s"')]
)
def test_names_of_others_are_one_word_in_the_command_lines(
    windows: bool, halted: str, directive: str
) -> None:
    halt = Halt(
        officer=OFFICER, symbol="S&P 500", set_by=HaltSetter.BRIDGE, why="a loss", since=utc_text(NOW)
    )
    command = UnresolvedCommand(
        officer=OFFICER, directive_id="it's", number=1, client_order_id=7, symbol="EURUSD", side="BUY",
        volume="0.1", state=UNKNOWN, dispatched_at=None, message="",
    )  # fmt: skip
    journal = replace(JOURNAL, halts=[halt], unresolved=[command, replace(command, directive_id="-x")])
    lines = CommandLines(config="my bridge.toml", windows=windows)
    config = lines.quoted("my bridge.toml")
    halted_action, first, second = required_actions(journal, LIVE, "", lines)
    assert halted_action.remedy.endswith(
        f": execution-officer resume --config {config} --officer {OFFICER} --symbol {halted}"
    )
    start = f": execution-officer resolve --config {config} --officer {OFFICER} --as WHAT --note"
    assert start in first.remedy and first.remedy.endswith(f" {directive}")
    assert second.remedy.endswith(" -- -x")


def test_directive_that_looks_like_an_option_is_shown_as_an_argument() -> None:
    mismatch = RaisedMismatch(
        officer=OFFICER, thing="position", number=7001, field="VOLUME", code="POSITION_MISMATCH",
        ours="0.3 lots open in", theirs="0.6", shown=1, directive_id="-x", symbol="EURUSD", since=utc_text(NOW),
    )  # fmt: skip
    [action] = required_actions(replace(JOURNAL, mismatches=[mismatch]), LIVE, "", CommandLines())
    assert "'execution-officer journal show -- -x'" in action.remedy
