"""Transactions: the trade transactions for the terminal (OnTradeTransaction), in order."""

from typing import Final

from msgspec import Struct

from bridge.simulator.mt5.types import (
    Deal,
    DealType,
    Order,
    Position,
    PositionType,
    Transaction,
    TransactionType,
)

QUEUE: Final = 1024
"""Length of MetaTrader's queue of transactions. A terminal that reads too slowly loses the oldest."""


class TransactionLog(Struct, kw_only=True):
    """Numbered transactions. While `muted`, numbers are used and no transaction is kept: a reader sees a gap."""

    last: int = 0
    muted: bool = False
    items: list[tuple[int, Transaction]] = []

    def append(self, transaction: Transaction) -> None:
        """Append a transaction under the next number."""
        self.last += 1
        if not self.muted:
            self.items.append((self.last, transaction))
            del self.items[:-QUEUE]

    def after(self, number: int) -> list[tuple[int, Transaction]]:
        """Return the transactions above a number, ascending."""
        return [item for item in self.items if item[0] > number]


def order_transaction(type: TransactionType, order: Order) -> Transaction:
    """Return an ORDER_* or HISTORY_* transaction."""
    return Transaction(
        type=type,
        order=order.ticket,
        symbol=order.symbol,
        order_type=order.type,
        order_state=order.state,
        time_type=order.type_time,
        time_expiration=order.time_expiration,
        price=order.price_open,
        price_trigger=order.price_stoplimit,
        price_sl=order.sl,
        price_tp=order.tp,
        volume=order.volume_current,
        position=order.position_id,
        position_by=order.position_by_id,
    )


def deal_transaction(type: TransactionType, deal: Deal) -> Transaction:
    """Return a DEAL_* transaction."""
    return Transaction(
        type=type,
        deal=deal.ticket,
        order=deal.order,
        symbol=deal.symbol,
        deal_type=deal.type,
        price=deal.price,
        price_sl=deal.sl,
        price_tp=deal.tp,
        volume=deal.volume,
        position=deal.position_id,
    )


def position_transaction(position: Position) -> Transaction:
    """Return a POSITION transaction: a change of levels."""
    return Transaction(
        type=TransactionType.POSITION,
        symbol=position.symbol,
        deal_type=DealType.BUY if position.type is PositionType.BUY else DealType.SELL,
        price=position.price_open,
        price_sl=position.sl,
        price_tp=position.tp,
        volume=position.volume,
        position=position.ticket,
    )
