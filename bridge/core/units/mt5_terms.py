"""MetaTrader's words, as they travel on the link and stand in the journal.

Names, never numbers: MetaTrader's numeric enums are its own affair (MQL5 reference, 'Trade
Constants'). Each member is the MQL5 constant without its prefix, so DEAL_ENTRY_OUT_BY is
`DealEntry.OUT_BY`.
"""

from enum import StrEnum


class Side(StrEnum):
    """The direction of an order, a deal or a position."""

    BUY = "BUY"
    SELL = "SELL"

    @property
    def opposite(self) -> "Side":
        return Side.SELL if self is Side.BUY else Side.BUY


class DealEntry(StrEnum):
    """ENUM_DEAL_ENTRY: what a deal did to its position."""

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
    """ENUM_ACCOUNT_MARGIN_MODE: how positions are kept."""

    RETAIL_NETTING = "RETAIL_NETTING"
    EXCHANGE = "EXCHANGE"
    RETAIL_HEDGING = "RETAIL_HEDGING"


class TradeMode(StrEnum):
    """ENUM_ACCOUNT_TRADE_MODE: whose money it is."""

    DEMO = "DEMO"
    CONTEST = "CONTEST"
    REAL = "REAL"


# DEAL_REASON_* and ORDER_REASON_* that the bridge acts on. Builds add reasons, so a reason travels as
# text and an unknown one is an ordinary value.
REASON_EXPERT = "EXPERT"
REASON_SL = "SL"
REASON_TP = "TP"
REASON_SO = "SO"
