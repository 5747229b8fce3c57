"""Deals, positions and troubles, applied one at a time."""

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import EventType
from bridge.core.link.messages import ProtocolError
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    ConnectionReport,
    DealReport,
    OrderReport,
    PositionReport,
    TroubleReport,
    decode_report,
    encode_report,
)
from bridge.core.trade.apply_deals import apply_deal
from bridge.core.trade.apply_positions import apply_position
from bridge.core.trade.apply_reports import apply_connection, apply_trouble
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.position_book import PositionBook
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import CommandRecord, Disposition, Outcome, PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry, OrderState, Side
from tests.unit.core.book import Book
from tests.unit.core.generate import amounts, instances
from tests.unit.core.samples import (
    CLIENT_ORDER_ID,
    CLOSE,
    DEAL_IN,
    DEAL_OUT,
    NOW,
    OFFICER,
    OPEN,
    ORDER,
    POSITION,
    QUARANTINED,
    SCENE,
    whole,
)

E, S = EventType, CommandState


def apply(
    report: DealReport, command: CommandRecord | None, position: PositionRecord | None, *before: DealReport
) -> Outcome:
    return apply_deal(
        report,
        command=command,
        command_deals=[deal for deal in before if deal.magic == report.magic],
        book=PositionBook(
            lots=[position] if position else [],
            allocations={position.client_order_id: [whole(deal) for deal in before]} if position else {},
            began={position.client_order_id: DEAL_IN.ticket} if position else {},
        ),
        scene=SCENE,
    )


def test_a_whole_fill_fills_the_command_and_opens_the_position_with_its_levels() -> None:
    outcome = apply(DEAL_IN, OPEN, None)
    assert outcome.command is not None
    assert (outcome.command.state, outcome.command.filled) == (S.FILLED, Decimal("0.30"))
    assert (outcome.command.order_ticket, outcome.command.position_id) == (8001, POSITION)
    assert outcome.positions == (
        msgspec.structs.replace(QUARANTINED, opened_at=NOW, commission=Decimal("-0.10")),
    )
    assert outcome.allocations == (whole(DEAL_IN),)
    assert [new_event.event.event_type for new_event in outcome.events] == [
        E.ORDER_PLACED,
        E.ORDER_FILLED,
        E.POSITION_OPENED,
    ]
    assert {new_event.event.occurred_at for new_event in outcome.events} == {NOW}


def test_the_fill_is_whole_once_the_sum_of_the_deals_reaches_the_volume() -> None:
    parts = [
        msgspec.structs.replace(DEAL_IN, ticket=9001 + number, volume=Decimal(volume))
        for number, volume in enumerate(("0.10", "0.1", "0.100"))
    ]
    states = [apply(part, OPEN, QUARANTINED, *parts[:number]) for number, part in enumerate(parts)]
    assert [outcome.command and outcome.command.state for outcome in states] == [
        S.PARTIAL,
        S.PARTIAL,
        S.FILLED,
    ]


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("symbol", "GBPUSD", "its symbol is GBPUSD, not EURUSD"),
        ("type", "SELL", "its type is SELL, not BUY"),
        ("reason", "MOBILE", "its reason is MOBILE, not EXPERT"),
    ],
)
def test_deal_that_contradicts_its_command_is_unusable(field: str, value: str, says: str) -> None:
    outcome = apply(msgspec.structs.replace(DEAL_IN, **{field: value}), OPEN, None)
    assert outcome.disposition is Disposition.UNUSABLE
    assert says in outcome.note
    assert (outcome.command, outcome.positions, outcome.events) == (None, (), ())


@pytest.mark.parametrize(
    ("kind", "entry", "command", "position", "disposition"),
    [
        ("BUY", DealEntry.IN, None, None, Disposition.FOREIGN),
        ("BUY", DealEntry.IN, None, QUARANTINED, Disposition.FOREIGN),
        ("BALANCE", DealEntry.IN, None, None, Disposition.FOREIGN),
        ("BUY_CANCELED", DealEntry.IN, OPEN, None, Disposition.UNUSABLE),
        ("BUY_CANCELED", DealEntry.OUT, None, QUARANTINED, Disposition.UNUSABLE),
        ("SELL", DealEntry.OUT, None, None, Disposition.PARKED),
        ("SELL", DealEntry.OUT, CLOSE, None, Disposition.PARKED),
        ("SELL", DealEntry.OUT_BY, None, None, Disposition.PARKED),
        ("SELL", DealEntry.INOUT, None, None, Disposition.FOREIGN),
        ("SELL", DealEntry.INOUT, OPEN, None, Disposition.UNUSABLE),
        ("SELL", DealEntry.INOUT, None, QUARANTINED, Disposition.UNUSABLE),
    ],
)
def test_foreign_deal_changes_nothing(
    kind: str,
    entry: DealEntry,
    command: CommandRecord | None,
    position: PositionRecord | None,
    disposition: Disposition,
) -> None:
    outcome = apply(msgspec.structs.replace(DEAL_IN, type=kind, entry=entry), command, position)
    assert outcome.disposition is disposition
    assert (outcome.command, outcome.positions, outcome.events) == (None, (), ())
    assert bool(outcome.note) is (disposition is Disposition.UNUSABLE)


