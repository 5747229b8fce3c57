"""MetaTrader's enums, as they are on the link and in the journal.

They are names, never numbers: only the terminal knows MetaTrader's numeric enums (MQL5 reference, 'Trade
Constants'). Each member is the MQL5 constant without its prefix, so DEAL_ENTRY_OUT_BY is `DealEntry.OUT_BY`.
"""

from enum import StrEnum
from typing import assert_never


class Side(StrEnum):
    """The direction of an order, a deal or a position."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        """The other side."""
        match self:
            case Side.BUY:
                return Side.SELL
            case Side.SELL:
                return Side.BUY
            case _:
                assert_never(self)


class DealEntry(StrEnum):
    """ENUM_DEAL_ENTRY: effect of a deal on its position."""

    IN = "IN"
    OUT = "OUT"
    INOUT = "INOUT"
    OUT_BY = "OUT_BY"


class OrderState(StrEnum):
    """ENUM_ORDER_STATE."""

    STARTED = "STARTED"
    PLACED = "PLACED"
    CANCELED = "CANCELED"
    PARTIAL = "PARTIAL"
    FILLED = "FILLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"
    REQUEST_ADD = "REQUEST_ADD"
    REQUEST_MODIFY = "REQUEST_MODIFY"
    REQUEST_CANCEL = "REQUEST_CANCEL"


class MarginMode(StrEnum):
    """ENUM_ACCOUNT_MARGIN_MODE: one position for each symbol, or one for each order."""

    RETAIL_NETTING = "RETAIL_NETTING"
    EXCHANGE = "EXCHANGE"
    RETAIL_HEDGING = "RETAIL_HEDGING"

    @property
    def netting(self) -> bool:
        """True where there is one position for each symbol, which commands and manual trades share."""
        match self:
            case MarginMode.RETAIL_NETTING | MarginMode.EXCHANGE:
                return True
            case MarginMode.RETAIL_HEDGING:
                return False
            case _:
                assert_never(self)


class TradeMode(StrEnum):
    """ENUM_ACCOUNT_TRADE_MODE: kind of the account's money."""

    DEMO = "DEMO"
    CONTEST = "CONTEST"
    REAL = "REAL"

    @property
    def real(self) -> bool:
        """True for an account with real money."""
        match self:
            case TradeMode.DEMO | TradeMode.CONTEST:
                return False
            case TradeMode.REAL:
                return True
            case _:
                assert_never(self)


# DEAL_REASON_* and ORDER_REASON_* that the bridge acts on. Builds add reasons, so a reason travels as
# text and an unknown one is an ordinary value.
REASON_EXPERT = "EXPERT"
REASON_SL = "SL"
REASON_TP = "TP"
REASON_SO = "SO"
