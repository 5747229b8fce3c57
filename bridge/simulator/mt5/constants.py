"""Trade constants of MetaTrader 5 with their numeric values: the only copy within `bridge`.

Retcode is defined in `bridge.core.units.mt5_retcodes`, since the core needs it too. Each class is one MQL5
enumeration, each member its constant without the prefix: DEAL_REASON_CLIENT is `DealReason.CLIENT`. A class names
its page of the MQL5 reference, below https://www.mql5.com/en/docs/constants/. The reference gives names, and
values of flags and return codes only; the other values are those of MetaQuotes' Python package metatrader5
5.0.6231, and of TransactionType those of vdemydiuk/mtapi.
"""

from enum import IntEnum, IntFlag
from typing import assert_never

from bridge.core.units.mt5_retcodes import Retcode

__all__ = [
    "AccountMarginMode",
    "AccountStopoutMode",
    "AccountTradeMode",
    "DealEntry",
    "DealReason",
    "DealType",
    "OrderFilling",
    "OrderReason",
    "OrderState",
    "OrderTime",
    "OrderType",
    "PositionReason",
    "PositionType",
    "Retcode",
    "SymbolCalcMode",
    "SymbolExecution",
    "SymbolExpiration",
    "SymbolFilling",
    "SymbolOrder",
    "SymbolOrdersGtc",
    "SymbolSwapMode",
    "SymbolTradeMode",
    "TradeAction",
    "TransactionType",
]


class TradeAction(IntEnum):
    """ENUM_TRADE_REQUEST_ACTIONS (tradingconstants/enum_trade_request_actions)."""

    DEAL = 1
    PENDING = 5
    SLTP = 6
    MODIFY = 7
    REMOVE = 8
    CLOSE_BY = 10


class OrderType(IntEnum):
    """ENUM_ORDER_TYPE (tradingconstants/orderproperties)."""

    BUY = 0
    SELL = 1
    BUY_LIMIT = 2
    SELL_LIMIT = 3
    BUY_STOP = 4
    SELL_STOP = 5
    BUY_STOP_LIMIT = 6
    SELL_STOP_LIMIT = 7
    CLOSE_BY = 8

    @property
    def side(self) -> "OrderType":
        """BUY or SELL: the direction of the order's deals. A CLOSE_BY has none and returns itself."""
        match self:
            case OrderType.BUY | OrderType.BUY_LIMIT | OrderType.BUY_STOP | OrderType.BUY_STOP_LIMIT:
                return OrderType.BUY
            case OrderType.SELL | OrderType.SELL_LIMIT | OrderType.SELL_STOP | OrderType.SELL_STOP_LIMIT:
                return OrderType.SELL
            case OrderType.CLOSE_BY:
                return OrderType.CLOSE_BY
            case _:
                assert_never(self)

    @property
    def pending(self) -> bool:
        """True where an order of this type waits for a price."""
        return self.flag in (SymbolOrder.LIMIT, SymbolOrder.STOP, SymbolOrder.STOP_LIMIT)

    @property
    def flag(self) -> "SymbolOrder":
        """The flag of SYMBOL_ORDER_MODE that allows an order of this type."""
        match self:
            case OrderType.BUY | OrderType.SELL:
                return SymbolOrder.MARKET
            case OrderType.BUY_LIMIT | OrderType.SELL_LIMIT:
                return SymbolOrder.LIMIT
            case OrderType.BUY_STOP | OrderType.SELL_STOP:
                return SymbolOrder.STOP
            case OrderType.BUY_STOP_LIMIT | OrderType.SELL_STOP_LIMIT:
                return SymbolOrder.STOP_LIMIT
            case OrderType.CLOSE_BY:
                return SymbolOrder.CLOSEBY
            case _:
                assert_never(self)


class OrderFilling(IntEnum):
    """ENUM_ORDER_TYPE_FILLING (tradingconstants/orderproperties)."""

    FOK = 0
    IOC = 1
    RETURN = 2
    BOC = 3


class OrderTime(IntEnum):
    """ENUM_ORDER_TYPE_TIME (tradingconstants/orderproperties)."""

    GTC = 0
    DAY = 1
    SPECIFIED = 2
    SPECIFIED_DAY = 3

    @property
    def flag(self) -> "SymbolExpiration":
        """The flag of SYMBOL_EXPIRATION_MODE that allows this lifetime."""
        match self:
            case OrderTime.GTC:
                return SymbolExpiration.GTC
            case OrderTime.DAY:
                return SymbolExpiration.DAY
            case OrderTime.SPECIFIED:
                return SymbolExpiration.SPECIFIED
            case OrderTime.SPECIFIED_DAY:
                return SymbolExpiration.SPECIFIED_DAY
            case _:
                assert_never(self)


class OrderState(IntEnum):
    """ENUM_ORDER_STATE (tradingconstants/orderproperties)."""

    STARTED = 0
    PLACED = 1
    CANCELED = 2
    PARTIAL = 3
    FILLED = 4
    REJECTED = 5
    EXPIRED = 6
    REQUEST_ADD = 7
    REQUEST_MODIFY = 8
    REQUEST_CANCEL = 9


class OrderReason(IntEnum):
    """ENUM_ORDER_REASON (tradingconstants/orderproperties)."""

    CLIENT = 0
    MOBILE = 1
    WEB = 2
    EXPERT = 3
    SL = 4
    TP = 5
    SO = 6