def test_more_than_is_open_waits_for_a_further_entry() -> None:
    more = msgspec.structs.replace(DEAL_OUT, volume=Decimal("0.31"))
    assert apply(more, CLOSE, QUARANTINED, DEAL_IN) == Outcome(disposition=Disposition.PARKED)


# Ends of a position: the deal's reason, the close's client order id or 0, and the events with their directives.
LEAVINGS: list[tuple[str, int, str, list[tuple[str, str]]]] = [
    (
        "EXPERT",
        CLOSE.client_order_id,
        "0.30",
        [("dir-close", E.ORDER_PLACED), ("dir-close", E.ORDER_FILLED), ("dir-close", E.POSITION_CLOSED)],
    ),
    (
        "EXPERT",
        CLOSE.client_order_id,
        "0.10",
        [("dir-close", E.ORDER_PLACED), ("dir-close", E.ORDER_PARTIAL_FILL)],
    ),
    ("EXPERT", 0, "0.30", [("dir-open", E.POSITION_CLOSED)]),
    ("SL", 0, "0.30", [("dir-open", E.SL_TRIGGERED), ("dir-open", E.POSITION_CLOSED)]),
    ("TP", 0, "0.30", [("dir-open", E.TP_TRIGGERED), ("dir-open", E.POSITION_CLOSED)]),
    ("SL", OPEN.client_order_id, "0.30", [("dir-open", E.SL_TRIGGERED), ("dir-open", E.POSITION_CLOSED)]),
    ("TP", CLOSE.client_order_id, "0.30", [("dir-open", E.TP_TRIGGERED), ("dir-open", E.POSITION_CLOSED)]),
    ("SO", 0, "0.30", [("dir-open", E.POSITION_CLOSED)]),
    ("CLIENT", 0, "0.30", [("dir-open", E.POSITION_CLOSED)]),
    ("A_NEW_REASON", 0, "0.30", [("dir-open", E.POSITION_CLOSED)]),
    ("SL", 0, "0.10", [("dir-open", E.ORDER_PARTIAL_FILL)]),
    ("CLIENT", 0, "0.10", [("dir-open", E.ORDER_PARTIAL_FILL)]),
]


@pytest.mark.parametrize(("reason", "client_order_id", "volume", "emitted"), LEAVINGS)
def test_a_position_is_left_under_the_directive_that_did_it_else_under_its_opener(
    reason: str, client_order_id: int, volume: str, emitted: list[tuple[str, str]]
) -> None:
    book = Book(OPEN, CLOSE).take([DEAL_IN])
    opened = len(book.events)
    book.take(
        [msgspec.structs.replace(DEAL_OUT, reason=reason, magic=client_order_id, volume=Decimal(volume))]
    )
    assert book.emitted[opened:] == emitted
    position = book.positions[POSITION]
    whole = volume == "0.30"
    assert position.state is (PositionState.CLOSED if whole else PositionState.OPEN)
    assert position.volume == Decimal("0.30") - Decimal(volume)
    assert position.close_reason == (reason if whole else "")
    assert position.closed_at == (NOW if whole else None)
    by_command = emitted[0][0] == "dir-close"
    assert book.commands[CLOSE.client_order_id].state is (
        S.DISPATCHED if not by_command else S.FILLED if whole else S.PARTIAL
    )
    for new_event in book.events[opened:]:
        if by_command and new_event.event.event_type is not E.ORDER_PLACED:
            assert new_event.event.opening_directive_id == "dir-open"


def test_a_close_of_another_position_is_not_ours() -> None:
    other = msgspec.structs.replace(CLOSE, order=msgspec.structs.replace(CLOSE.order, position=1))
    outcome = apply(DEAL_OUT, other, QUARANTINED, DEAL_IN)
    assert outcome.command is None
    assert [new_event.event.directive_id for new_event in outcome.events] == ["dir-open"]


