"""Both ways at every scan: what the broker shows and what the journal has, for positions and orders."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import DealReport, NotSentReason, PositionReport
from bridge.core.units.mt5_terms import DealEntry, OrderState
from bridge.journal.views import lists
from bridge.journal.views.status import status

from .bench import OFFICER, JournalBench, closing, directive, limit, server_ms
from .reports import (
    DEAL,
    ORDER,
    POSITION,
    TIMEOUT,
    absent,
    booked,
    deal,
    leaving,
    not_sent,
    result,
    scan,
    standing,
    submitted,
)

NONCE = "0f" * 8
RESCAN_S = 60.0
"""Interval of the terminal's scans."""


def opened(bench: JournalBench, directive_id: str = "dir-1") -> Order:
    """A position of ours is open, at the broker as in the journal, and a scan has listed it."""
    [command] = bench.sent(directive(directive_id))
    bench.report(submitted(command.order), result(command.order), deal(command.order))
    bench.report(shown(command.order), scan(1, bench.now, POSITION, orders=()))
    return command.order


def shown(order: Order, volume: str = "0.3", **changes: object) -> PositionReport:
    """The position as the broker shows it, last changed by its opening deal."""
    report = standing(order, volume=volume, stop_loss="1.09")
    fields: dict[str, object] = {"updated_server_ms": server_ms()}
    return msgspec.structs.replace(report, **(fields | changes))


def scans(bench: JournalBench, first: int, last: int, *, positions: tuple[int, ...] = (POSITION,)) -> None:
    """Let scans pass, one each minute, that list these positions and no order."""
    for number in range(first, last + 1):
        bench.later(RESCAN_S)
        bench.report(scan(number, bench.now, *positions, orders=()))


def raised(bench: JournalBench, code: str = "POSITION_MISMATCH") -> list[str]:
    return [body["error_message"] for body in bench.bodies("SYSTEM_ERROR") if body["error_code"] == code]


def standing_mismatches(bench: JournalBench) -> list[tuple[str, str]]:
    """Return field and code of each difference that is an action required."""
    return bench.rows("SELECT field, code FROM raised_mismatches ORDER BY field")


def flattened(bench: JournalBench) -> list[Order]:
    bench.journal.flatten(OFFICER, bench.now, nonce=NONCE, why="out")
    return [command.order for command in bench.advance()]


def volume_of(bench: JournalBench) -> list[tuple[str, str, str, str]]:
    return bench.rows("SELECT state, volume_in, volume_out, volume_corrected FROM positions")


def counts(bench: JournalBench) -> tuple[str, int, int, int]:
    """Return state and volumes of the one lot; the volumes in tenths of a lot."""
    [(state, *volumes)] = volume_of(bench)
    put_on, taken_off, corrected = (int(Decimal(volume) * 10) for volume in volumes)
    return state, put_on, taken_off, corrected


# A swap by reopening


def reopening(order: Order, ticket: int, entry: DealEntry, **changes: Any) -> DealReport:
    """One of the two deals by which the server reopens the position."""
    fields: dict[str, Any] = {
        "order": 0,
        "type": order.side if entry is DealEntry.IN else order.side.opposite,
        "entry": entry,
        "reason": "ROLLOVER",
        "swap": Decimal("-0.40") if entry is DealEntry.OUT else Decimal(0),
        "profit": Decimal("3.10") if entry is DealEntry.OUT else Decimal(0),
        "commission": Decimal(0),
        "position_id": POSITION,
    }
    return deal(order, ticket, **(fields | changes))


