"""MetaTrader 5's trade constants, with their numeric values.

Source: MQL5 reference, 'Trade Constants' and 'Trade Server Return Codes'; values as in MetaQuotes' own
Python package. Each class is one MQL5 enumeration, each member its constant without the prefix:
DEAL_REASON_CLIENT is `DealReason.CLIENT`.
"""

from enum import IntEnum, IntFlag


class TradeAction(IntEnum):
    """ENUM_TRADE_REQUEST_ACTIONS."""

    DEAL = 1
    PENDING = 5
    SLTP = 6
    MODIFY = 7
    REMOVE = 8
    CLOSE_BY = 10


class OrderType(IntEnum):
    """ENUM_ORDER_TYPE."""

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
        """BUY or SELL: what an order of this type does once it is filled. A CLOSE_BY has no side of its own."""
        return OrderType.CLOSE_BY if self is OrderType.CLOSE_BY else OrderType(self % 2)

    @property
    def pending(self) -> bool:
        """Whether such an order waits for a price."""
        return OrderType.BUY_LIMIT <= self <= OrderType.SELL_STOP_LIMIT

    @property
    def flag(self) -> "SymbolOrder":
        """What SYMBOL_ORDER_MODE must hold for such an order."""
        return SymbolOrder.CLOSEBY if self is OrderType.CLOSE_BY else SymbolOrder(1 << self // 2)


class OrderFilling(IntEnum):
    """ENUM_ORDER_TYPE_FILLING."""

    FOK = 0
    IOC = 1
    RETURN = 2
    BOC = 3


class OrderTime(IntEnum):
    """ENUM_ORDER_TYPE_TIME."""

    GTC = 0
    DAY = 1
    SPECIFIED = 2
    SPECIFIED_DAY = 3


class OrderState(IntEnum):
    """ENUM_ORDER_STATE."""

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
    """ENUM_ORDER_REASON."""

    CLIENT = 0
    MOBILE = 1
    WEB = 2
    EXPERT = 3
    SL = 4
    TP = 5
    SO = 6


class DealType(IntEnum):
    """ENUM_DEAL_TYPE. Only BUY and SELL belong to orders; the others move the balance."""

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
    """ENUM_DEAL_ENTRY."""

    IN = 0
    OUT = 1
    INOUT = 2
    OUT_BY = 3


class DealReason(IntEnum):
    """ENUM_DEAL_REASON."""

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
    """ENUM_POSITION_TYPE."""

    BUY = 0
    SELL = 1


class PositionReason(IntEnum):
    """ENUM_POSITION_REASON."""

    CLIENT = 0
    MOBILE = 1
    WEB = 2
    EXPERT = 3


class SymbolTradeMode(IntEnum):
    """ENUM_SYMBOL_TRADE_MODE."""

    DISABLED = 0
    LONGONLY = 1
    SHORTONLY = 2
    CLOSEONLY = 3
    FULL = 4


class SymbolExecution(IntEnum):
    """ENUM_SYMBOL_TRADE_EXECUTION."""

    REQUEST = 0
    INSTANT = 1
    MARKET = 2
    EXCHANGE = 3


class SymbolCalcMode(IntEnum):
    """ENUM_SYMBOL_CALC_MODE, as far as the simulated broker calculates."""

    FOREX = 0
    CFD = 2
    CFDLEVERAGE = 4


class SymbolOrdersGtc(IntEnum):
    """ENUM_SYMBOL_ORDER_GTC_MODE."""

    GTC = 0
    DAILY = 1
    DAILY_EXCLUDING_STOPS = 2


class SymbolFilling(IntFlag):
    """SYMBOL_FILLING_MODE flags. RETURN has none: only market execution forbids it."""

    NONE = 0
    FOK = 1
    IOC = 2
    BOC = 4


class SymbolExpiration(IntFlag):
    """SYMBOL_EXPIRATION_MODE flags."""

    NONE = 0
    GTC = 1
    DAY = 2
    SPECIFIED = 4
    SPECIFIED_DAY = 8


class SymbolOrder(IntFlag):
    """SYMBOL_ORDER_MODE flags: the order types that a symbol takes."""

    NONE = 0
    MARKET = 1
    LIMIT = 2
    STOP = 4
    STOP_LIMIT = 8
    SL = 16
    TP = 32
    CLOSEBY = 64


class AccountMarginMode(IntEnum):
    """ENUM_ACCOUNT_MARGIN_MODE."""

    RETAIL_NETTING = 0
    EXCHANGE = 1
    RETAIL_HEDGING = 2


class AccountTradeMode(IntEnum):
    """ENUM_ACCOUNT_TRADE_MODE."""

    DEMO = 0
    CONTEST = 1
    REAL = 2


class AccountStopoutMode(IntEnum):
    """ENUM_ACCOUNT_STOPOUT_MODE."""

    PERCENT = 0
    MONEY = 1


class TransactionType(IntEnum):
    """ENUM_TRADE_TRANSACTION_TYPE. The values are a third party's list: tell them apart by name."""

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


class Retcode(IntEnum):
    """TRADE_RETCODE_*: the trade server's return codes. 10005 and 10037 do not exist."""

    REQUOTE = 10004
    REJECT = 10006
    CANCEL = 10007
    PLACED = 10008
    DONE = 10009
    DONE_PARTIAL = 10010
    ERROR = 10011
    TIMEOUT = 10012
    INVALID = 10013
    INVALID_VOLUME = 10014
    INVALID_PRICE = 10015
    INVALID_STOPS = 10016
    TRADE_DISABLED = 10017
    MARKET_CLOSED = 10018
    NO_MONEY = 10019
    PRICE_CHANGED = 10020
    PRICE_OFF = 10021
    INVALID_EXPIRATION = 10022
    ORDER_CHANGED = 10023
    TOO_MANY_REQUESTS = 10024
    NO_CHANGES = 10025
    SERVER_DISABLES_AT = 10026
    CLIENT_DISABLES_AT = 10027
    LOCKED = 10028
    FROZEN = 10029
    INVALID_FILL = 10030
    CONNECTION = 10031
    ONLY_REAL = 10032
    LIMIT_ORDERS = 10033
    LIMIT_VOLUME = 10034
    INVALID_ORDER = 10035
    POSITION_CLOSED = 10036
    INVALID_CLOSE_VOLUME = 10038
    CLOSE_ORDER_EXIST = 10039
    LIMIT_POSITIONS = 10040
    REJECT_CANCEL = 10041
    LONG_ONLY = 10042
    SHORT_ONLY = 10043
    CLOSE_ONLY = 10044
    FIFO_CLOSE = 10045
    HEDGE_PROHIBITED = 10046
