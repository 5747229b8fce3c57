"""Reports: what a terminal reports is kept, counted once, and never stops what comes after."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import AnyReport, CommandStage, ConnectionReport, TroubleReport, encode_report
from bridge.core.units.mt5_terms import DealEntry, OrderState

from .bench import INSTANCE_ID, NOW, OFFICER, JournalBench, directive, server_ms
from .reports import DEAL, POSITION, deal, leaving, result, scan, seen, stage, standing, submitted


@pytest.fixture
def order(joined: JournalBench) -> Order:
    """The order of one command that is with the terminal."""
    [command] = joined.sent(directive())
    return command.order


def test_repeated_report_is_acknowledged_and_changes_nothing(joined: JournalBench, order: Order) -> None:
    reports: list[AnyReport] = [submitted(order), result(order), deal(order), standing(order)]
    first = joined.report(*reports)
    assert (first.acked, first.applied, first.repeated) == (4, 4, 0)
    before = joined.content()
    again = joined.report(*reports)
    assert (again.acked, again.applied, again.repeated) == (8, 0, 4)
    # The session's row has the number of the last report.
    assert {line.split("(")[0] for line in {*before} ^ {*joined.content()}} == {
        'INSERT INTO "sessions" VALUES'
    }


def test_content_that_changes_and_returns_is_three_revisions(joined: JournalBench, order: Order) -> None:
    joined.report(deal(order))
    for stop in ("1.0900", "1.0800", "1.0900", "1.090"):
        joined.report(standing(order, stop_loss=stop))
    bodies = joined.rows("SELECT body FROM reports WHERE kind = 'position' ORDER BY id")
    assert [json.loads(body)["stop_loss"] for (body,) in bodies] == [1.09, 1.08, 1.09]
    assert joined.rows("SELECT stop_loss FROM positions") == [("1.0900",)]


def test_reports_of_two_accounts_with_equal_tickets_are_kept_apart(
    joined: JournalBench, order: Order
) -> None:
    joined.report(deal(order))
    # As after a rebind: another account of the same broker, whose tickets are its own.
    joined.connection.execute("UPDATE officers SET login = 777 WHERE officer = ?", (OFFICER,))
    assert joined.report(deal(order)).repeated == 0
    assert joined.rows("SELECT DISTINCT login FROM reports ORDER BY login") == [(501,), (777,)]


@pytest.mark.parametrize(
    "raw", [b'{"kind":"deal"}', b'{"kind":"tide"}', b"[1]", b'"\\ud800"', b'{"kind":"deal",\xff}']
)
def test_unreadable_report_is_kept_raised_and_acknowledged(
    joined: JournalBench, order: Order, raw: bytes
) -> None:
    applied = joined.report_raw(raw, encode_report(deal(order)))
    assert (applied.acked, applied.quarantined, applied.applied) == (2, 1, 1)
    [(body, note)] = joined.rows("SELECT body, note FROM reports WHERE disposition = 'UNUSABLE'")
    assert body.encode("ascii", "replace")[:5] == raw[:5] and note
    assert [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")] == ["REPORT_UNUSABLE"]
    assert joined.directive_state() == "FILLED"


def test_repeated_unreadable_report_is_raised_once(joined: JournalBench) -> None:
    for _ in range(3):
        joined.report_raw(b'{"kind":"tide"}')
    assert len(joined.bodies("SYSTEM_ERROR")) == 1


def test_repeated_unreadable_report_is_stored_once(joined: JournalBench) -> None:
    for _ in range(3):
        joined.report_raw(b'{"kind":"tide"}')
    assert joined.rows("SELECT count(*) FROM reports") == [(1,)]


def test_unknown_client_order_id_quarantines_and_later_reports_count(
    joined: JournalBench, order: Order
) -> None:
    stranger = msgspec.structs.replace(order, client_order_id=order.client_order_id + 1)
    applied = joined.report(submitted(stranger), deal(order))
    assert (applied.acked, applied.quarantined) == (2, 1)
    assert str(stranger.client_order_id) in applied.quarantine and applied.quarantine == joined.quarantine()
    codes = [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")]
    assert codes == ["QUARANTINED"]
    assert joined.directive_state() == "FILLED"
    assert joined.sent(directive("dir-2")) == []


def test_unknown_dispatch_quarantines_and_its_outcome_counts(joined: JournalBench, order: Order) -> None:
    applied = joined.report(submitted(order, attempt=2))
    assert "attempt" in applied.quarantine or "dispatch" in applied.quarantine
    assert joined.rows("SELECT state, attempt FROM commands") == [("SUBMITTED", 2)]


def test_position_is_opened_by_its_deal_and_emitted(joined: JournalBench, order: Order) -> None:
    joined.report(submitted(order), result(order), deal(order))
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]
    found = joined.rows("SELECT identifier, state, volume_in, volume_out, price_open FROM positions")
    assert found == [(POSITION, "OPEN", "0.3", "0", "1.0950")]
    [filled] = joined.bodies("ORDER_FILLED")
    assert (filled["fill_quantity"], filled["commission"]) == (0.3, 0.7)
    assert filled["occurred_at"] == "2026-01-05T10:00:00.000000Z"


@pytest.mark.parametrize("parted", [True, False])
def test_closing_deal_is_parked_until_the_opening_one(
    joined: JournalBench, order: Order, parted: bool
) -> None:
    shut = leaving(order)
    if parted:
        joined.report(shut)
        assert joined.rows("SELECT disposition FROM deals") == [("PARKED",)]
        assert joined.emitted() == ["DIRECTIVE_RECEIVED"]
        joined.report(deal(order))
    else:
        joined.report(shut, deal(order))
    assert joined.rows("SELECT disposition FROM deals") == [("APPLIED",)] * 2
    assert joined.rows("SELECT state, volume_in, volume_out FROM positions") == [("CLOSED", "0.3", "0.3")]
    assert joined.emitted()[-3:] == ["POSITION_OPENED", "SL_TRIGGERED", "POSITION_CLOSED"]


def test_further_scan_is_of_use_once_a_parked_deal_has_waited_long_enough(
    joined: JournalBench, order: Order
) -> None:
    joined.report(leaving(order, magic=order.client_order_id))
    assert joined.rows("SELECT disposition FROM deals") == [("PARKED",)]
    assert joined.report(scan(1, joined.now)).further_scan_after == timedelta(seconds=60)
    joined.later(20)
    assert joined.report(scan(2, joined.now)).further_scan_after == timedelta(seconds=40)


def test_parked_closing_deals_are_applied_in_order(joined: JournalBench, order: Order) -> None:
    first = leaving(order, DEAL + 1, volume="0.1", reason="CLIENT")
    last = leaving(order, DEAL + 2, volume="0.2", reason="TP")
    joined.report(last, first, deal(order, volume="0.1"), deal(order, DEAL + 3, volume="0.2"))
    assert joined.rows("SELECT state, volume_out FROM positions") == [("CLOSED", "0.3")]
    assert joined.rows("SELECT count(*) FROM deals WHERE disposition = 'PARKED'") == [(0,)]


def test_parked_closing_deals_are_emitted_in_the_order_of_their_tickets(
    joined: JournalBench, order: Order
) -> None:
    first = leaving(order, DEAL + 1, volume="0.1", reason="CLIENT")
    last = leaving(order, DEAL + 2, volume="0.2", reason="TP")
    joined.report(last, first, deal(order))
    assert joined.emitted()[-3:] == ["ORDER_PARTIAL_FILL", "TP_TRIGGERED", "POSITION_CLOSED"]


def test_late_commission_changes_the_sums_and_is_emitted_once(joined: JournalBench, order: Order) -> None:
    joined.report(deal(order), leaving(order))
    emitted = joined.rows("SELECT key, body FROM events")
    for _ in range(2):
        joined.report(deal(order, commission=Decimal("-0.95")))
    assert joined.rows("SELECT commission, volume_in, state FROM positions") == [("-1.65", "0.3", "CLOSED")]
    assert joined.rows("SELECT commission, client_order_id FROM deals WHERE ticket = ?", DEAL) == [
        ("-0.95", order.client_order_id)
    ]
    [*before, (_, body)] = joined.rows("SELECT key, body FROM events")
    assert before == emitted
    revision = json.loads(body)
    assert (revision["event_type"], revision["action"], revision["deal_id"], revision["commission"]) == (
        "ORDER_FILLED",
        "REVISION",
        str(DEAL),
        0.95,
    )
    assert {"fill_price", "fill_quantity"}.isdisjoint(revision)


def test_deal_annulled_by_the_broker_is_raised(joined: JournalBench, order: Order) -> None:
    joined.report(deal(order))
    for _ in range(2):
        joined.report(deal(order, type="BUY_CANCELED"))
    [raised] = joined.bodies("BROKER_ERROR")
    assert (raised["error_code"], raised["deal_id"], raised["directive_id"]) == (
        "DEAL_CANCELLED",
        str(DEAL),
        "dir-1",
    )
    assert joined.rows("SELECT state, volume_in, volume_out, close_reason FROM positions") == [
        ("CLOSED", "0", "0", "CANCELLED")
    ]
    # An emitted fill is not taken back.
    assert joined.directive_state() == "FILLED"
    assert joined.bodies("SYSTEM_ERROR") == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"volume": "0.2"}, "its volume was 0.3 and is 0.2"),
        ({"type": "SELL"}, "its type was BUY and is SELL"),
        ({"entry": DealEntry.OUT}, "its entry was IN and is OUT"),
        ({"position_id": POSITION + 1}, f"its position_id was {POSITION} and is {POSITION + 1}"),
    ],
)
def test_deal_rewritten_by_the_broker_counts_as_it_was_and_is_raised(
    joined: JournalBench, order: Order, change: dict[str, str], named: str
) -> None:
    joined.report(deal(order))
    for _ in range(2):
        joined.report(deal(order, **change))
    [raised] = joined.bodies("SYSTEM_ERROR")
    assert raised["error_code"] == "REPORT_UNUSABLE"
    assert raised["error_message"].endswith(f"deal {DEAL} counts already, and {named}")
    assert joined.rows("SELECT state, volume_in, volume_out FROM positions") == [("OPEN", "0.3", "0")]
    assert joined.rows("SELECT volume, disposition FROM deals") == [("0.3", "APPLIED")]


def test_foreign_deals_are_stored_and_emit_nothing(joined: JournalBench, order: Order) -> None:
    theirs = deal(order, magic=0, position_id=1)
    balance = deal(order, DEAL + 1, magic=0, position_id=0, type="BALANCE", symbol="", volume="0")
    joined.report(theirs, balance)
    assert joined.rows("SELECT disposition FROM deals") == [("FOREIGN",)] * 2
    assert joined.rows("SELECT count(*) FROM positions") == [(0,)]
    assert joined.emitted() == ["DIRECTIVE_RECEIVED"] and joined.emitted(None) == []


def test_deal_with_an_id_of_ours_and_no_command_is_parked(joined: JournalBench, order: Order) -> None:
    joined.report(deal(order, DEAL + 2, magic=order.client_order_id + 1, position_id=2))
    assert joined.rows("SELECT disposition FROM deals") == [("PARKED",)]
    assert joined.rows("SELECT count(*) FROM positions") == [(0,)]
    assert joined.emitted() == ["DIRECTIVE_RECEIVED"] and joined.emitted(None) == []


@pytest.mark.parametrize(
    "change",
    [
        {"symbol": "GBPUSD"},
        {"type": "SELL"},
        {"reason": "CLIENT"},
        {"entry": DealEntry.INOUT},
        {"type": "CREDIT"},
    ],
    ids=lambda change: "-".join(map(str, change.values())),
)
def test_deal_that_contradicts_its_command_is_kept_and_raised(
    joined: JournalBench, order: Order, change: dict[str, Any]
) -> None:
    assert joined.report(deal(order, **change)).quarantined == 1
    assert joined.rows("SELECT disposition FROM deals") == [("UNUSABLE",)]
    assert joined.command_state(order.client_order_id) == "DISPATCHED"
    assert [event["error_code"] for event in joined.bodies("SYSTEM_ERROR")] == ["REPORT_UNUSABLE"]


def test_position_seen_before_its_opening_deal_has_the_present_levels(
    joined: JournalBench, order: Order
) -> None:
    joined.report(standing(order, stop_loss="1.0850"))
    joined.report(deal(order))
    joined.report(standing(order, stop_loss="1.0850"))
    assert joined.rows("SELECT stop_loss FROM positions") == [("1.0850",)]


def test_watermark_moves_forward_only(joined: JournalBench) -> None:
    for counter, minutes in enumerate((10, 5, 20)):
        assert joined.report(scan(counter, NOW + timedelta(minutes=minutes))).scanned
    marks = joined.rows("SELECT watermark_server_ms FROM officers WHERE officer = ?", OFFICER)
    assert marks == [(server_ms(NOW + timedelta(minutes=20)),)]
    joined.report(scan(9, NOW))
    assert joined.rows("SELECT watermark_server_ms FROM officers WHERE officer = ?", OFFICER) == marks


def test_only_a_completed_scan_moves_the_watermark(joined: JournalBench, order: Order) -> None:
    """Reports that a scan did not deliver may be older than its newest: the next must begin there again."""
    joined.report(scan(1))
    joined.later(60)
    joined.report(
        submitted(order), result(order), seen(order), deal(order, time_server_ms=server_ms(joined.now))
    )
    joined.report(standing(order), ConnectionReport(instance_id=INSTANCE_ID, counter=1, up=False))
    assert joined.join().watermark_server_ms == server_ms(NOW)
    assert joined.join().watermark_server_ms == server_ms(NOW)


def test_repeated_scan_counts_as_a_scan(joined: JournalBench) -> None:
    assert [joined.report(scan(1)).scanned for _ in range(2)] == [True, True]
    assert not joined.report_raw(b"[]").scanned


def test_cancelled_order_that_is_partly_filled_ends_its_command_as_cancelled(
    joined: JournalBench, order: Order
) -> None:
    joined.report(result(order), deal(order, volume="0.1"), seen(order, OrderState.CANCELED, left="0.2"))
    assert joined.command_state(order.client_order_id) == "CANCELLED"
    assert joined.directive_state() == "PARTIAL"
    assert joined.emitted()[-1] == "ORDER_CANCELLED"


def test_broker_connection_and_troubles_are_emitted_once_each(joined: JournalBench) -> None:
    down = ConnectionReport(instance_id=INSTANCE_ID, counter=1, up=False, message="no network")
    up = ConnectionReport(instance_id=INSTANCE_ID, counter=2, up=True)
    trouble = TroubleReport(
        instance_id=INSTANCE_ID, counter=3, code="AUTOTRADING_OFF", message="switch AutoTrading on"
    )
    joined.report(down, up, trouble)
    joined.report(down, up, trouble)
    assert joined.emitted(None) == ["CONNECTION_LOST", "CONNECTION_RESTORED", "SYSTEM_ERROR"]


def test_refusal_is_emitted_with_the_retcode(joined: JournalBench, order: Order) -> None:
    joined.report(submitted(order), result(order, 10019))
    [rejected] = joined.bodies("ORDER_REJECTED")
    assert rejected["error_code"] == "10019" and "NO_MONEY" in rejected["error_message"]
    assert joined.directive_state() == "REJECTED"


def test_timeout_is_no_rejection_and_its_deal_resolves_it(joined: JournalBench, order: Order) -> None:
    joined.report(submitted(order), result(order, 10012))
    assert joined.command_state(order.client_order_id) == "UNRESOLVED"
    joined.report(deal(order))
    assert joined.directive_state() == "FILLED"
    emitted = ["DIRECTIVE_RECEIVED", "BROKER_ERROR", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]
    assert joined.emitted() == emitted


def test_ledger_mark_never_goes_back(joined: JournalBench, order: Order) -> None:
    joined.report(submitted(order, mark=9), stage(CommandStage.RESULT, order, mark=4, retcode=10009))
    assert joined.rows("SELECT ledger_mark FROM officers WHERE officer = ?", OFFICER) == [(9,)]


@pytest.mark.parametrize(
    "change",
    [
        {"time_server_ms": 2**53 - 1},
        {"time_server_ms": 0},
        {"ticket": 2**63 - 1},
        {"order": 2**63 - 1},
        {"volume": Decimal("99999999999.9")},
        {"price": Decimal("99999999999.9"), "comment": "\u2028 \U0001f4b0"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_deal_at_the_bounds_of_its_type_is_applied(
    joined: JournalBench, order: Order, change: dict[str, Any]
) -> None:
    applied = joined.report(deal(order, **change), leaving(order))
    assert applied.acked == 2


def test_sum_beyond_the_bounds_of_one_amount_is_stored(joined: JournalBench, order: Order) -> None:
    most = Decimal("999999999999")
    applied = joined.report(deal(order, profit=most), leaving(order, profit=most))
    assert applied.acked == 2


def test_broker_time_is_converted_with_the_offset_in_force_then(joined: JournalBench, order: Order) -> None:
    joined.later(7200)
    joined.journal.note_offset(OFFICER, 10_800, joined.now)
    joined.report(deal(order), leaving(order, time_server_ms=server_ms(joined.now) + 3_600_000))
    times = joined.rows("SELECT done_at FROM deals ORDER BY ticket")
    assert times == [("2026-01-05T10:00:00.000Z",), ("2026-01-05T12:00:00.000Z",)]
