"""Trade structures of MetaTrader 5 as frozen records, with the constants that they use.

Each class names its page of the MQL5 reference, below https://www.mql5.com/en/docs/constants/. A field is the
MQL5 field or property in lower case, without its prefix. Prices, volumes (lots) and money (account currency) are
decimals; 0 means 'not set', as it does there. Tickets are ints, 0 for none. Every time is the broker's SERVER
time in milliseconds since 1970, 0 for none; it is not UTC.
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from bridge.core.units.decimals import ZERO
from bridge.simulator.mt5.constants import (
    AccountMarginMode,
    AccountStopoutMode,
    AccountTradeMode,
    DealEntry,
    DealReason,
    DealType,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderTime,
    OrderType,
    PositionReason,
    PositionType,
    Retcode,
    SymbolCalcMode,
    SymbolExecution,
    SymbolExpiration,
    SymbolFilling,
    SymbolOrder,
    SymbolOrdersGtc,
    SymbolSwapMode,
    SymbolTradeMode,
    TradeAction,
    TransactionType,
)

__all__ = [
    "ANY_EXPIRATION",
    "ANY_ORDER",
    "AccountInfo",
    "AccountMarginMode",
    "AccountStopoutMode",
    "AccountTradeMode",
    "CheckResult",
    "Deal",
    "DealEntry",
    "DealReason",
    "DealType",
    "Order",
    "OrderFilling",
    "OrderReason",
    "OrderState",
    "OrderTime",
    "OrderType",
    "Position",
    "PositionReason",
    "PositionType",
    "Retcode",
    "SymbolCalcMode",
    "SymbolExecution",
    "SymbolExpiration",
    "SymbolFilling",
    "SymbolInfo",
    "SymbolOrder",
    "SymbolOrdersGtc",
    "SymbolSwapMode",
    "SymbolTradeMode",
    "Tick",
    "TradeAction",
    "TradeRequest",
    "TradeResult",
    "TradeSession",
    "Transaction",
    "TransactionType",
]

ANY_EXPIRATION: Final = (
    SymbolExpiration.GTC | SymbolExpiration.DAY | SymbolExpiration.SPECIFIED | SymbolExpiration.SPECIFIED_DAY
)
"""All lifetimes of pending orders."""

ANY_ORDER: Final = (
    SymbolOrder.MARKET
    | SymbolOrder.LIMIT
    | SymbolOrder.STOP
    | SymbolOrder.STOP_LIMIT
    | SymbolOrder.SL
    | SymbolOrder.TP
    | SymbolOrder.CLOSEBY
)
"""All order types."""


class TradeRequest(Struct, frozen=True, kw_only=True):
    """MqlTradeRequest (structures/mqltraderequest). `deviation` is in points; `position` is a position's ticket."""

    action: TradeAction
    magic: int = 0
    order: int = 0
    symbol: str = ""
    volume: Decimal = ZERO
    price: Decimal = ZERO
    stoplimit: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    deviation: int = 0
    type: OrderType = OrderType.BUY
    type_filling: OrderFilling = OrderFilling.FOK
    type_time: OrderTime = OrderTime.GTC
    expiration: int = 0
    comment: str = ""
    position: int = 0
    position_by: int = 0


class TradeResult(Struct, frozen=True, kw_only=True):
    """MqlTradeResult (structures/mqltraderesult). `retcode` is a Retcode, or a number outside the reference (a
    broker may send one). `bid` and `ask` are the market's at the answer. `deal` and `order` may be 0 even where
    the request was executed."""

    retcode: int
    deal: int = 0
    order: int = 0
    volume: Decimal = ZERO
    price: Decimal = ZERO
    bid: Decimal = ZERO
    ask: Decimal = ZERO
    comment: str = ""
    request_id: int = 0
    retcode_external: int = 0


class CheckResult(Struct, frozen=True, kw_only=True):
    """MqlTradeCheckResult (structures/mqltradecheckresult): the account as it would be after the deal. `retcode` is
    0 where the request would be accepted, else a Retcode. `margin_level` is in percent."""

    retcode: int
    balance: Decimal = ZERO
    equity: Decimal = ZERO
    profit: Decimal = ZERO
    margin: Decimal = ZERO
    margin_free: Decimal = ZERO
    margin_level: Decimal = ZERO
    comment: str = ""


class Transaction(Struct, frozen=True, kw_only=True):
    """MqlTradeTransaction (structures/mqltradetransaction). The fields that are set depend on `type`.

    `volume` of an order's transaction is its unfilled volume. `request` and `result` are
    OnTradeTransaction's second and third arguments, set only where `type` is REQUEST.
    """

    type: TransactionType
    deal: int = 0
    order: int = 0
    symbol: str = ""
    order_type: OrderType = OrderType.BUY
    order_state: OrderState = OrderState.STARTED
    deal_type: DealType = DealType.BUY
    time_type: OrderTime = OrderTime.GTC
    time_expiration: int = 0
    price: Decimal = ZERO
    price_trigger: Decimal = ZERO
    price_sl: Decimal = ZERO
    price_tp: Decimal = ZERO
    volume: Decimal = ZERO
    position: int = 0
    position_by: int = 0
    request: TradeRequest | None = None
    result: TradeResult | None = None


class Tick(Struct, frozen=True, kw_only=True):
    """MqlTick (structures/mqltick), without the fields of exchange trading."""

    time_msc: int
    bid: Decimal
    ask: Decimal


class TradeSession(Struct, frozen=True, kw_only=True):
    """Result of SymbolInfoSessionTrade (docs/marketinformation/symbolinfosessiontrade): a session of a day of the
    week (0: Sunday), in seconds of that day."""

    day: int
    from_s: int
    to_s: int