@pytest.mark.parametrize("magic", [True, False])
@pytest.mark.parametrize("turned", [True, False])
def test_position_reopened_for_its_swap_stays_open_under_its_directive(
    joined: JournalBench, magic: bool, turned: bool
) -> None:
    order = opened(joined)
    client_order_id = order.client_order_id if magic else 0
    pair = [
        reopening(order, DEAL + 1, DealEntry.OUT, magic=client_order_id),
        reopening(order, DEAL + 2, DealEntry.IN, magic=client_order_id),
    ]
    for each in reversed(pair) if turned else pair:
        joined.report(each)
    joined.report(shown(order, ticket=POSITION + 1))
    scans(joined, 2, 4)
    assert "POSITION_CLOSED" not in joined.emitted()
    assert joined.rows(
        "SELECT state, volume_in, volume_out, volume_reopened, swap, profit FROM positions"
    ) == [("OPEN", "0.3", "0", "0.0", "-0.40", "3.10")]
    booked_anew = [body for body in joined.bodies("ORDER_FILLED") if body.get("action") == "REVISION"]
    assert [body.get("profit") for body in booked_anew if body.get("swap")] == [3.1]
    assert standing_mismatches(joined) == []
    [close] = joined.sent(closing(expires_at="2026-01-05T11:00:00Z"))
    assert (close.order.position, close.order.volume) == (POSITION, Decimal("0.3"))
    joined.report(deal(close.order, DEAL + 3, profit=Decimal("1.00")))
    [closed] = joined.bodies("POSITION_CLOSED")
    assert (closed["fill_quantity"], closed["profit"], closed["swap"]) == (0.3, 4.1, -0.4)


