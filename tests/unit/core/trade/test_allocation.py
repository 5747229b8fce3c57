"""Allocation of a deal: each rule, and the laws that hold for every deal."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.reports import DealReport
from bridge.core.trade.allocation import Lot, allocate, reopen, revise
from bridge.core.trade.records import Allocation, CommandRecord
from bridge.core.units.mt5_terms import DealEntry
from tests.unit.core.samples import CLOSE, DEAL_IN, OPEN, whole

OURS = 11
"""Client order id of the command that makes the deal."""


def deal(entry: DealEntry, volume: str, *, reason: str = "EXPERT", ticket: int = 100) -> DealReport:
    return msgspec.structs.replace(DEAL_IN, ticket=ticket, entry=entry, volume=Decimal(volume), reason=reason)


def made_by(record: CommandRecord, **changes: object) -> CommandRecord:
    order = msgspec.structs.replace(record.order, client_order_id=OURS, **changes)
    return msgspec.structs.replace(record, order=order)


def split(
    report: DealReport,
    command: CommandRecord | None,
    lots: str,
    foreign: str = "0",
    *,
    complete: bool = False,
) -> str | None:
    """Return the allocations as 'id entry volume, ...'. `lots` is 'id volume since' each, oldest first."""
    ours = []
    for lot in filter(None, lots.split(", ")):
        client_order_id, volume, since = lot.split()
        ours.append(Lot(int(client_order_id), Decimal(volume), int(since)))
    allocations = allocate(report, command, ours, Decimal(foreign), complete=complete)
    if allocations is None:
        return None
    return ", ".join(
        f"{allocation.client_order_id} {allocation.entry} {allocation.volume}" for allocation in allocations
    )


IN, OUT, INOUT, BY = DealEntry.IN, DealEntry.OUT, DealEntry.INOUT, DealEntry.OUT_BY
OPENS = made_by(OPEN)
CLOSES = made_by(CLOSE, opener=2)
CLOSES_ANY = made_by(CLOSE, opener=0)
CLOSES_OLD = made_by(CLOSE, opener=9)

RULES: list[tuple[str, DealReport, CommandRecord | None, str, str, bool, str | None]] = [
    # rule, deal, who made it, our lots, what is not ours, whether all before is known; the shares
    ("1 ours puts on", deal(IN, "0.3"), OPENS, "", "0", False, "11 IN 0.3"),
    ("1 beside others", deal(IN, "0.3"), OPENS, "2 0.5 1", "7", False, "11 IN 0.3"),
    ("1 a stranger puts on", deal(IN, "0.3"), None, "2 0.5 1", "0", False, "0 IN 0.3"),
    ("2 the part that was meant", deal(OUT, "0.2"), CLOSES, "1 0.5 1, 2 0.5 2", "9", False, "2 OUT 0.2"),
    (
        "2 then the oldest",
        deal(OUT, "0.9"),
        CLOSES,
        "1 0.3 1, 2 0.5 2, 3 0.4 3",
        "9",
        False,
        "2 OUT 0.5, 1 OUT 0.3, 3 OUT 0.1",
    ),
    ("2 then what is not ours", deal(OUT, "0.6"), CLOSES, "2 0.5 2", "9", False, "2 OUT 0.5, 0 OUT 0.1"),
    (
        "2 without an opener",
        deal(OUT, "0.6"),
        CLOSES_ANY,
        "1 0.5 1, 2 0.5 2",
        "9",
        False,
        "1 OUT 0.5, 2 OUT 0.1",
    ),
    (
        "2 an opener that is gone",
        deal(OUT, "0.6"),
        CLOSES_OLD,
        "1 0.5 1, 2 0.5 2",
        "0",
        False,
        "1 OUT 0.5, 2 OUT 0.1",
    ),
    (
        "3 by hand: not ours first",
        deal(OUT, "0.4", reason="CLIENT"),
        None,
        "1 0.5 1",
        "0.5",
        False,
        "0 OUT 0.4",
    ),
    (
        "3 then ours, the oldest first",
        deal(OUT, "0.9", reason="MOBILE"),
        None,
        "1 0.3 1, 2 0.5 2",
        "0.5",
        False,
        "0 OUT 0.5, 1 OUT 0.3, 2 OUT 0.1",
    ),
    ("3 another program", deal(OUT, "0.4"), None, "1 0.5 1", "0.5", False, "0 OUT 0.4"),
    (
        "3 closed by an opposite one",
        deal(BY, "0.4", reason="CLIENT"),
        None,
        "1 0.5 1",
        "0",
        False,
        "1 OUT 0.4",
    ),
    *(
        (
            f"4 {reason} ends all",
            deal(OUT, "1.3", reason=reason),
            None,
            "1 0.3 1, 2 0.5 2",
            "0.5",
            False,
            "1 OUT 0.3, 2 OUT 0.5, 0 OUT 0.5",
        )
        for reason in ("SL", "TP", "SO")
    ),
    (
        "4 a stop-out of a part",
        deal(OUT, "0.4", reason="SO"),
        None,
        "1 0.3 1, 2 0.5 2",
        "0.5",
        False,
        "1 OUT 0.3, 2 OUT 0.1",
    ),
    (
        "4 an opposite open of ours",
        deal(OUT, "0.4"),
        OPENS,
        "1 0.3 1, 2 0.5 2",
        "0.5",
        False,
        "1 OUT 0.3, 2 OUT 0.1",
    ),
    (
        "5 a reversal by ours",
        deal(INOUT, "1.0"),
        OPENS,
        "1 0.3 1, 2 0.2 2",
        "0.1",
        False,
        "1 OUT 0.3, 2 OUT 0.2, 0 OUT 0.1, 11 IN 0.4",
    ),
    (
        "5 a reversal by hand",
        deal(INOUT, "1.0", reason="CLIENT"),
        None,
        "1 0.3 1",
        "0.1",
        False,
        "0 OUT 0.1, 1 OUT 0.3, 0 IN 0.6",
    ),
    ("5 a close that came too late", deal(IN, "0.3"), CLOSES, "", "0", False, "11 IN 0.3"),
    (
        "5 a close that was too much",
        deal(INOUT, "0.5"),
        CLOSES,
        "2 0.2 2",
        "0",
        False,
        "2 OUT 0.2, 11 IN 0.3",
    ),
    # What is not known yet is waited for, until everything is.
    ("wait: nothing known", deal(OUT, "0.3"), CLOSES, "", "0", False, None),
    ("wait: too little known", deal(OUT, "0.6", reason="SL"), None, "1 0.3 1", "0.2", False, None),
    ("wait: a reversal that closes more", deal(INOUT, "0.5"), OPENS, "1 0.5 1", "0", False, None),
    ("wait: ours began later", deal(OUT, "0.3", ticket=100), CLOSES, "2 0.3 101", "0", False, None),
    (
        "all known: nobody's of ours",
        deal(OUT, "0.6", reason="SL"),
        None,
        "1 0.3 1",
        "0.2",
        True,
        "1 OUT 0.3, 0 OUT 0.3",
    ),
    ("all known: before our time", deal(OUT, "0.3", ticket=100), None, "2 0.3 101", "0", True, "0 OUT 0.3"),
    # A part that is closed already has nothing to give.
    ("an empty part", deal(OUT, "0.3"), CLOSES_ANY, "1 0 1, 2 0.3 2", "0", False, "2 OUT 0.3"),
]


@pytest.mark.parametrize(
    ("report", "command", "lots", "foreign", "complete", "allocations"),
    [pytest.param(*row[1:], id=row[0]) for row in RULES],
)
def test_each_rule(
    report: DealReport,
    command: CommandRecord | None,
    lots: str,
    foreign: str,
    complete: bool,
    allocations: str | None,
) -> None:
    assert split(report, command, lots, foreign, complete=complete) == allocations


def money(allocations: Sequence[Allocation], field: str) -> list[str]:
    return [str(getattr(allocation, field)) for allocation in allocations]


def test_money_goes_by_volume_to_the_cent_and_what_rounding_leaves_to_the_last() -> None:
    report = msgspec.structs.replace(
        deal(OUT, "0.3", reason="SL"),
        commission=Decimal("-0.10"),
        swap=Decimal("-1"),
        profit=Decimal("100.01"),
        fee=Decimal("-0.001"),
    )
    allocations = allocate(
        report, None, [Lot(n, Decimal("0.1"), n) for n in (1, 2, 3)], Decimal(0), complete=False
    )
    assert allocations is not None
    assert money(allocations, "commission") == ["-0.03", "-0.03", "-0.04"]
    assert money(allocations, "swap") == ["-0.33", "-0.33", "-0.34"]
    assert money(allocations, "profit") == ["33.34", "33.34", "33.33"]
    assert money(allocations, "fee") == ["0.000", "0.000", "-0.001"]


def test_profit_goes_to_the_closed_volume_and_costs_to_both() -> None:
    report = msgspec.structs.replace(
        deal(INOUT, "0.4"),
        commission=Decimal("-0.40"),
        swap=Decimal("-2"),
        profit=Decimal("9"),
        fee=Decimal("-0.04"),
    )
    allocations = allocate(report, OPENS, [Lot(1, Decimal("0.3"), 1)], Decimal(0), complete=False)
    assert allocations is not None
    assert [(allocation.client_order_id, allocation.entry) for allocation in allocations] == [
        (1, OUT),
        (OURS, IN),
    ]
    assert money(allocations, "commission") == ["-0.30", "-0.10"]
    assert money(allocations, "swap") == ["-2.00", "0.00"]
    assert money(allocations, "profit") == ["9.00", "0.00"]
    assert money(allocations, "fee") == ["-0.03", "-0.01"]


def test_a_deal_of_one_keeps_its_money_to_the_digit() -> None:
    report = msgspec.structs.replace(deal(IN, "0.3"), commission=Decimal("-0.123"))
    assert allocate(report, OPENS, [], Decimal(0), complete=False) == (whole(report, OURS),)


VOLUMES = st.integers(1, 500).map(lambda each: Decimal(each) / 100)
MONEY = st.builds(
    lambda digits, places: Decimal(digits).scaleb(-places), st.integers(-(10**6), 10**6), st.integers(0, 4)
)
LOTS = st.lists(st.tuples(VOLUMES, st.integers(1, 120)), max_size=5).map(
    lambda lots: [Lot(number, volume, since) for number, (volume, since) in enumerate(lots, 1)]
)
REPORTS = st.builds(
    lambda entry, reason, volume, commission, swap, profit, fee: msgspec.structs.replace(
        DEAL_IN,
        ticket=100,
        entry=entry,
        reason=reason,
        volume=volume,
        commission=commission,
        swap=swap,
        profit=profit,
        fee=fee,
    ),
    st.sampled_from(DealEntry),
    st.sampled_from(["EXPERT", "CLIENT", "SL", "TP", "SO", "NEWER"]),
    VOLUMES,
    MONEY,
    MONEY,
    MONEY,
    MONEY,
)
MAKERS = st.sampled_from([None, OPENS, CLOSES, CLOSES_ANY, CLOSES_OLD])


def test_the_flatten_button_takes_what_is_ours() -> None:
    pressed = msgspec.structs.replace(deal(OUT, "0.3"), magic=0, comment="flatten")
    assert split(pressed, None, "2 0.3 1", "0.5") == "2 OUT 0.3"
    # Another program that happens to have no magic is a stranger all the same.
    other = msgspec.structs.replace(pressed, comment="close all")
    assert split(other, None, "2 0.3 1", "0.5") == "0 OUT 0.3"


@given(REPORTS, MAKERS, LOTS, st.just(Decimal(0)) | VOLUMES, st.booleans())
def test_allocations_are_the_deal_to_the_last_digit_and_take_no_part_below_nothing(
    report: DealReport,
    command: CommandRecord | None,
    lots_before: list[Lot],
    foreign: Decimal,
    complete: bool,
) -> None:
    allocations = allocate(report, command, lots_before, foreign, complete=complete)
    if allocations is None:
        assert report.entry is not IN
        assert report.entry is INOUT or not complete
        return
    for field in ("volume", "commission", "swap", "profit", "fee"):
        assert sum(getattr(allocation, field) for allocation in allocations) == getattr(report, field)
    assert {allocation.price for allocation in allocations} == {report.price}
    for allocation in allocations:
        assert allocation.volume > 0
        assert allocation.entry in (IN, OUT)
        if allocation.entry is IN:
            assert allocation.client_order_id == (command.client_order_id if command else 0)
    there = {lot.client_order_id: lot for lot in lots_before}
    for client_order_id in {
        allocation.client_order_id for allocation in allocations if allocation.entry is OUT
    } - {0}:
        taken = sum(
            allocation.volume
            for allocation in allocations
            if allocation.client_order_id == client_order_id and allocation.entry is OUT
        )
        assert taken <= there[client_order_id].volume
        assert there[client_order_id].since < report.ticket
    if report.entry is INOUT:
        # A reversal leaves nothing of what was there.
        closed = sum(allocation.volume for allocation in allocations if allocation.entry is OUT)
        assert closed == foreign + sum(each.volume for each in lots_before if each.since < report.ticket)


@given(REPORTS, LOTS, VOLUMES)
def test_manual_trade_closes_ours_only_after_all_other_volume(
    report: DealReport, lots_before: list[Lot], foreign: Decimal
) -> None:
    manually = msgspec.structs.replace(report, entry=OUT, reason="CLIENT")
    allocations = allocate(manually, None, lots_before, foreign, complete=False)
    if allocations is None or all(not allocation.client_order_id for allocation in allocations):
        return
    assert sum(allocation.volume for allocation in allocations if not allocation.client_order_id) == foreign


@given(REPORTS, MAKERS, LOTS, MONEY, MONEY, MONEY, MONEY)
def test_revision_allocates_the_new_money_as_the_old(
    report: DealReport,
    command: CommandRecord | None,
    lots_before: list[Lot],
    commission: Decimal,
    swap: Decimal,
    profit: Decimal,
    fee: Decimal,
) -> None:
    allocations = allocate(report, command, lots_before, Decimal(0), complete=True)
    if allocations is None:
        return
    later = msgspec.structs.replace(report, commission=commission, swap=swap, profit=profit, fee=fee)
    again = revise(later, allocations)
    assert [(each.client_order_id, each.entry, each.volume) for each in again] == [
        (each.client_order_id, each.entry, each.volume) for each in allocations
    ]
    for field in ("commission", "swap", "profit", "fee"):
        assert sum(getattr(allocation, field) for allocation in again) == getattr(later, field)
    assert revise(report, again) == allocations


# 6: the server closes a position itself, to open it anew


@pytest.mark.parametrize(
    ("entry", "volume", "volumes", "outstanding", "expected"),
    [
        (OUT, "0.5", {1: "0.3", 0: "0.2"}, {}, {1: "0.3", 0: "0.2"}),
        (IN, "0.5", {1: "0", 0: "0"}, {1: "0.3", 0: "0.2"}, {1: "0.3", 0: "0.2"}),
        # The second deal of a split by two.
        (IN, "1.0", {1: "0", 0: "0"}, {1: "0.3", 0: "0.2"}, {1: "0.6", 0: "0.4"}),
        # The deal that closes comes later than the one that opens.
        (IN, "0.5", {1: "0.3", 0: "0.2"}, {}, {1: "0.3", 0: "0.2"}),
        (OUT, "0.5", {}, {}, {0: "0.5"}),
        (OUT, "0.5", {1: "0"}, {}, {1: "0.5"}),
    ],
)
def test_deal_of_a_reopening_concerns_every_lot_by_its_volume(
    entry: DealEntry,
    volume: str,
    volumes: dict[int, str],
    outstanding: dict[int, str],
    expected: dict[int, str],
) -> None:
    report = msgspec.structs.replace(deal(entry, volume, reason="ROLLOVER"), swap=Decimal("-0.10"))
    found = reopen(
        report,
        {owner: Decimal(each) for owner, each in volumes.items()},
        {owner: Decimal(each) for owner, each in outstanding.items()},
    )
    assert {each.client_order_id: each.volume for each in found} == {
        owner: Decimal(each) for owner, each in expected.items()
    }
    assert all(each.reopens and each.entry is entry for each in found)
    assert sum(each.swap for each in found) == report.swap
