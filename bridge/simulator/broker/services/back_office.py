"""What the broker's own people can do to an account: fill, stop out, annul, revise, pay in, and give it a past."""

from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.book.archive import Archive
from bridge.simulator.broker.execution.orders import Execution
from bridge.simulator.broker.execution.requests import planned
from bridge.simulator.broker.execution.triggers import DAY_MS, stopped_out
from bridge.simulator.broker.fault_rules import Fills, fills_fault
from bridge.simulator.broker.state import State
from bridge.simulator.mt5.types import Deal, DealEntry, DealReason, DealType, Order

PAST_MS: Final = 365 * DAY_MS
"""The span of a seeded history."""


class BackOffice:
    """The dealing desk's hand. Every method raises ControlError."""

    def __init__(self, state: State, execution: Execution) -> None:
        self._state = state
        self._desk = state.desk
        self._execution = execution

    def plan(self, order: int, fills: Fills) -> None:
        """How a live order will be filled from now on."""
        live = self._live(order)
        fault = fills_fault(fills)
        if fault is not None:
            raise ControlError(f"fills: {fault}")
        old = self._desk.book.plan(live.ticket)
        new = planned(fills)
        self._desk.book.plans[order] = msgspec.structs.replace(old, portions=new.portions, pace=new.pace)

    def fill(self, order: int, volume: Decimal | None, price: Decimal) -> int:
        """One deal of a live order; the deal's ticket."""
        live = self._live(order)
        wanted = live.volume_current if volume is None else volume
        if not (wanted.is_finite() and 0 < wanted <= live.volume_current):
            raise ControlError(f"volume {wanted}: order {order} has {live.volume_current} lots open")
        if not (price.is_finite() and price >= 0):
            raise ControlError(f"price {price}: must be 0, for the market's, or above")
        return self._execution.fill(order, wanted, price).ticket

    def stop_out(self, position: int | None) -> int:
        """A close for want of margin, whatever the margin is: of one position, or of the worst; the deal's
        ticket."""
        held = [p for p in self._desk.positions() if position in (None, p.ticket)]
        if not held:
            raise ControlError(
                "no position is open" if position is None else f"position {position} is not open"
            )
        worst = min(held, key=lambda p: p.profit + p.swap)
        wanted = stopped_out(self._desk, worst, self._state.scenario.quirks)
        return self._execution.execute(wanted).deals[-1].ticket

    def annul(self, ticket: int) -> None:
        """A deal that is undone."""
        deal = self._deal(ticket)
        if deal.type not in (DealType.BUY, DealType.SELL):
            raise ControlError(f"deal {ticket}: {deal.type.name} cannot be annulled")
        reason = self._execution.annul(deal)
        if reason is not None:
            raise ControlError(f"deal {ticket} cannot be annulled: {reason}")

    def revise(self, ticket: int, commission: Decimal, swap: Decimal | None, fee: Decimal | None) -> None:
        """Costs that arrive late; None leaves a sum as it is."""
        deal = self._deal(ticket)
        booked = msgspec.structs.replace(
            deal,
            commission=commission,
            swap=deal.swap if swap is None else swap,
            fee=deal.fee if fee is None else fee,
        )
        self._execution.revise(booked)

    def deposit(self, amount: Decimal, comment: str) -> int:
        """Money that comes in, or goes out; the deal's ticket."""
        if not amount.is_finite():
            raise ControlError(f"amount {amount}: must be a number")
        deal = Deal(
            ticket=self._desk.book.deal_ticket(),
            order=0,
            time_msc=self._desk.now_ms,
            type=DealType.BALANCE,
            entry=DealEntry.IN,
            reason=DealReason.CLIENT,
            magic=0,
            position_id=0,
            symbol="",
            volume=ZERO,
            price=ZERO,
            profit=amount,
            comment=comment,
        )
        self._execution.book(deal)
        return deal.ticket

    def seed_history(self, count: int) -> None:
        """Old deals of somebody else's, spread over the year before the account's first deal."""
        book, scenario = self._desk.book, self._state.scenario
        if book.archive is not None:
            raise ControlError("the account has a past already")
        room = min(scenario.first_order, scenario.first_deal) - 1
        if count < 2 or count % 2 or count > room:
            raise ControlError(
                f"count {count}: must be even, from 2 to {room}, which the first tickets leave"
            )
        step = max(1, PAST_MS // count)
        book.archive = Archive(
            count=count,
            first_order=scenario.first_order - count,
            first_deal=scenario.first_deal - count,
            from_ms=self._state.start_ms - count * step,
            step_ms=step,
            symbol=min(self._desk.symbols),
        )

    def _live(self, order: int) -> Order:
        live = self._desk.book.orders.get(order)
        if live is None:
            raise ControlError(f"order {order} is not live")
        return live

    def _deal(self, ticket: int) -> Deal:
        deal = self._desk.book.deals.get(ticket)
        if deal is None:
            raise ControlError(f"deal {ticket} does not exist")
        return deal