class DealType(IntEnum):
    """ENUM_DEAL_TYPE (tradingconstants/dealproperties). Only BUY and SELL belong to orders; the others move the
    balance."""

    BUY = 0
    SELL = 1
    BALANCE = 2
    CREDIT = 3
    CHARGE = 4
    CORRECTION = 5
    BONUS = 6
    COMMISSION = 7
    COMMISSION_DAILY = 8
    COMMISSION_MONTHLY = 9
    COMMISSION_AGENT_DAILY = 10
    COMMISSION_AGENT_MONTHLY = 11
    INTEREST = 12
    BUY_CANCELED = 13
    SELL_CANCELED = 14
    DEAL_DIVIDEND = 15
    DEAL_DIVIDEND_FRANKED = 16
    DEAL_TAX = 17


class DealEntry(IntEnum):
    """ENUM_DEAL_ENTRY (tradingconstants/dealproperties)."""

    IN = 0
    OUT = 1
    INOUT = 2
    OUT_BY = 3


class DealReason(IntEnum):
    """ENUM_DEAL_REASON (tradingconstants/dealproperties)."""

    CLIENT = 0
    MOBILE = 1
    WEB = 2
    EXPERT = 3
    SL = 4
    TP = 5
    SO = 6
    ROLLOVER = 7
    VMARGIN = 8
    SPLIT = 9
    CORPORATE_ACTION = 10


class PositionType(IntEnum):
    """ENUM_POSITION_TYPE (tradingconstants/positionproperties)."""

    BUY = 0
    SELL = 1


class PositionReason(IntEnum):
    """ENUM_POSITION_REASON (tradingconstants/positionproperties)."""

    CLIENT = 0
    MOBILE = 1
    WEB = 2
    EXPERT = 3


class SymbolTradeMode(IntEnum):
    """ENUM_SYMBOL_TRADE_MODE (environment_state/marketinfoconstants)."""

    DISABLED = 0
    LONGONLY = 1
    SHORTONLY = 2
    CLOSEONLY = 3
    FULL = 4


class SymbolExecution(IntEnum):
    """ENUM_SYMBOL_TRADE_EXECUTION (environment_state/marketinfoconstants)."""

    REQUEST = 0
    INSTANT = 1
    MARKET = 2
    EXCHANGE = 3


class SymbolCalcMode(IntEnum):
    """ENUM_SYMBOL_CALC_MODE (environment_state/marketinfoconstants). The simulated broker calculates every symbol
    as FOREX: volume, contract size and leverage."""

    FOREX = 0
    FUTURES = 1
    CFD = 2
    CFDINDEX = 3
    CFDLEVERAGE = 4
    FOREX_NO_LEVERAGE = 5
    EXCH_STOCKS = 32
    EXCH_FUTURES = 33
    EXCH_OPTIONS = 34
    EXCH_OPTIONS_MARGIN = 36
    EXCH_BONDS = 37
    EXCH_STOCKS_MOEX = 38
    EXCH_BONDS_MOEX = 39
    SERV_COLLATERAL = 64


class SymbolOrdersGtc(IntEnum):
    """ENUM_SYMBOL_ORDER_GTC_MODE (environment_state/marketinfoconstants)."""

    GTC = 0
    DAILY = 1
    DAILY_EXCLUDING_STOPS = 2


class SymbolSwapMode(IntEnum):
    """ENUM_SYMBOL_SWAP_MODE (environment_state/marketinfoconstants)."""

    DISABLED = 0
    POINTS = 1
    CURRENCY_SYMBOL = 2
    CURRENCY_MARGIN = 3
    CURRENCY_DEPOSIT = 4
    INTEREST_CURRENT = 5
    INTEREST_OPEN = 6
    REOPEN_CURRENT = 7
    REOPEN_BID = 8


class SymbolFilling(IntFlag):
    """Flags of SYMBOL_FILLING_MODE (environment_state/marketinfoconstants). RETURN has no flag: only market
    execution forbids it."""

    NONE = 0
    FOK = 1
    IOC = 2
    BOC = 4


class SymbolExpiration(IntFlag):
    """Flags of SYMBOL_EXPIRATION_MODE (environment_state/marketinfoconstants)."""

    NONE = 0
    GTC = 1
    DAY = 2
    SPECIFIED = 4
    SPECIFIED_DAY = 8


class SymbolOrder(IntFlag):
    """Flags of SYMBOL_ORDER_MODE (environment_state/marketinfoconstants): the order types that a symbol takes."""

    NONE = 0
    MARKET = 1
    LIMIT = 2
    STOP = 4
    STOP_LIMIT = 8
    SL = 16
    TP = 32
    CLOSEBY = 64


class AccountMarginMode(IntEnum):
    """ENUM_ACCOUNT_MARGIN_MODE (environment_state/accountinformation)."""

    RETAIL_NETTING = 0
    EXCHANGE = 1
    RETAIL_HEDGING = 2


class AccountTradeMode(IntEnum):
    """ENUM_ACCOUNT_TRADE_MODE (environment_state/accountinformation)."""

    DEMO = 0
    CONTEST = 1
    REAL = 2


class AccountStopoutMode(IntEnum):
    """ENUM_ACCOUNT_STOPOUT_MODE (environment_state/accountinformation)."""

    PERCENT = 0
    MONEY = 1


class TransactionType(IntEnum):
    """ENUM_TRADE_TRANSACTION_TYPE (tradingconstants/enum_trade_transaction_type). The reference gives no values:
    compare by name."""

    ORDER_ADD = 0
    ORDER_UPDATE = 1
    ORDER_DELETE = 2
    HISTORY_ADD = 3
    HISTORY_UPDATE = 4
    HISTORY_DELETE = 5
    DEAL_ADD = 6
    DEAL_UPDATE = 7
    DEAL_DELETE = 8
    POSITION = 9
    REQUEST = 10
