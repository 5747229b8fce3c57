"""Random directives on a random market, on either terminal, with hedging and netting accounts.

Drawn are directives of every kind, quotes, manual trades and changes, deals that the broker annuls or revises,
faults of the broker, outages and restarts. At the end everything runs again, and journal, Director and broker are
compared (tests/rig/invariant.py), also with the sums of the events (`arithmetic`), to the last lot and cent.

RIG_MARKETS is the number of examples of each (default: two). The examples are the same in every run; the order in
which the processes run is not, so a failed example may have to be repeated. A failure shows its blob for
@reproduce_failure.
"""

import os
from collections import defaultdict
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from bridge.core.director.contract import EventType
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.fault_rules import SendKind
from bridge.simulator.broker.scenario import AccountTerms, Scenario, SymbolTerms
from bridge.simulator.mt5.types import Deal, OrderType
from tests.conformance import market as happen
from tests.conformance.arithmetic import (
    Booked,
    costs_by_order,
    open_by_directive,
    revised_deals,
    signed_by_symbol,
    totals_by_position,
)
from tests.conformance.market import EFFECTS, IN_PARTS, Happening, Market
from tests.conformance.rig import ConformanceRig, Kind
from tests.rig.deadline import Deadline
from tests.rig.director import Event
from tests.rig.fork_server import ForkServer
from tests.rig.invariant import FAR_MS, check

STORIES: Final = int(os.environ.get("RIG_MARKETS", "2"))
STATUS_REQUEST_S: Final = 90.0
PARKED_S: Final = 150.0
"""A deal that came behind a later one waits for an earlier one for twice the grace time, which is a minute."""
ENDED: Final = {"FILLED", "PARTIAL", "CANCELLED", "REJECTED", "EXPIRED", "UNKNOWN", "DONE"}

Round = tuple[list[Happening], Happening, list[Happening], Happening, list[Happening]]

# Most actions are in one symbol, so that they affect each other.
_symbol = st.sampled_from(["EURUSD", "EURUSD", "GBPUSD"])
_lots = st.integers(1, 5)
_pick = st.integers(0, 5)
_open = st.sampled_from(["OPEN_LONG", "OPEN_SHORT"])
_points = st.integers(-400, 400)
_cents = st.integers(0, 2)

DIRECTIVES: Final[st.SearchStrategy[Happening]] = st.one_of(
    st.builds(happen.Open, _open, _symbol, _lots, st.sampled_from([0, 200, 500])),
    st.builds(happen.Open, _open, _symbol, _lots, st.sampled_from([0, 200, 500])),
    st.builds(
        happen.Rest, _open, _symbol, _lots, st.sampled_from(["LIMIT", "STOP"]), st.sampled_from([100, 300])
    ),
    st.builds(
        happen.Close,
        st.sampled_from(["CLOSE", "CLOSE_LONG", "CLOSE_SHORT"]),
        _symbol,
        st.integers(0, 4),
        st.none(),
    ),
    st.builds(happen.Close, st.just("CLOSE"), _symbol, st.integers(0, 4), _pick),
    st.builds(
        happen.Change, st.sampled_from(["MODIFY", "MODIFY_SL", "CANCEL"]), _pick, st.sampled_from([600, 900])
    ),
)
BROKER: Final[st.SearchStrategy[Happening]] = st.one_of(
    st.builds(happen.Quote, _symbol, _points),
    st.builds(happen.Fault, st.integers(0, len(EFFECTS) - 1), st.sampled_from(SendKind)),
    # Several deals fill one order.
    st.builds(happen.Fault, st.just(IN_PARTS), st.sampled_from([SendKind.OPEN, SendKind.CLOSE])),
    st.builds(happen.ManualOpen, st.sampled_from([OrderType.BUY, OrderType.SELL]), _symbol, _lots),
    st.builds(happen.ManualClose, _pick, st.booleans()),
    st.builds(happen.ManualChange, _pick, st.sampled_from([0, 600, 900])),
    st.builds(happen.Fill, _pick),
    st.builds(happen.Annul, _pick),
    st.builds(happen.Revise, _pick, _cents, _cents, st.integers(0, 1)),
)
OUTAGE: Final[st.SearchStrategy[Happening]] = st.builds(
    happen.Outage, st.sampled_from(["back", "terminal", "sidecar", "disconnect"])
)
ROUND: Final = st.tuples(
    st.lists(DIRECTIVES, min_size=1, max_size=3),
    # What follows comes behind them, or while they are under way.
    st.sampled_from([happen.Calm(), happen.Calm(), happen.LookOn(0), happen.LookOn(3)]),
    st.lists(BROKER, min_size=2, max_size=3),
    st.sampled_from([happen.LookOn(0), happen.LookOn(6)]),
    st.lists(OUTAGE, max_size=1),
)
"""Directives, and events at the broker."""
STORY: Final = st.lists(ROUND, min_size=5, max_size=6)


@pytest.mark.parametrize("mode", [MarginMode.RETAIL_HEDGING, MarginMode.RETAIL_NETTING])
def test_journal_director_and_broker_agree_to_the_last_lot(
    kind: Kind,
    mode: MarginMode,
    expert: Path,
    fork_server: ForkServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    @settings(
        max_examples=STORIES,
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example],
    )
    @given(story=STORY)
    def emitted(story: list[Round]) -> None:
        with closing(ConformanceRig(tmp_path_factory.mktemp("market"), fork_server, kind, expert)) as rig:
            try:
                _run(rig, mode, story)
            except AssertionError:
                for process in rig.processes:
                    note(f"log of {process.name}\n" + "\n".join(process.log[-200:]))
                raise

    emitted()


