"""Write-off: a position that the broker no longer has and whose close no deal shows is ended by an operator."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import PositionReport
from bridge.core.trade.comparison import Thing
from bridge.core.units.mt5_terms import DealEntry, MarginMode
from bridge.journal.operator.writeoff import CannotWriteOffError, UnscannedError, WrittenOff
from bridge.journal.views import lists
from bridge.journal.views.status import status

from .bench import ACCOUNT, OFFICER, JournalBench, closing, directive, limit, server_ms
from .reports import DEAL, ORDER, POSITION, TIMEOUT, booked, deal, leaving, result, scan, standing, submitted

RESCAN_S = 60.0
"""Interval of the terminal's scans."""
NOTE = "the broker deleted it, says its support"


def shown(order: Order, volume: str = "0.3", **changes: object) -> PositionReport:
    """The position as the broker shows it, last changed by its opening deal."""
    fields: dict[str, object] = {"updated_server_ms": server_ms()}
    return msgspec.structs.replace(standing(order, volume=volume), **(fields | changes))


def opened(bench: JournalBench, directive_id: str = "dir-1") -> Order:
    """A position of ours is open, at the broker as in the journal, and a scan has listed it."""
    [command] = bench.sent(directive(directive_id))
    bench.report(submitted(command.order), result(command.order), deal(command.order))
    bench.report(shown(command.order), scan(1, bench.now, POSITION, orders=()))
    return command.order


def scans(bench: JournalBench, first: int, last: int, *positions: int) -> None:
    """Let scans pass, one each minute, that list these positions and no order."""
    for number in range(first, last + 1):
        bench.later(RESCAN_S)
        bench.report(scan(number, bench.now, *positions, orders=()))


def written_off(bench: JournalBench, *, look: bool = False) -> WrittenOff:
    return bench.journal.write_off(
        OFFICER, bench.now, thing=Thing.POSITION, number=POSITION, note=NOTE, look=look
    )


def raised(bench: JournalBench) -> list[str]:
    with lists.reading(bench.path) as db:
        return [each.code for each in status(db, bench.path).mismatches]


def test_position_that_vanished_without_a_deal_is_closed_and_reported_without_a_price(
    joined: JournalBench,
) -> None:
    opened(joined)
    scans(joined, 2, 4)
    assert raised(joined) == ["POSITION_MISMATCH"]
    done = written_off(joined)
    assert [(lot.directive_id, lot.volume) for lot in done.lots] == [("dir-1", Decimal("0.3"))]
    [body] = joined.bodies("POSITION_CLOSED")
    assert (body["directive_id"], body["event_class"]) == ("dir-1", "INFO")
    assert (body["error_code"], body["close_reason"]) == ("CLOSED_WITHOUT_DEAL", "WRITTEN_OFF")
    assert "0.3 lots are closed without a deal" in body["error_message"]
    assert NOTE in body["error_message"]
    # The commission of its opening is booked; what it earned is not known.
    assert body["commission"] == 0.7
    assert {"fill_price", "fill_quantity", "profit"} & body.keys() == set()
    assert raised(joined) == []
    assert joined.rows("SELECT state, close_reason FROM positions") == [("CLOSED", "WRITTEN_OFF")]
    scans(joined, 5, 8)
    assert raised(joined) == []
    assert joined.emitted()[-1] == "POSITION_CLOSED"
    audited = joined.rows("SELECT subject, body FROM audit WHERE kind = 'operator'")
    assert [row[0] for row in audited] == ["writeoff"] and NOTE in audited[0][1]


def test_profit_of_deals_that_are_known_is_reported(joined: JournalBench) -> None:
    order = opened(joined)
    later = server_ms() + 1_000
    joined.report(leaving(order, volume=Decimal("0.1"), reason="CLIENT", time_server_ms=later))
    scans(joined, 2, 4)
    assert written_off(joined).lots[0].volume == Decimal("0.2")
    [body] = joined.bodies("POSITION_CLOSED")
    assert (body["profit"], body.get("fill_price")) == (-1.5, None)
    assert "0.2 lots are closed without a deal" in body["error_message"]


def test_look_changes_nothing_and_shows_what_the_broker_has(joined: JournalBench) -> None:
    order = opened(joined)
    other = standing(order, identifier=POSITION + 5, volume="0.7")
    joined.report(msgspec.structs.replace(other, magic=0))
    scans(joined, 2, 4, POSITION + 5)
    before = joined.rows("SELECT count(*) FROM audit")
    assert written_off(joined, look=True).shown == [f"{POSITION + 5} BUY 0.7"]
    assert joined.rows("SELECT count(*) FROM audit") == before
    assert raised(joined) == ["POSITION_MISMATCH"]


def test_position_that_the_last_scan_lists_is_refused(joined: JournalBench) -> None:
    opened(joined)
    with pytest.raises(CannotWriteOffError, match=r"is at the broker \(BUY 0.3 lots in EURUSD\)"):
        written_off(joined)
    scans(joined, 2, 4)
    scans(joined, 5, 5, POSITION)
    with pytest.raises(CannotWriteOffError, match="is at the broker"):
        written_off(joined)
    assert joined.bodies("POSITION_CLOSED") == []


