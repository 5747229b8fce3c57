"""Tables of `status`."""

from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from bridge.core.director.contract import utc_text
from bridge.journal.views.status import OfficerStatus
from bridge.sidecar.live_status import LiveTerminal
from bridge.status.command_lines import CommandLines
from bridge.status.health import required_actions
from bridge.status.overview import Report, headline, tables
from tests.unit.status.samples import JOURNAL, LIVE, NOW, OFFICER, OFFICER_STATUS, SESSION

BEAT = LiveTerminal(
    broker_connected=True,
    trade_allowed=True,
    trade_forbidden_by="",
    balance=Decimal("10000.00"),
    equity=Decimal("9875.50"),
    margin=Decimal("250.00"),
    ping_ms=1.0,
    timer_max_ms=1.0,
)


def money(beat: LiveTerminal | None) -> list[tuple[str, ...]]:
    session = replace(SESSION, heartbeat=beat)
    report = Report(
        well=True,
        running=True,
        required_actions=[],
        journal=replace(JOURNAL, officers=[OfficerStatus(officer=OFFICER, currency="USD")]),
        sidecar=replace(LIVE, officers=[replace(OFFICER_STATUS, session=session)]),
        no_sidecar="",
    )
    [table] = [each for each in tables(report, NOW) if each.title.startswith("Money")]
    return [tuple(row) for row in table.rows]


def sent(seconds: float) -> Report:
    """A status with one command that was sent so many seconds ago."""
    at = utc_text(NOW - timedelta(seconds=seconds))
    officer = OfficerStatus(officer=OFFICER, commands_in_flight=1, oldest_in_flight_at=at)
    return Report(
        well=True,
        running=True,
        required_actions=[],
        journal=replace(JOURNAL, officers=[officer]),
        sidecar=LIVE,
        no_sidecar="",
    )


def test_sent_command_without_a_result_is_named_in_the_first_line() -> None:
    assert headline(sent(9), NOW).endswith("All is well.")
    assert headline(sent(40), NOW).endswith(
        "No action is required. A sent command has had no result for 40 s: its outcome is asked for."
    )
    [officers] = [each for each in tables(sent(40), NOW) if each.title == "Officers"]
    assert "1 sent command for 40 s" in officers.rows[0]


def test_floating_profit_margin_and_ping_are_shown() -> None:
    assert money(BEAT) == [
        (OFFICER, "10000.00 USD", "9875.50", "-124.50", "250.00", "9625.50", "3950 %", "1 ms"),
    ]


def test_account_without_positions_has_no_margin_level() -> None:
    assert money(replace(BEAT, margin=Decimal(0), equity=BEAT.balance))[0][3:] == (
        "+0.00",
        "0",
        "10000.00",
        "",
        "1 ms",
    )


def test_no_money_is_shown_without_a_heartbeat() -> None:
    assert money(None) == []


def test_terminal_that_goes_away_at_our_proof_is_named_with_the_remedy() -> None:
    live = replace(LIVE, officers=[replace(OFFICER_STATUS, session=None, unanswered_challenges=3)])
    [action] = required_actions(JOURNAL, live, "", CommandLines())
    assert action.code == "NO_TERMINAL"
    assert action.what.startswith("a terminal said hello 3 times, and went away at the sidecar's proof")
    assert f"copy the line of {OFFICER}.linkkey" in action.remedy
    assert "execution-officer expert install" in action.remedy


def test_alerts_that_cannot_be_sent_are_named_last() -> None:
    live = replace(LIVE, alert_trouble="address 1 was not reached, or did not accept it")
    [action] = required_actions(JOURNAL, live, "", CommandLines())
    assert (action.code, action.officer) == ("ALERTS", "")
    assert "execution-officer alerts test" in action.remedy
