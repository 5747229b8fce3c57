"""Actions of the broker's back office: fill, stop out, annul and revise deals, pay in, add old history."""

from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.book.archive import Archive
from bridge.simulator.broker.execution.requests import portions
from bridge.simulator.broker.execution.triggers import DAY_MS, forced_close
from bridge.simulator.broker.fault_rules import Fills, fills_fault
from bridge.simulator.broker.services.service import Service
from bridge.simulator.mt5.types import Deal, DealEntry, DealReason, DealType

PAST_MS: Final = 365 * DAY_MS
"""Span of the history that `seed_history` adds."""


class BackOffice(Service):
    """fill, plan_fills, stop_out, cancel_deal, revise_deal, deposit and seed_history (see BrokerControl)."""

    def plan_fills(self, order: int, fills: Fills) -> None:
        live = self._live_order(order)
        fault = fills_fault(fills)
        if fault is not None:
            raise ControlError(f"fills.{fault}")
        old = self._trade.book.plan(live.ticket)
        self._trade.book.plans[order] = msgspec.structs.replace(
            old, portions=portions(fills), pace=fills.pace
        )

    def fill(self, order: int, volume: Decimal | None = None, price: Decimal = ZERO) -> int:
        live = self._live_order(order)
        lots = live.volume_current if volume is None else self._amount("volume", volume)
        if not 0 < lots <= live.volume_current:
            raise ControlError(
                f"volume {lots} cannot be filled: order {order} has {live.volume_current} lots open; write more"
                " than 0 and at most that"
            )
        return self._execution.fill(order, lots, self._amount("price", price)).ticket

    def stop_out(self, position: int | None = None) -> int:
        if position is not None:
            self._open_position(position)
        held = [p for p in self._trade.positions() if position in (None, p.ticket)]
        if not held:
            raise ControlError("no position is open; open one first")
        worst = min(held, key=lambda p: p.profit + p.swap)
        return self._execution.execute(forced_close(self._trade, worst, self._quirks)).deals[-1].ticket

    def cancel_deal(self, ticket: int) -> None:
        deal = self._known_deal(ticket)
        if deal.type not in (DealType.BUY, DealType.SELL):
            raise ControlError(
                f"deal {ticket} is of type {deal.type.name}: only BUY and SELL can be annulled"
            )
        reason = self._execution.annul(deal)
        if reason is not None:
            raise ControlError(f"deal {ticket} cannot be annulled: {reason}")

    def revise_deal(
        self, ticket: int, commission: Decimal, swap: Decimal | None = None, fee: Decimal | None = None
    ) -> None:
        deal = self._known_deal(ticket)
        self._execution.revise(
            msgspec.structs.replace(
                deal,
                commission=self._amount("commission", commission, None),
                swap=deal.swap if swap is None else self._amount("swap", swap, None),
                fee=deal.fee if fee is None else self._amount("fee", fee, None),
            )
        )

    def deposit(self, amount: Decimal, comment: str = "") -> int:
        money = self._amount("amount", amount, None)
        deal = Deal(
            ticket=self._trade.book.deal_ticket(),
            order=0,
            time_msc=self._trade.now_ms,
            type=DealType.BALANCE,
            entry=DealEntry.IN,
            reason=DealReason.CLIENT,
            magic=0,
            position_id=0,
            symbol="",
            volume=ZERO,
            price=ZERO,
            profit=money,
            comment=comment,
        )
        self._execution.book(deal)
        return deal.ticket

    def seed_history(self, count: int) -> None:
        book, scenario = self._trade.book, self.state.scenario
        if book.archive is not None:
            raise ControlError(f"seed_history {count}: the account has old deals already; call it once")
        room = min(scenario.first_order, scenario.first_deal) - 1
        if count < 2 or count % 2 or count > room:
            raise ControlError(
                f"count {count} is not an even number from 2 to {room}, the tickets below the first order and"
                " deal; write one"
            )
        step = max(1, PAST_MS // count)
        book.archive = Archive(
            count=count,
            first_order=scenario.first_order - count,
            first_deal=scenario.first_deal - count,
            from_ms=self.state.start_ms - count * step,
            step_ms=step,
            symbol=min(self._trade.symbols),
        )