def test_the_totals_of_a_position_are_the_sums_of_all_its_deals() -> None:
    more = msgspec.structs.replace(DEAL_IN, ticket=9002, volume=Decimal("0.10"), price=Decimal("1.0991"))
    out = msgspec.structs.replace(DEAL_OUT, volume=Decimal("0.15"), fee=Decimal("-0.01"))
    rest = msgspec.structs.replace(out, ticket=9102, volume=Decimal("0.25"), price=Decimal("1.1011"))
    big = msgspec.structs.replace(OPEN, order=msgspec.structs.replace(OPEN.order, volume=Decimal("0.40")))
    position = Book(big).take([DEAL_IN, more, out, rest]).positions[POSITION]
    assert (position.volume_in, position.volume_out, position.volume) == (
        Decimal("0.40"),
        Decimal("0.40"),
        ZERO,
    )
    assert (position.price_open, position.price_close) == (Decimal("1.0961"), Decimal("1.0996"))
    assert (position.commission, position.swap) == (Decimal("-0.40"), Decimal("-1.00"))
    assert (position.profit, position.fee) == (Decimal("12.00"), Decimal("-0.02"))
    assert position.state is PositionState.CLOSED


STANDS = PositionReport(
    identifier=POSITION,
    ticket=1,
    symbol="EURUSD",
    side=Side.BUY,
    volume=Decimal("0.05"),
    price_open=Decimal("1.0951"),
    stop_loss=Decimal("1.0940"),
)
SEEN = msgspec.structs.replace(QUARANTINED, stop_loss=Decimal("1.0940"), take_profit=None, levels_seen=1)


@pytest.mark.parametrize(
    ("asked", "there", "emitted"),
    [
        (("1.0940", None), ("1.0940", None), False),
        # Nobody saw it: whether it was ever there is asked elsewhere.
        (("1.0940", "1.1000"), (None, None), False),
        # Others of the same netted position have it.
        ((None, None), ("1.0940", "1.1000"), False),
        (("1.0900", None), ("1.0940", None), True),
        (("1.0940", "1.1000"), ("1.0940", "1.1010"), True),
    ],
)
@pytest.mark.parametrize("explained", [False, True])
def test_first_sight_of_a_position_emits_levels_other_than_requested(
    asked: tuple[str | None, str | None], there: tuple[str | None, str | None], emitted: bool, explained: bool
) -> None:
    wanted, seen = ([Decimal(level) if level else None for level in pair] for pair in (asked, there))
    part = msgspec.structs.replace(QUARANTINED, stop_loss=wanted[0], take_profit=wanted[1])
    stands = msgspec.structs.replace(STANDS, stop_loss=seen[0], take_profit=seen[1])
    outcome = apply_position(stands, [part], SCENE, explained=explained)
    [after] = outcome.positions
    assert [after.stop_loss, after.take_profit] == seen
    assert after.levels_seen == 1
    assert [new_event.event.action for new_event in outcome.events] == (
        ["CHANGED"] if emitted and not explained else []
    )


def test_levels_that_were_seen_already_are_no_news() -> None:
    assert apply_position(STANDS, [SEEN], SCENE, explained=False) == Outcome(disposition=Disposition.APPLIED)


@pytest.mark.parametrize(
    ("stop_loss", "take_profit", "emitted"),
    [("1.0930", None, ("1.0930", "0")), (None, None, ("0", "0")), ("1.0940", "1.1010", ("1.0940", "1.1010"))],
)
def test_levels_changed_by_a_manual_trade_are_emitted_together(
    stop_loss: str | None, take_profit: str | None, emitted: tuple[str, str]
) -> None:
    changed = msgspec.structs.replace(
        STANDS,
        stop_loss=Decimal(stop_loss) if stop_loss else None,
        take_profit=Decimal(take_profit) if take_profit else None,
    )
    outcome = apply_position(changed, [SEEN], SCENE, explained=False)
    (part,) = outcome.positions
    assert (part.stop_loss, part.take_profit, part.levels_seen) == (changed.stop_loss, changed.take_profit, 2)
    (new_event,) = outcome.events
    assert new_event.subject == f"position:{POSITION}:levels:2"
    event = new_event.event
    assert (event.event_type, event.directive_id, event.action) == (E.ORDER_PLACED, "dir-open", "CHANGED")
    assert (str(event.stop_loss), str(event.take_profit)) == emitted
    # A change that a directive requested is emitted for its command.
    explained = apply_position(changed, [SEEN], SCENE, explained=True)
    assert explained == msgspec.structs.replace(outcome, events=())


