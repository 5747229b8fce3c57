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


class DealTreatment(StrEnum):
    """Treatment of a deal by its type."""

    TRADE = "TRADE"
    """It opens or closes volume."""
    ANNULLED = "ANNULLED"
    """A trade that the broker has annulled."""
    COMMISSION = "COMMISSION"
    """Money that counts as commission of the position that it names."""
    FEE = "FEE"
    """Money that counts as a fee of the position that it names."""
    SWAP = "SWAP"
    """Money that counts as swap of the position that it names."""
    PROFIT = "PROFIT"
    """Money that counts as profit of the position that it names."""
    ACCOUNT = "ACCOUNT"
    """Money of the account, whatever it names."""


class DealType(StrEnum):
    """ENUM_DEAL_TYPE."""

    BUY = "BUY"
    SELL = "SELL"
    BALANCE = "BALANCE"
    CREDIT = "CREDIT"
    CHARGE = "CHARGE"
    CORRECTION = "CORRECTION"
    BONUS = "BONUS"
    COMMISSION = "COMMISSION"
    COMMISSION_DAILY = "COMMISSION_DAILY"
    COMMISSION_MONTHLY = "COMMISSION_MONTHLY"
    COMMISSION_AGENT_DAILY = "COMMISSION_AGENT_DAILY"
    COMMISSION_AGENT_MONTHLY = "COMMISSION_AGENT_MONTHLY"
    INTEREST = "INTEREST"
    BUY_CANCELED = "BUY_CANCELED"
    SELL_CANCELED = "SELL_CANCELED"
    DEAL_DIVIDEND = "DEAL_DIVIDEND"
    DEAL_DIVIDEND_FRANKED = "DEAL_DIVIDEND_FRANKED"
    DEAL_TAX = "DEAL_TAX"

    @property
    def treatment(self) -> DealTreatment:
        """Treatment of a deal of this type."""
        match self:
            case DealType.BUY | DealType.SELL:
                return DealTreatment.TRADE
            case DealType.BUY_CANCELED | DealType.SELL_CANCELED:
                return DealTreatment.ANNULLED
            case (
                DealType.COMMISSION
                | DealType.COMMISSION_DAILY
                | DealType.COMMISSION_MONTHLY
                | DealType.COMMISSION_AGENT_DAILY
                | DealType.COMMISSION_AGENT_MONTHLY
            ):
                return DealTreatment.COMMISSION
            case DealType.CHARGE | DealType.DEAL_TAX:
                return DealTreatment.FEE
            case DealType.INTEREST:
                return DealTreatment.SWAP
            case (
                DealType.CORRECTION
                | DealType.DEAL_DIVIDEND
                | DealType.DEAL_DIVIDEND_FRANKED
                | DealType.BALANCE
            ):
                return DealTreatment.PROFIT
            case DealType.CREDIT | DealType.BONUS:
                return DealTreatment.ACCOUNT
            case _:
                assert_never(self)


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
REOPENING_REASONS = frozenset({"ROLLOVER", "VMARGIN", "SPLIT", "CORPORATE_ACTION"})
"""DEAL_REASON_* of deals by which the server closes a position and opens it anew under the same identifier: a swap
by reopening, variation margin, a split, a corporate action (MQL5 reference, Deal Properties). Nobody's trade."""