def test_position_that_is_missing_for_one_scan_is_refused(joined: JournalBench) -> None:
    opened(joined)
    scans(joined, 2, 2)
    with pytest.raises(CannotWriteOffError, match="not been missing at the broker for long enough"):
        written_off(joined)


def test_position_is_refused_while_no_scan_of_the_session_is_known(joined: JournalBench) -> None:
    opened(joined)
    scans(joined, 2, 4)
    joined.join()
    with pytest.raises(UnscannedError, match="no scan of the present session"):
        written_off(joined)
    scans(joined, 5, 5)
    written_off(joined)
    assert raised(joined) == []


def test_unknown_and_closed_positions_are_refused(joined: JournalBench) -> None:
    order = opened(joined)
    assert joined.journal.officers_with([OFFICER], Thing.POSITION, POSITION + 1) == []
    joined.report(leaving(order, time_server_ms=server_ms() + 1))
    with pytest.raises(CannotWriteOffError, match="is closed in the journal already"):
        written_off(joined)


def test_deal_that_becomes_known_later_counts_and_is_reported(joined: JournalBench) -> None:
    order = opened(joined)
    scans(joined, 2, 4)
    written_off(joined)
    joined.report(leaving(order, time_server_ms=server_ms() + 1))
    *_, body = joined.bodies("POSITION_CLOSED")
    assert (body["fill_quantity"], body["profit"], body["close_reason"]) == (0.3, -1.5, "SL")
    assert joined.rows("SELECT state, volume_out FROM positions") == [("CLOSED", "0.3")]
    scans(joined, 5, 8)
    assert raised(joined) == []


def test_position_that_is_shown_again_is_reported_and_open_again(joined: JournalBench) -> None:
    order = opened(joined)
    scans(joined, 2, 4)
    written_off(joined)
    joined.report(shown(order))
    scans(joined, 5, 7, POSITION)
    assert "has no lots open in" in joined.bodies("SYSTEM_ERROR")[-1]["error_message"]
    assert joined.rows("SELECT state, close_reason FROM positions") == [("OPEN", "")]
    # Its deals explain it again.
    assert raised(joined) == []
    [close] = joined.sent(closing(expires_at="2026-01-05T11:00:00Z"))
    assert close.order.volume == Decimal("0.3")


def test_position_without_a_known_deal_is_ended_and_nothing_is_reported(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order, TIMEOUT), shown(command.order))
    scans(joined, 1, 1, POSITION)
    scans(joined, 2, 4)
    assert raised(joined) == ["POSITION_MISMATCH"]
    written_off(joined)
    scans(joined, 5, 7)
    assert raised(joined) == []
    assert joined.bodies("POSITION_CLOSED") == []
    joined.report(deal(command.order))
    assert joined.emitted()[-1] == "POSITION_OPENED"


def test_each_lot_of_a_netted_position_is_reported_under_its_directive(bench: JournalBench) -> None:
    bench.join(account=msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING))
    for number, name in enumerate(("dir-1", "dir-2")):
        [command] = bench.sent(directive(name))
        bench.report(
            submitted(command.order),
            result(command.order),
            deal(command.order, DEAL + number, position_id=POSITION, entry=DealEntry.IN),
        )
    bench.report(shown(command.order, "0.6"), scan(1, bench.now, POSITION, orders=()))
    scans(bench, 2, 4)
    assert [lot.directive_id for lot in written_off(bench).lots] == ["dir-1", "dir-2"]
    assert [body["directive_id"] for body in bench.bodies("POSITION_CLOSED")] == ["dir-1", "dir-2"]
    # A manual position of the same number is nobody's of ours.
    bench.report(shown(command.order, "0.1", magic=0))
    scans(bench, 5, 7, POSITION)
    assert raised(bench) == []


def test_order_that_vanished_without_a_record_is_cancelled_once_it_was_raised(joined: JournalBench) -> None:
    def ended() -> WrittenOff:
        return joined.journal.write_off(OFFICER, joined.now, thing=Thing.ORDER, number=ORDER, note=NOTE)

    [command] = joined.sent(limit())
    joined.report(result(command.order), booked(command.order), scan(1, joined.now, orders=(ORDER,)))
    with pytest.raises(CannotWriteOffError, match=f"order {ORDER} has not been missing"):
        ended()
    scans(joined, 2, 4)
    assert raised(joined) == ["POSITION_MISMATCH"]
    assert [lot.side for lot in ended().lots] == ["BUY_LIMIT"]
    [body] = joined.bodies("ORDER_CANCELLED")
    assert NOTE in body["error_message"] and "is ended without a record" in body["error_message"]
    assert joined.command_state(command.order.client_order_id) == "CANCELLED"
    scans(joined, 5, 7)
    assert raised(joined) == []
    with pytest.raises(CannotWriteOffError, match="is not on the book in the journal"):
        ended()
    # Its deal still counts, should it become known.
    joined.report(deal(command.order))
    assert joined.emitted("dir-limit")[-1] == "POSITION_OPENED"