def test_levels_of_a_shared_position_reach_every_lot_and_opener() -> None:
    other = msgspec.structs.replace(SEEN, client_order_id=CLIENT_ORDER_ID + 7, directive_id="dir-other")
    new = msgspec.structs.replace(
        QUARANTINED, client_order_id=CLIENT_ORDER_ID + 8, directive_id="dir-new", stop_loss=None
    )
    changed = msgspec.structs.replace(STANDS, stop_loss=Decimal("1.0930"))
    outcome = apply_position(changed, [SEEN, other, new], SCENE, explained=False)
    assert [part.stop_loss for part in outcome.positions] == [Decimal("1.0930")] * 3
    assert [new_event.event.directive_id for new_event in outcome.events] == ["dir-open", "dir-other"]


def test_closed_position_keeps_its_last_levels() -> None:
    closed = msgspec.structs.replace(SEEN, volume_out=SEEN.volume_in)
    changed = msgspec.structs.replace(STANDS, stop_loss=None)
    assert apply_position(changed, [closed], SCENE, explained=False) == Outcome(
        disposition=Disposition.APPLIED
    )


def test_a_position_seen_that_is_not_ours_is_left_alone() -> None:
    assert apply_position(STANDS, [], SCENE, explained=False) == Outcome(disposition=Disposition.FOREIGN)


def test_connection_and_trouble_are_emitted_at_once() -> None:
    down = apply_connection(ConnectionReport(instance_id="a" * 32, counter=1, up=False), SCENE)
    trouble = apply_trouble(TroubleReport(instance_id="a" * 32, counter=2, code="X", message="m"), SCENE)
    for outcome, emitted in ((down, E.CONNECTION_LOST), (trouble, E.SYSTEM_ERROR)):
        assert outcome.disposition is Disposition.APPLIED
        (new_event,) = outcome.events
        assert (new_event.event.event_type, new_event.event.reported_by) == (emitted, OFFICER)
        assert new_event.event.occurred_at == NOW


ANY = st.one_of(
    [
        instances(cls)
        for cls in (CommandReport, OrderReport, DealReport, PositionReport, ConnectionReport, TroubleReport)
    ]
)
NEAR_DEALS = st.builds(
    lambda deal, like, ticket, entry, volume: msgspec.structs.replace(
        like,
        ticket=ticket,
        entry=entry,
        volume=volume,
        price=deal.price,
        time_server_ms=deal.time_server_ms,
    ),
    instances(DealReport),
    st.sampled_from(
        [
            DEAL_IN,
            DEAL_OUT,
            msgspec.structs.replace(DEAL_OUT, magic=0, reason="CLIENT"),
            msgspec.structs.replace(DEAL_IN, type="BUY_CANCELED"),
        ]
    ),
    st.integers(9001, 9008),
    st.sampled_from(DealEntry),
    st.sampled_from([Decimal("0.10"), Decimal("0.30"), Decimal(0)]) | amounts.map(abs),
)
NEAR_ORDERS = st.builds(
    lambda state, left: msgspec.structs.replace(ORDER, state=state, volume_current=left),
    st.sampled_from(OrderState),
    amounts.map(abs),
)
STATES = st.sampled_from([state for state in CommandState if state is not S.DONE])


@given(st.lists(ANY | NEAR_DEALS | NEAR_ORDERS, max_size=10), STATES, STATES, st.booleans(), st.booleans())
def test_whatever_a_terminal_may_report_has_an_outcome(
    reports: list[AnyReport], opening: CommandState, closing: CommandState, held: bool, netting: bool
) -> None:
    book = Book(
        msgspec.structs.replace(OPEN, state=opening),
        msgspec.structs.replace(CLOSE, state=closing),
        netting=netting,
    )
    book.take([DEAL_IN] if held else [])
    for report in reports:
        try:
            read = decode_report(encode_report(report))
        except ProtocolError:
            continue
        book.take([read])
    book.complete()
    # An annulled opening may leave more closed than was opened; nothing is open then.
    assert all(part.volume >= 0 for part in book.parts.values() if part.state is PositionState.OPEN)


def test_a_deal_of_the_furthest_time_has_an_outcome() -> None:
    """One report with a broken clock must not stop all reports behind it."""
    outcome = apply(msgspec.structs.replace(DEAL_IN, time_server_ms=2**53 - 1), OPEN, None)
    assert outcome.command is not None and outcome.command.state is S.FILLED


def test_the_close_is_dated_by_the_broker_in_utc() -> None:
    later = msgspec.structs.replace(DEAL_OUT, time_server_ms=DEAL_OUT.time_server_ms + 1500)
    book = Book(OPEN, CLOSE).take([DEAL_IN, later])
    assert book.positions[POSITION].closed_at == NOW + timedelta(seconds=1.5)
    assert book.events[-1].event.occurred_at == NOW + timedelta(seconds=1.5)
