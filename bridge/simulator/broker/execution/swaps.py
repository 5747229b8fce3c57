"""Swaps: the charge of one night on every open position, by the symbol's mode.

Source: MQL5 reference, ENUM_SYMBOL_SWAP_MODE (environment_state/marketinfoconstants). Where swaps are charged by
reopening, the position is closed and opened again at a price that is so many points away.
"""

from decimal import Decimal
from typing import Final, assert_never

import msgspec

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.book.book import PendingReopening, Reopening
from bridge.simulator.broker.book.trade_state import TradeState
from bridge.simulator.broker.execution.orders import Execution
from bridge.simulator.broker.market.hours import weekday
from bridge.simulator.mt5.types import DealReason, Position, PositionType, SymbolInfo, SymbolSwapMode

YEAR_DAYS: Final = 360
"""Days of a bank's year, of which a night is one."""
_SATURDAY: Final = 6
_SUNDAY: Final = 0


def charge_swaps(trade: TradeState, execution: Execution, steady_ms: int) -> None:
    """Charge the night that begins now, at midnight of server time and this steady time (ms), on every open
    position."""
    for position in list(trade.book.positions.values()):
        symbol = trade.symbols[position.symbol]
        nights = _nights(symbol, trade.now_ms)
        rate = nights * (symbol.swap_long if position.type is PositionType.BUY else symbol.swap_short)
        if not rate or symbol.swap_mode is SymbolSwapMode.DISABLED:
            continue
        if symbol.swap_mode in (SymbolSwapMode.REOPEN_CURRENT, SymbolSwapMode.REOPEN_BID):
            _reopen(trade, execution, position, rate * symbol.point, steady_ms)
            continue
        swap = position.swap + trade.rates().rounded(_money(trade, symbol, position, rate))
        trade.book.positions[position.ticket] = msgspec.structs.replace(position, swap=swap)


def _nights(symbol: SymbolInfo, midnight_ms: int) -> int:
    """Return how often the night after the day that ends now counts."""
    if not symbol.swap_rollover3days:
        return 1
    day = weekday(midnight_ms - 1)
    if day in (_SATURDAY, _SUNDAY):
        return 0
    return 3 if day == symbol.swap_rollover3days else 1


def _reopen(
    trade: TradeState, execution: Execution, position: Position, points: Decimal, steady_ms: int
) -> None:
    """Reopen a position. A negative swap makes it worse: dearer to a long position, cheaper to a short one."""
    closed_at = trade.close_price(position)
    by_bid = trade.symbols[position.symbol].swap_mode is SymbolSwapMode.REOPEN_BID
    base = trade.quotes[position.symbol].bid if by_bid else closed_at
    terms = Reopening(
        close_price=closed_at,
        open_price=base - points if position.type is PositionType.BUY else base + points,
        open_volume=position.volume,
        reason=DealReason.ROLLOVER,
        new_ticket=True,
        magic=position.magic,
        orders=False,
    )
    gap = trade.reopen_gaps.get(position.symbol, 0)
    reopen_after(trade, execution, position, terms, steady_ms + gap if gap else 0)


def reopen_after(
    trade: TradeState, execution: Execution, position: Position, terms: Reopening, due_ms: int
) -> int:
    """Reopen a position now, or at a steady time (ms) above 0. Return its ticket; 0 where it is still closed."""
    if not due_ms:
        return execution.reopen(position, terms).ticket
    execution.roll_out(position, terms)
    trade.book.reopenings.append(PendingReopening(due_ms=due_ms, held=position, terms=terms))
    return 0


def _money(trade: TradeState, symbol: SymbolInfo, position: Position, rate: Decimal) -> Decimal:
    """Return the swap in account currency, unrounded."""
    lots, units = position.volume, position.volume * symbol.trade_contract_size
    convert = trade.rates().convert
    match symbol.swap_mode:
        case SymbolSwapMode.CURRENCY_DEPOSIT:
            return rate * lots
        case SymbolSwapMode.CURRENCY_SYMBOL:
            return convert(rate * lots, symbol.currency_base)
        case SymbolSwapMode.CURRENCY_MARGIN:
            return convert(rate * lots, symbol.currency_margin)
        case SymbolSwapMode.POINTS:
            return convert(rate * symbol.point * units, symbol.currency_profit)
        case SymbolSwapMode.INTEREST_CURRENT:
            price = trade.close_price(position)
            return convert(rate / 100 / YEAR_DAYS * price * units, symbol.currency_profit)
        case SymbolSwapMode.INTEREST_OPEN:
            return convert(rate / 100 / YEAR_DAYS * position.price_open * units, symbol.currency_profit)
        case SymbolSwapMode.DISABLED | SymbolSwapMode.REOPEN_CURRENT | SymbolSwapMode.REOPEN_BID:
            return ZERO
        case unknown:
            assert_never(unknown)
