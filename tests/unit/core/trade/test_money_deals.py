"""Every deal type, entry and reason of the MQL5 reference has a treatment; money booked as a deal counts."""

import itertools
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.director.contract import EventType
from bridge.core.link.reports import DealReport
from bridge.core.trade.apply_deals import apply_deal
from bridge.core.trade.position_book import PositionBook
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import Disposition, Outcome, PositionRecord
from bridge.core.trade.revise_deals import revise_deal
from bridge.core.units.mt5_terms import DealEntry, DealTreatment, DealType
from bridge.simulator.mt5 import constants
from tests.unit.core.samples import CLIENT_ORDER_ID, DEAL_IN, OPEN, POSITION, QUARANTINED, SCENE, whole

ZERO = Decimal(0)
FIELDS = {
    "COMMISSION": "commission",
    "COMMISSION_DAILY": "commission",
    "COMMISSION_MONTHLY": "commission",
    "COMMISSION_AGENT_DAILY": "commission",
    "COMMISSION_AGENT_MONTHLY": "commission",
    "CHARGE": "fee",
    "DEAL_TAX": "fee",
    "INTEREST": "swap",
    "CORRECTION": "profit",
    "BALANCE": "profit",
    "DEAL_DIVIDEND": "profit",
    "DEAL_DIVIDEND_FRANKED": "profit",
}
"""Total of the position that the amount of such a deal counts for."""
ACCOUNT = ("CREDIT", "BONUS")
TRADES = ("BUY", "SELL", "BUY_CANCELED", "SELL_CANCELED")
MONEY = (*FIELDS, *ACCOUNT)
TYPES = [type.name for type in constants.DealType]
CLOSED = msgspec.structs.replace(
    QUARANTINED, state=PositionState.CLOSED, volume_out=QUARANTINED.volume_in, price_close=Decimal("1.1")
)


def money(type: str, amount: str = "-1.25", position: int = POSITION, **changes: object) -> DealReport:
    """A deal of money as MetaTrader books it: the amount is its profit."""
    plain = msgspec.structs.replace(
        DEAL_IN,
        ticket=9500,
        order=0,
        position_id=position,
        type=type,
        reason="CLIENT",
        magic=0,
        volume=ZERO,
        price=ZERO,
        commission=ZERO,
        profit=Decimal(amount),
    )
    return msgspec.structs.replace(plain, **changes)


def book(*lots: PositionRecord, netting: bool = False, foreign: Decimal = ZERO) -> PositionBook:
    others = msgspec.structs.replace(whole(DEAL_IN, 0), volume=foreign)
    return PositionBook(
        lots=lots,
        allocations={lot.client_order_id: [whole(DEAL_IN, lot.client_order_id)] for lot in lots},
        began={lot.client_order_id: DEAL_IN.ticket for lot in lots},
        foreign=[others] if foreign else (),
        netting=netting,
    )


def apply(report: DealReport, known: PositionBook) -> Outcome:
    return apply_deal(report, command=None, command_deals=(), book=known, scene=SCENE)


def test_types_and_entries_are_those_of_the_reference() -> None:
    assert [type.value for type in DealType] == TYPES
    assert [entry.value for entry in DealEntry] == [entry.name for entry in constants.DealEntry]
    assert sorted(TYPES) == sorted((*MONEY, *TRADES))
    assert {type for type in DealType if type.treatment is DealTreatment.ACCOUNT} == set(ACCOUNT)


@pytest.mark.parametrize("type", FIELDS)
def test_money_counts_in_the_total_of_its_type(type: str) -> None:
    outcome = apply(money(type), book(QUARANTINED))
    assert (outcome.disposition, outcome.events) == (Disposition.APPLIED, ())
    (after,) = outcome.positions
    assert (after.volume, after.state) == (QUARANTINED.volume, PositionState.OPEN)
    for field in ("commission", "swap", "profit", "fee"):
        booked = Decimal("-1.25") if field == FIELDS[type] else ZERO
        assert getattr(after, field) == getattr(whole(DEAL_IN), field) + booked