class SymbolInfo(Struct, frozen=True, kw_only=True):
    """SYMBOL_* properties (environment_state/marketinfoconstants). Levels and spread are in points; swaps are in
    the unit of `swap_mode`, and the night after the day `swap_rollover3days` (1 is Monday, 0 for none) counts three
    times; margin rates are 0 where the leverage decides; a volume limit or a
    session's price limit of 0 means no limit. Without `sessions` the symbol is traded all week; `session_open` is
    false where the broker has closed the market whatever the sessions say, and `publishes_sessions` where terminals
    are not shown any. `spread`, `bid`, `ask`, `time_msc` and
    `trade_tick_value` are computed for each query from the current quote, and are 0 without one."""

    name: str
    description: str
    path: str
    currency_base: str
    currency_profit: str
    currency_margin: str
    digits: int
    point: Decimal
    trade_tick_size: Decimal
    trade_tick_value: Decimal = ZERO
    trade_contract_size: Decimal
    volume_min: Decimal
    volume_max: Decimal
    volume_step: Decimal
    volume_limit: Decimal = ZERO
    filling_mode: SymbolFilling = SymbolFilling.FOK | SymbolFilling.IOC
    expiration_mode: SymbolExpiration = ANY_EXPIRATION
    order_mode: SymbolOrder = ANY_ORDER
    order_gtc_mode: SymbolOrdersGtc = SymbolOrdersGtc.GTC
    trade_mode: SymbolTradeMode = SymbolTradeMode.FULL
    trade_exemode: SymbolExecution = SymbolExecution.MARKET
    trade_calc_mode: SymbolCalcMode = SymbolCalcMode.FOREX
    trade_stops_level: int = 0
    trade_freeze_level: int = 0
    swap_long: Decimal = ZERO
    swap_short: Decimal = ZERO
    swap_mode: SymbolSwapMode = SymbolSwapMode.CURRENCY_DEPOSIT
    swap_rollover3days: int = 0
    margin_initial: Decimal = ZERO
    margin_maintenance: Decimal = ZERO
    margin_hedged: Decimal = ZERO
    session_open: bool = True
    sessions: tuple[TradeSession, ...] = ()
    publishes_sessions: bool = True
    session_price_limit_min: Decimal = ZERO
    session_price_limit_max: Decimal = ZERO
    start_time: int = 0
    expiration_time: int = 0
    subscription_delay: bool = False
    exist: bool = True
    custom: bool = False
    select: bool = True
    visible: bool = True
    spread_float: bool = True
    spread: int = 0
    bid: Decimal = ZERO
    ask: Decimal = ZERO
    last: Decimal = ZERO
    time_msc: int = 0


class AccountInfo(Struct, frozen=True, kw_only=True):
    """ACCOUNT_* properties (environment_state/accountinformation). `margin_level`, `margin_so_call` and
    `margin_so_so` are in percent; the level is 0 while no margin is used."""

    login: int
    name: str
    server: str
    company: str
    currency: str
    currency_digits: int
    margin_mode: AccountMarginMode
    trade_mode: AccountTradeMode
    margin_so_mode: AccountStopoutMode
    leverage: int
    limit_orders: int
    trade_allowed: bool
    trade_expert: bool
    hedge_allowed: bool
    fifo_close: bool
    balance: Decimal
    credit: Decimal
    profit: Decimal
    equity: Decimal
    margin: Decimal
    margin_free: Decimal
    margin_level: Decimal
    margin_so_call: Decimal
    margin_so_so: Decimal


class Order(Struct, frozen=True, kw_only=True):
    """ORDER_* properties (tradingconstants/orderproperties) of a live order or one in history. `volume_current` is
    the unfilled volume; `time_done_msc` is 0 while the order is live."""

    ticket: int
    symbol: str
    type: OrderType
    state: OrderState
    reason: OrderReason
    magic: int
    type_filling: OrderFilling
    type_time: OrderTime = OrderTime.GTC
    time_setup_msc: int
    time_done_msc: int = 0
    time_expiration: int = 0
    volume_initial: Decimal
    volume_current: Decimal
    price_open: Decimal
    price_current: Decimal = ZERO
    price_stoplimit: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    position_id: int = 0
    position_by_id: int = 0
    comment: str = ""
    external_id: str = ""


class Deal(Struct, frozen=True, kw_only=True):
    """DEAL_* properties (tradingconstants/dealproperties). A cost is negative: commission -3.50 was paid. `order`,
    `position_id`, `symbol` and `volume` are empty on a deal that only changes the balance."""

    ticket: int
    order: int
    time_msc: int
    type: DealType
    entry: DealEntry
    reason: DealReason
    magic: int
    position_id: int
    symbol: str
    volume: Decimal
    price: Decimal
    profit: Decimal = ZERO
    commission: Decimal = ZERO
    swap: Decimal = ZERO
    fee: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    comment: str = ""
    external_id: str = ""


class Position(Struct, frozen=True, kw_only=True):
    """POSITION_* properties (tradingconstants/positionproperties). `identifier` never changes; `ticket` normally
    equals it. `time_update_msc` changes with the volume only, not with the stops."""

    ticket: int
    identifier: int
    symbol: str
    type: PositionType
    reason: PositionReason
    magic: int
    time_msc: int
    time_update_msc: int
    volume: Decimal
    price_open: Decimal
    price_current: Decimal = ZERO
    sl: Decimal = ZERO
    tp: Decimal = ZERO
    swap: Decimal = ZERO
    profit: Decimal = ZERO
    comment: str = ""
    external_id: str = ""