def _run(rig: ConformanceRig, mode: MarginMode, story: list[Round]) -> None:
    # EURUSD is filled whole or at once in part; in GBPUSD what is not filled rests.
    symbols = (
        SymbolTerms(name="EURUSD"),
        SymbolTerms(name="GBPUSD", execution="EXCHANGE", filling=()),
    )
    account = AccountTerms(margin_mode=mode, balance=Decimal(1_000_000))
    rig.start_with(Scenario(account=account, symbols=symbols))
    market = Market(rig, netting=mode is MarginMode.RETAIL_NETTING)
    for directives, awhile, meanwhile, longer, outages in story:
        for happening in (*directives, awhile, *meanwhile, longer, *outages):
            happening(market)
    _status_request(market)
    check(rig, within_s=PARKED_S)
    if mode is MarginMode.RETAIL_HEDGING:
        _holds_what_the_director_counts(market)
        _earned_what_the_director_counts(market)
    _trades_what_the_director_counts(market)
    _paid_what_the_director_counts(market)


def _status_request(market: Market) -> None:
    """Start everything, clear all faults, and wait until every directive has ended."""
    rig, deadline = market.rig, Deadline(STATUS_REQUEST_S)
    rig.broker.clear_rules()
    rig.broker.connect()
    market.revive()
    rig.director.wait(
        "waited for every directive to be received",
        lambda events: (
            {event.directive_id for event in events if event.type == EventType.DIRECTIVE_RECEIVED}
            >= set(market.symbols)
        ),
        deadline,
    )
    while True:
        mark = rig.sidecar.mark
        for order in rig.broker.orders():
            rig.broker.manual_cancel(order.ticket)
        rows = rig.journal.rows("SELECT directive_id, state FROM directives")
        waiting = [row for row in rows if row["state"] not in ENDED]
        if not waiting:
            return
        assert not deadline.over, f"these have come to no end: {waiting}"
        rig.sidecar.any_line(since=mark, within=0.2)


def _emitted(market: Market) -> list[Event]:
    """Return the Director's events in the order in which the journal made them: between directives they may arrive
    in another."""
    made = {row["key"]: row["id"] for row in market.rig.journal.rows("SELECT id, key FROM events")}
    return sorted(market.rig.director.events(), key=lambda event: made[event.key])


def _holds_what_the_director_counts(market: Market) -> None:
    """Assert for each directive that the broker holds the volume that the Director counts."""
    rig = market.rig
    openers = {
        row["identifier"]: row["directive_id"]
        for row in rig.journal.rows("SELECT identifier, directive_id FROM positions")
    }
    held: defaultdict[str, Decimal] = defaultdict(Decimal)
    for position in rig.broker.positions():
        if position.identifier in openers:
            held[openers[position.identifier]] += position.volume
    counted = open_by_directive(_emitted(market), market.opens)
    assert counted == held, f"the Director counts {counted}, the broker holds {dict(held)}"


def _trades_what_the_director_counts(market: Market) -> None:
    """Assert that the traded volume of the bridge's orders equals the reported one, by symbol."""
    traded: defaultdict[str, Decimal] = defaultdict(Decimal)
    for deal in _of_our_orders(market):
        traded[deal.symbol] += {"BUY": deal.volume, "SELL": -deal.volume}.get(deal.type.name, Decimal(0))
    counted = signed_by_symbol(_emitted(market), market.opens)
    actual = {symbol: volume for symbol, volume in traded.items() if volume}
    assert counted == actual, f"the Director counts {counted}, our orders traded {actual}"


def _paid_what_the_director_counts(market: Market) -> None:
    """Assert that the costs of the bridge's orders equal the reported ones, to the last cent."""
    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    for deal in _of_our_orders(market):
        paid[deal.order] += deal.commission + deal.fee
    counted = costs_by_order(_emitted(market))
    assert counted == paid, f"the Director counts {counted}, our orders cost {dict(paid)}"


def _earned_what_the_director_counts(market: Market) -> None:
    """Assert that revised deals and closed positions are reported with the amounts that the broker booked."""
    emitted, booked = _emitted(market), _deals(market)
    for ticket, revised in revised_deals(emitted).items():
        assert revised == _sum([booked[ticket]]), f"of deal {ticket} was reported {revised}: {booked[ticket]}"
    for position, total in totals_by_position(emitted).items():
        deals = [deal for deal in booked.values() if deal.position_id == position]
        assert total == _sum(deals), f"of position {position} was reported {total}: {deals}"


def _sum(deals: list[Deal]) -> Booked:
    money = ((deal.commission, deal.fee, deal.swap, deal.profit) for deal in deals)
    return Booked(*(sum(column, Decimal(0)) for column in zip(*money, strict=True)))


def _deals(market: Market) -> dict[int, Deal]:
    return {deal.ticket: deal for deal in market.rig.broker.history_deals(0, FAR_MS)}


def _of_our_orders(market: Market) -> list[Deal]:
    client_order_ids = {
        row["client_order_id"] for row in market.rig.journal.rows("SELECT client_order_id FROM commands")
    }
    return [
        deal
        for deal in _deals(market).values()
        if deal.magic in client_order_ids and deal.reason.name == "EXPERT"
    ]
