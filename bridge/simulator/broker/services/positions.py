"""Operations of the broker on positions: reopening for swap, and corrections without a deal."""

from decimal import Decimal

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.execution.deals import Reopening
from bridge.simulator.broker.services.service import Service
from bridge.simulator.mt5.types import DealReason, PositionType


class PositionOperations(Service):
    """reopen_position and correct_position (see BrokerOperations)."""

    def reopen_position(
        self,
        position: int,
        price: Decimal = ZERO,
        reopen_price: Decimal = ZERO,
        reason: DealReason = DealReason.ROLLOVER,
        new_ticket: bool = True,
        keep_magic: bool = True,
        orders: bool = False,
    ) -> int:
        held = self._open_position(position)
        closed_at = self._amount("price", price) or self._trade.close_price(held)
        reopened = self._execution.reopen(
            held,
            Reopening(
                close_price=closed_at,
                open_price=self._amount("reopen_price", reopen_price) or closed_at,
                reason=reason,
                new_ticket=new_ticket,
                magic=held.magic if keep_magic else 0,
                orders=orders,
            ),
        )
        return reopened.ticket

    def correct_position(
        self,
        position: int,
        volume: Decimal | None = None,
        price_open: Decimal | None = None,
        sl: Decimal | None = None,
        tp: Decimal | None = None,
        type: PositionType | None = None,
    ) -> None:
        held = self._open_position(position)
        amounts = {"volume": volume, "price_open": price_open, "sl": sl, "tp": tp}
        changed: dict[str, object] = {
            name: self._amount(name, amount) for name, amount in amounts.items() if amount is not None
        }
        if type is not None:
            changed["type"] = type
        corrected = msgspec.structs.replace(held, **changed)
        if corrected == held:
            raise ControlError(f"correct_position {position}: nothing would change; name another value")
        self._execution.correct(corrected)
