"""Requests, results and transactions as rows of fields, in the order of MQL5's structures (standin/exports.h)."""

from decimal import Decimal

from bridge.simulator.mt5.types import (
    CheckResult,
    OrderFilling,
    OrderTime,
    OrderType,
    TradeAction,
    TradeRequest,
    TradeResult,
    Transaction,
)
from tests.mql5.host.binding.library import Cell

_EMPTY_REQUEST: tuple[Cell, ...] = (
    0, 0, 0, "", 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, 0, "", 0, 0,
)  # fmt: skip
_EMPTY_RESULT: tuple[Cell, ...] = (0, 0, 0, 0.0, 0.0, 0.0, 0.0, "", 0, 0)
_UNSIGNED = 1 << 64


def request_from(row: tuple[Cell, ...]) -> TradeRequest:
    """Return the EA's MqlTradeRequest. Raises ValueError for a value outside its enumeration."""
    whole = [int(cell) if isinstance(cell, int) else 0 for cell in row]
    return TradeRequest(
        action=TradeAction(whole[0]),
        magic=whole[1] % _UNSIGNED,
        order=whole[2] % _UNSIGNED,
        symbol=str(row[3]),
        volume=_decimal(row[4]),
        price=_decimal(row[5]),
        stoplimit=_decimal(row[6]),
        sl=_decimal(row[7]),
        tp=_decimal(row[8]),
        deviation=whole[9] % _UNSIGNED,
        type=OrderType(whole[10]),
        type_filling=OrderFilling(whole[11]),
        type_time=OrderTime(whole[12]),
        expiration=whole[13] * 1000,
        comment=str(row[14]),
        position=whole[15] % _UNSIGNED,
        position_by=whole[16] % _UNSIGNED,
    )


def result_row(result: TradeResult) -> tuple[Cell, ...]:
    """Return the fields of MqlTradeResult."""
    return (
        int(result.retcode),
        result.deal,
        result.order,
        float(result.volume),
        float(result.price),
        float(result.bid),
        float(result.ask),
        result.comment,
        result.request_id,
        result.retcode_external,
    )


def check_row(result: CheckResult) -> tuple[Cell, ...]:
    """Return the fields of MqlTradeCheckResult."""
    return (
        int(result.retcode),
        float(result.balance),
        float(result.equity),
        float(result.profit),
        float(result.margin),
        float(result.margin_free),
        float(result.margin_level),
        result.comment,
    )


def transaction_row(transaction: Transaction) -> tuple[Cell, ...]:
    """Return the fields of OnTradeTransaction's three arguments."""
    request = _EMPTY_REQUEST if transaction.request is None else _request_row(transaction.request)
    result = _EMPTY_RESULT if transaction.result is None else result_row(transaction.result)
    return (
        transaction.deal,
        transaction.order,
        transaction.symbol,
        int(transaction.type),
        int(transaction.order_type),
        int(transaction.order_state),
        int(transaction.deal_type),
        int(transaction.time_type),
        transaction.time_expiration // 1000,
        float(transaction.price),
        float(transaction.price_trigger),
        float(transaction.price_sl),
        float(transaction.price_tp),
        float(transaction.volume),
        transaction.position,
        transaction.position_by,
        *request,
        *result,
    )


def _request_row(request: TradeRequest) -> tuple[Cell, ...]:
    return (
        int(request.action),
        request.magic,
        request.order,
        request.symbol,
        float(request.volume),
        float(request.price),
        float(request.stoplimit),
        float(request.sl),
        float(request.tp),
        request.deviation,
        int(request.type),
        int(request.type_filling),
        int(request.type_time),
        request.expiration // 1000,
        request.comment,
        request.position,
        request.position_by,
    )


def _decimal(cell: Cell) -> Decimal:
    """Return a double as the decimal of its shortest text: 0.1 is 0.1."""
    return Decimal(repr(float(cell)))