def test_flatten_closes_a_position_reopened_for_its_swap(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(reopening(order, DEAL + 1, DealEntry.OUT), reopening(order, DEAL + 2, DealEntry.IN))
    [close] = flattened(joined)
    assert (close.position, close.volume) == (POSITION, Decimal("0.3"))


def test_split_by_deals_changes_the_volume_and_closes_nothing(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(
        reopening(order, DEAL + 1, DealEntry.OUT, reason="SPLIT"),
        reopening(order, DEAL + 2, DealEntry.IN, reason="SPLIT", volume=Decimal("0.6")),
        shown(order, "0.6"),
    )
    scans(joined, 2, 4)
    assert raised(joined) == []
    [close] = flattened(joined)
    assert close.volume == Decimal("0.6")


def test_position_that_the_server_does_not_open_anew_is_closed_once_it_is_not_shown(
    joined: JournalBench,
) -> None:
    order = opened(joined)
    joined.report(reopening(order, DEAL + 1, DealEntry.OUT))
    joined.report(scan(2, joined.now, orders=()))
    assert "POSITION_CLOSED" not in joined.emitted()
    scans(joined, 3, 4, positions=())
    [closed] = joined.bodies("POSITION_CLOSED")
    assert (closed["close_reason"], closed["profit"]) == ("ROLLOVER", 3.1)
    assert raised(joined) == []


# Volume without a deal


@pytest.mark.parametrize("volume", ["0.6", "0.1"])
def test_volume_changed_without_a_deal_is_raised_and_what_is_there_is_closed(
    joined: JournalBench, volume: str
) -> None:
    order = opened(joined)
    joined.report(shown(order, volume))
    scans(joined, 2, 5)
    [message] = raised(joined)
    assert f"0.3 lots open in position {POSITION}, and the broker {volume}" in message
    assert standing_mismatches(joined) == [("VOLUME", "POSITION_MISMATCH")]
    [close] = joined.sent(closing(expires_at="2026-01-05T11:00:00Z"))
    assert close.order.volume == Decimal(volume)
    later = server_ms(joined.now)
    joined.report(result(close.order), deal(close.order, DEAL + 1, time_server_ms=later))
    assert joined.emitted()[-1] != "POSITION_CLOSED"
    [closed] = joined.bodies("POSITION_CLOSED")
    assert (closed["directive_id"], closed["fill_quantity"]) == ("dir-close", float(volume))
    scans(joined, 6, 6, positions=())
    assert standing_mismatches(joined) == []
    assert [row[0] for row in volume_of(joined)] == ["CLOSED"]


def test_close_before_the_difference_is_raised_closes_what_is_shown(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(shown(order, "0.6"))
    [close] = joined.sent(closing())
    assert close.order.volume == Decimal("0.6")
    # The broker's own time of the position's last deal says that no deal is missing.
    joined.report(result(close.order), deal(close.order, DEAL + 1, time_server_ms=server_ms() + 1))
    [closed] = joined.bodies("POSITION_CLOSED")
    assert closed["fill_quantity"] == 0.6
    scans(joined, 2, 4, positions=())
    assert standing_mismatches(joined) == []


def test_close_of_volume_whose_deal_may_be_missing_counts_once_the_history_is_whole(
    joined: JournalBench,
) -> None:
    order = opened(joined)
    joined.report(shown(order, "0.6", updated_server_ms=server_ms() + 1))
    [close] = joined.sent(closing())
    assert close.order.volume == Decimal("0.6")
    joined.report(result(close.order), deal(close.order, DEAL + 1, time_server_ms=server_ms() + 2))
    assert joined.bodies("POSITION_CLOSED") == []
    scans(joined, 2, 4, positions=())
    [closed] = joined.bodies("POSITION_CLOSED")
    assert closed["fill_quantity"] == 0.6
    assert standing_mismatches(joined) == []


def test_late_deal_explains_the_difference_and_ends_it(joined: JournalBench) -> None:
    order = opened(joined)
    reduced = server_ms() + 1_000
    joined.report(shown(order, "0.2", updated_server_ms=reduced))
    scans(joined, 2, 4)
    assert len(raised(joined)) == 1
    assert volume_of(joined) == [("OPEN", "0.3", "0", "-0.1")]
    joined.report(leaving(order, volume=Decimal("0.1"), reason="CLIENT", time_server_ms=reduced))
    assert volume_of(joined) == [("OPEN", "0.3", "0.1", "0.0")]
    scans(joined, 5, 5)
    assert standing_mismatches(joined) == []
    assert "POSITION_CLOSED" not in joined.emitted()


def test_difference_that_changes_is_raised_again_and_a_past_value_too(joined: JournalBench) -> None:
    order = opened(joined)
    for volume, number in (("0.6", 2), ("0.7", 4), ("0.6", 6)):
        joined.report(shown(order, volume))
        scans(joined, number, number + 1)
    theirs = [message.partition(", and the broker ")[2][:3] for message in raised(joined)]
    assert theirs == ["0.6", "0.7", "0.6"]


# Ownership


def test_position_whose_deals_have_closed_it_is_ours_again_where_the_broker_shows_it(
    joined: JournalBench,
) -> None:
    order = opened(joined)
    joined.report(leaving(order, time_server_ms=server_ms() + 1))
    assert joined.emitted()[-1] == "POSITION_CLOSED"
    joined.report(shown(order, updated_server_ms=server_ms() + 2))
    [early] = flattened(joined)
    assert (early.position, early.volume, early.opener) == (POSITION, Decimal("0.3"), order.client_order_id)
    scans(joined, 2, 4)
    [message] = raised(joined)
    assert "no lots open in" in message
    assert volume_of(joined) == [("OPEN", "0.3", "0.3", "0.3")]
    assert standing_mismatches(joined) == [("EXISTENCE", "POSITION_MISMATCH")]
    scans(joined, 5, 5)
    assert len(raised(joined)) == 1


def test_position_with_our_id_and_no_deal_is_an_orphan_and_is_closed(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order, TIMEOUT), shown(command.order))
    scans(joined, 1, 3)
    [message] = raised(joined, "ORPHAN")
    assert f"no deal of position {POSITION}" in message
    assert standing_mismatches(joined) == [("OWNER", "ORPHAN")]
    with lists.reading(joined.path) as db:
        [row] = status(db, joined.path).mismatches
    assert (row.code, row.number, row.shown) == ("ORPHAN", POSITION, 1)
    [close] = flattened(joined)
    assert (close.position, close.volume) == (POSITION, Decimal("0.3"))
    joined.report(deal(command.order))
    scans(joined, 4, 4)
    assert standing_mismatches(joined) == []
    assert volume_of(joined)[0][:2] == ("OPEN", "0.3")


def test_position_closed_before_its_opening_deal_is_known_is_reported_opened_and_closed(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order), shown(command.order))
    [close] = flattened(joined)
    joined.report(deal(close, DEAL + 1))
    assert joined.emitted()[-1] == "ORDER_PLACED"
    # While its opening deal is awaited, a search of the history that finds nothing shows nothing.
    joined.later(3600)
    joined.report(absent(command.order, request_no=1), absent(command.order, request_no=2))
    joined.report(deal(command.order))
    assert joined.emitted()[-3:] == ["ORDER_FILLED", "POSITION_OPENED", "POSITION_CLOSED"]
    assert volume_of(joined) == [("CLOSED", "0.3", "0.3", "0.0")]


@pytest.mark.parametrize("closed_again", [False, True])
def test_volume_that_was_shown_is_explained_by_the_annulment_that_is_reported_after_it(
    joined: JournalBench, closed_again: bool
) -> None:
    order = opened(joined)
    first = leaving(order, time_server_ms=server_ms(joined.now))
    joined.report(first)
    assert counts(joined) == ("CLOSED", 3, 3, 0)
    # The broker annuls the close, and shows the position; its history is late.
    joined.report(shown(order, updated_server_ms=server_ms(joined.now)))
    scans(joined, 2, 4)
    assert counts(joined) == ("OPEN", 3, 3, 3)
    if closed_again:
        joined.report(leaving(order, DEAL + 200, order=ORDER + 200, time_server_ms=server_ms(joined.now)))
        assert counts(joined) == ("CLOSED", 3, 6, 3)
    joined.report(msgspec.structs.replace(first, type=f"{first.type}_CANCELED", profit=Decimal(0)))
    expected = ("CLOSED", 3, 3, 0) if closed_again else ("OPEN", 3, 0, 0)
    assert counts(joined) == expected
    scans(joined, 5, 6, positions=() if closed_again else (POSITION,))
    assert counts(joined) == expected
    assert standing_mismatches(joined) == []


def test_volume_that_no_deal_explains_is_gone_once_its_absence_has_lasted(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(leaving(order, time_server_ms=server_ms(joined.now)))
    joined.report(shown(order, updated_server_ms=server_ms(joined.now)))
    scans(joined, 2, 4)
    assert counts(joined) == ("OPEN", 3, 3, 3)
    scans(joined, 5, 5, positions=())
    # A terminal that has just started may not have its list yet.
    assert counts(joined) == ("OPEN", 3, 3, 3)
    scans(joined, 6, 7, positions=())
    assert counts(joined) == ("CLOSED", 3, 3, 0)
    # Its last deal closed it, and that was reported.
    assert joined.emitted().count("POSITION_CLOSED") == 1
    assert standing_mismatches(joined) == []


def test_order_with_our_id_that_the_journal_has_as_ended_is_an_orphan_and_is_cancelled(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(limit())
    order = command.order
    joined.report(result(order), booked(order))
    joined.report(booked(order, state=OrderState.CANCELED, time_done_server_ms=server_ms()))
    for number in range(1, 4):
        joined.report(scan(number, joined.now, orders=(ORDER,)))
        joined.later(RESCAN_S)
    assert standing_mismatches(joined) == [("OWNER", "ORPHAN")]
    [cancel] = flattened(joined)
    assert (cancel.kind, cancel.order, cancel.opener) == ("CANCEL", ORDER, order.client_order_id)
    scans(joined, 4, 4, positions=())
    assert standing_mismatches(joined) == []


def test_order_of_ours_that_the_broker_does_not_have_is_raised_and_not_cancelled(
    joined: JournalBench,
) -> None:
    [command] = joined.sent(limit())
    joined.report(result(command.order), booked(command.order))
    scans(joined, 1, 3, positions=())
    [message] = raised(joined)
    assert "has no such order" in message
    assert flattened(joined) == []


def test_position_that_one_scan_lacks_ends_no_flatten(joined: JournalBench) -> None:
    opened(joined)
    scans(joined, 2, 2, positions=())
    [close] = flattened(joined)
    joined.report(not_sent(close, NotSentReason.NO_POSITION))
    joined.later(10)
    # The terminal's list was not there yet.
    assert joined.advance() != []
    found = "SELECT state FROM directives WHERE directive_id LIKE 'operator:flatten%' ORDER BY id"
    assert ("DONE",) not in joined.rows(found)


def test_position_that_the_broker_does_not_have_is_raised_and_not_closed(joined: JournalBench) -> None:
    opened(joined)
    scans(joined, 2, 4, positions=())
    [message] = raised(joined)
    assert "has no such position" in message
    assert flattened(joined) == []
    assert joined.sent(closing()) == []
    [refused] = joined.bodies("ORDER_REJECTED")
    assert refused["error_code"] == "NO_POSITION"


# A symbol that is renamed


@pytest.mark.parametrize("named", ["EURUSD", "EURUSD.r"])
@pytest.mark.parametrize("target", [None, "dir-1"])
def test_position_in_a_renamed_symbol_is_closed_by_either_name(
    joined: JournalBench, named: str, target: str | None
) -> None:
    order = opened(joined)
    joined.report(shown(order, symbol="EURUSD.r"))
    [close] = joined.sent(closing(symbol=named, target_directive_id=target))
    assert (close.order.symbol, close.order.position) == ("EURUSD.r", POSITION)
    joined.report(result(close.order), deal(close.order, DEAL + 1))
    assert joined.emitted("dir-close")[-1] == "POSITION_CLOSED"


def test_flatten_names_position_and_order_by_the_new_name_of_their_symbol(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(shown(order, symbol="EURUSD.r"))
    [waiting] = joined.sent(limit())
    joined.report(result(waiting.order), booked(waiting.order, ticket=8700))
    joined.report(booked(waiting.order, ticket=8700, symbol="EURUSD.r"))
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    planned = [(each.order.kind, each.order.symbol) for each in joined.advance()]
    assert planned == [(CommandKind.CANCEL, "EURUSD.r"), (CommandKind.CLOSE, "EURUSD.r")]


def test_position_that_the_terminal_cannot_close_is_an_action_required_until_it_is_closed(
    joined: JournalBench,
) -> None:
    def unclosable() -> list[int]:
        with lists.reading(joined.path) as db:
            return [row.identifier for row in status(db, joined.path).unclosable]

    order = opened(joined)
    joined.report(shown(order, symbol="EURUSD.r"))
    [close] = joined.sent(closing())
    joined.report(not_sent(close.order, NotSentReason.SYMBOL, message="there is no quote for EURUSD.r"))
    assert unclosable() == [POSITION]
    [again] = joined.sent(closing("dir-again"))
    assert unclosable() == []
    joined.report(result(again.order), deal(again.order, DEAL + 1))
    assert unclosable() == []


def test_close_planned_by_the_old_name_counts_under_the_new_one(joined: JournalBench) -> None:
    opened(joined)
    [close] = joined.sent(closing())
    joined.report(result(close.order), deal(close.order, DEAL + 1, symbol="EURUSD.r"))
    assert joined.emitted("dir-close")[-1] == "POSITION_CLOSED"
    assert joined.bodies("SYSTEM_ERROR") == []


def test_history_under_a_new_name_emits_nothing(joined: JournalBench) -> None:
    order = opened(joined)
    before = joined.rows("SELECT count(*) FROM events")
    joined.report(deal(order, symbol="EURUSD.r"))
    assert joined.rows("SELECT count(*) FROM events") == before
    assert joined.rows("SELECT symbol FROM deals") == [("EURUSD.r",)]


def test_pending_order_in_a_renamed_symbol_is_ours(joined: JournalBench) -> None:
    [command] = joined.sent(limit())
    joined.report(result(command.order), booked(command.order))
    joined.report(booked(command.order, symbol="EURUSD.r", stop_loss=Decimal("1.06")))
    assert joined.bodies("SYSTEM_ERROR") == []
    joined.report(deal(command.order, symbol="EURUSD.r"))
    assert joined.emitted("dir-limit")[-1] == "POSITION_OPENED"