@pytest.mark.parametrize("type", FIELDS)
def test_money_after_the_close_is_emitted_as_a_revision(type: str) -> None:
    leaving = msgspec.structs.replace(whole(DEAL_IN), entry=DealEntry.OUT)
    closed = msgspec.structs.replace(book(CLOSED), allocations={CLIENT_ORDER_ID: [whole(DEAL_IN), leaving]})
    outcome = apply(money(type), closed)
    assert [after.state for after in outcome.positions] == [PositionState.CLOSED]
    (event,) = outcome.events
    body = event.event
    assert (body.event_type, body.action, body.directive_id) == (
        EventType.ORDER_FILLED,
        "REVISION",
        "dir-open",
    )
    paid = Decimal("1.25") if FIELDS[type] in ("commission", "fee") else Decimal("-1.25")
    assert getattr(body, FIELDS[type]) == paid
    assert (body.fill_quantity, body.fill_price) == (None, None)


@pytest.mark.parametrize("type", MONEY)
@pytest.mark.parametrize("reason", [reason.name for reason in constants.DealReason])
def test_money_of_the_account_or_of_a_foreign_position_raises_nothing(type: str, reason: str) -> None:
    for entry, magic in itertools.product(DealEntry, (0, CLIENT_ORDER_ID)):
        report = money(type, reason=reason, entry=entry, magic=magic)
        unnamed = msgspec.structs.replace(report, position_id=0)
        assert apply(unnamed, book()).disposition is Disposition.FOREIGN
        assert apply(unnamed, book(QUARANTINED)).disposition is Disposition.FOREIGN
        # It counts once the position's opening is known to be ours.
        expected = Disposition.FOREIGN if type in ACCOUNT else Disposition.PARKED
        assert apply(report, book()).disposition is expected
        expected = Disposition.FOREIGN if type in ACCOUNT else Disposition.APPLIED
        assert apply(report, book(QUARANTINED)).disposition is expected


@pytest.mark.parametrize("netting", [False, True])
@pytest.mark.parametrize("reason", [reason.name for reason in constants.DealReason])
def test_each_trade_of_the_reference_has_an_outcome(reason: str, netting: bool) -> None:
    for side, entry, magic in itertools.product(("BUY", "SELL"), DealEntry, (0, CLIENT_ORDER_ID)):
        report = msgspec.structs.replace(
            DEAL_IN, ticket=9900, type=side, entry=entry, reason=reason, magic=magic
        )
        for known in (book(netting=netting), book(QUARANTINED, netting=netting)):
            command = OPEN if magic else None
            outcome = apply_deal(report, command=command, command_deals=(), book=known, scene=SCENE)
            if outcome.disposition is Disposition.UNUSABLE:
                reverses = entry is DealEntry.INOUT and not netting
                assert reverses or (magic and entry is DealEntry.IN), (report, outcome.note)
                assert outcome.note


def test_unknown_type_is_raised_where_it_names_a_position_of_ours() -> None:
    assert apply(money("DEAL_TYPE_99"), book(QUARANTINED)).disposition is Disposition.UNUSABLE
    assert apply(money("DEAL_TYPE_99"), book()).disposition is Disposition.FOREIGN


@given(
    amount=st.decimals(Decimal(-1000), Decimal(1000), places=2),
    volumes=st.lists(st.decimals(Decimal("0.01"), Decimal(5), places=2), min_size=1, max_size=4),
    foreign=st.decimals(ZERO, Decimal(5), places=2),
    now=st.decimals(Decimal(-1000), Decimal(1000), places=2),
)
def test_shared_money_is_divided_without_remainder_and_stays_divided_when_it_is_revised(
    amount: Decimal, volumes: list[Decimal], foreign: Decimal, now: Decimal
) -> None:
    lots = [
        msgspec.structs.replace(QUARANTINED, client_order_id=number, volume_in=volume)
        for number, volume in enumerate(volumes, start=1)
    ]
    known = book(*lots, netting=True, foreign=foreign)
    report = money("CHARGE", str(amount))
    outcome = apply(report, known)
    assert sum(each.fee for each in outcome.allocations) == amount
    assert {each.client_order_id for each in outcome.allocations} <= {*range(1, 5), 0}
    for each in outcome.allocations:
        volume = foreign if not each.client_order_id else volumes[each.client_order_id - 1]
        exact = amount * volume / (sum(volumes) + foreign)
        assert abs(each.fee - exact) <= Decimal("0.05")
    revised = revise_deal(
        msgspec.structs.replace(report, profit=now),
        report,
        allocations=outcome.allocations,
        book=known,
        maker=None,
        scene=SCENE,
    )
    assert revised.disposition is Disposition.APPLIED
    assert sum(each.fee for each in revised.allocations) == now
    assert all(not each.volume for each in revised.allocations)
