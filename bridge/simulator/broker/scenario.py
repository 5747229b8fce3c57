"""Scenario: the JSON file with the account, symbols, quotes and faults that a simulated broker starts with.

Every key has a default, so `{}` is a scenario. Constants are written by their MQL5 names without the prefix.
`docs/simulated-broker.md` describes the format.
"""

from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.simulator.broker.fault_rules import Rule
from bridge.simulator.broker.market.symbols import SHIPPED

SwapMode = Literal[
    "DISABLED",
    "POINTS",
    "CURRENCY_SYMBOL",
    "CURRENCY_MARGIN",
    "CURRENCY_DEPOSIT",
    "INTEREST_CURRENT",
    "INTEREST_OPEN",
    "REOPEN_CURRENT",
    "REOPEN_BID",
]
OrderKind = Literal["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "SL", "TP", "CLOSEBY"]
Lifetime = Literal["GTC", "DAY", "SPECIFIED", "SPECIFIED_DAY"]


class AccountTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account."""

    login: int = 5000001
    """Account number."""
    name: str = "Simulated Trader"
    """Name of the account's owner."""
    server: str = "Simulated-Demo"
    """Name of the trade server."""
    company: str = "Simulated Broker"
    """Name of the broker."""
    margin_mode: MarginMode = MarginMode.RETAIL_HEDGING
    """RETAIL_HEDGING keeps each position by itself; RETAIL_NETTING and EXCHANGE keep one position per symbol."""
    trade_mode: TradeMode = TradeMode.DEMO
    """DEMO, CONTEST or REAL."""
    balance: Decimal = Decimal(10000)
    """First deposit, in the account's currency."""
    currency: str = "USD"
    """Currency of the account. Every symbol's profit and margin are converted into it at the quotes, through a
    third currency where no symbol has both."""
    currency_digits: int = 2
    """Digits of the account's currency, to which money is rounded."""
    leverage: int = 100
    """Leverage; 100 means 1:100."""
    trade_allowed: bool = True
    """False refuses every trade with TRADE_DISABLED."""
    trade_expert: bool = True
    """False refuses trades of an Expert Advisor with SERVER_DISABLES_AT; manual trades are accepted."""
    margin_so_call: Decimal = Decimal(100)
    """Margin call level, in percent. It is shown and has no effect."""
    margin_so_so: Decimal = Decimal(50)
    """Stop-out level, in percent: below it the position with the largest loss is closed."""
    limit_orders: int = 0
    """Largest number of pending orders; 0 is no limit."""
    limit_positions: int = 0
    """Largest number of positions; 0 is no limit. On a hedging account pending orders count."""
    fifo_close: bool = False
    """The oldest position of a symbol is closed first. Netting accounts ignore it."""
    hedge_allowed: bool = True
    """Opposite positions of a symbol are allowed. Netting accounts ignore it."""


class SymbolTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One symbol: a shipped specification with some terms changed."""

    name: str
    """Name of the symbol."""
    like: str = ""
    """Shipped symbol whose specification is used; empty for the one of the same name."""
    bid: Decimal | None = None
    """First bid; null for the shipped one."""
    ask: Decimal | None = None
    """First ask; null for the shipped one."""
    commission: Decimal = Decimal("3.50")
    """Commission per lot and deal, in the account's currency; positive."""
    swap_long: Decimal | None = None
    """Swap of a long position per lot and night, by `swap_mode`; null for the shipped one."""
    swap_short: Decimal | None = None
    """Swap of a short position per lot and night, by `swap_mode`; null for the shipped one."""
    swap_mode: SwapMode = "CURRENCY_DEPOSIT"
    """Meaning of the swaps: money per lot in the account's currency (CURRENCY_DEPOSIT) or in the symbol's base or
    margin currency (CURRENCY_SYMBOL, CURRENCY_MARGIN); POINTS; percent a year of the present or the opening price
    (INTEREST_CURRENT, INTEREST_OPEN); points by which each position is reopened at midnight, from its closing price
    or from the bid (REOPEN_CURRENT, REOPEN_BID); or DISABLED."""
    swap_triple: Literal["", "MON", "TUE", "WED", "THU", "FRI"] = ""
    """Day whose night counts three times, while the nights after Saturday and Sunday do not count; empty: every
    night counts once."""
    reopen_gap_ms: int = 0
    """Milliseconds from the close to the reopening of a position, with REOPEN_CURRENT and REOPEN_BID: for that time
    there is no position, and the market is closed."""
    stops_level: int = 0
    """Smallest distance of SL, TP and pending prices from the market, in points."""
    freeze_level: int = 0
    """Distance from the market within which orders and stops cannot be changed, in points; 0 for none."""
    volume_min: Decimal | None = None
    """Smallest volume, in lots; null for the shipped one."""
    volume_max: Decimal | None = None
    """Largest volume, in lots; null for the shipped one."""
    volume_step: Decimal | None = None
    """Step of volumes, in lots; null for the shipped one."""
    volume_limit: Decimal = Decimal(0)
    """Largest volume in one direction, pending orders included, in lots; 0 is no limit."""
    digits: int | None = None
    """Digits of prices, from 0 to 8; null for the shipped ones. A point is the last digit."""
    tick_size: Decimal | None = None
    """Step of prices; null for the shipped one, or a point where `digits` is set."""
    contract_size: Decimal | None = None
    """Units in one lot; null for the shipped ones."""
    negative_quotes: bool = False
    """Quotes, and prices of orders, may be 0 or negative, as those of some futures. The margin is in the currency
    of the profit then, whatever the price."""
    execution: Literal["REQUEST", "INSTANT", "MARKET", "EXCHANGE"] = "MARKET"
    """Execution mode: REQUEST, INSTANT, MARKET or EXCHANGE."""
    filling: tuple[Literal["FOK", "IOC", "BOC"], ...] = ("FOK", "IOC")
    """Fillings that are allowed: FOK, IOC, BOC. For market orders RETURN is allowed except with execution
    MARKET, for pending orders always."""
    orders: tuple[OrderKind, ...] = ("MARKET", "LIMIT", "STOP", "STOP_LIMIT", "SL", "TP", "CLOSEBY")
    """Order types that are allowed."""
    expiration: tuple[Lifetime, ...] = ("GTC", "DAY", "SPECIFIED", "SPECIFIED_DAY")
    """Lifetimes of pending orders that are allowed."""
    orders_gtc: Literal["GTC", "DAILY", "DAILY_EXCLUDING_STOPS"] = "GTC"
    """GTC keeps orders and stops at midnight, DAILY drops both, DAILY_EXCLUDING_STOPS drops orders only."""
    trade_mode: Literal["DISABLED", "LONGONLY", "SHORTONLY", "CLOSEONLY", "FULL"] = "FULL"
    """Trading that is allowed: DISABLED, LONGONLY, SHORTONLY, CLOSEONLY or FULL."""
    sessions: tuple[str, ...] = ()
    """Trading hours of the week in server time, as in "MON 00:05-24:00", or "MON 22:00-30:00" past midnight;
    empty for all week."""
    publishes_sessions: bool = True
    """False: terminals are shown no trading hours, whatever they are."""
    depth: Decimal | None = None
    """Volume that an order finds in the market with each quote, in lots; null for any volume. The rest of an order
    is treated by its filling: with RETURN, and for SL, TP and stop-out, it is filled with the next quotes."""
    quoted: bool = True
    """False: the symbol has no quote until a test sets one."""


class RandomWalk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A random walk of every symbol."""

    interval_ms: int = 1000
    """Milliseconds between two quotes."""
    step_points: int = 5
    """Largest change from quote to quote, in points."""


class ScriptedQuote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quote at a time."""

    at_ms: int
    """Milliseconds since the broker's start."""
    symbol: str
    """Name of the symbol."""
    bid: Decimal
    """Bid; above 0."""
    ask: Decimal
    """Ask; not below the bid."""


class ScheduledCall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A control or an operation of the broker at a time."""

    at_ms: int
    """Milliseconds since the broker's start."""
    call: str
    """Name of a method of BrokerControl or BrokerOperations, such as reopen_position."""
    arguments: msgspec.Raw = msgspec.Raw(b"{}")
    """Its arguments by name. Tickets are known beforehand: they ascend from first_order and first_deal."""


class Quirks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Behaviour that differs between brokers and builds; the bridge has to work with both."""

    stop_deals_keep_magic: bool = False
    """Orders and deals of SL, TP and stop-out have the position's magic, else 0."""
    partial_close_sets_magic: bool = True
    """A partial close sets the position's magic to that of the closing order."""
    close_deal_last: bool = False
    """The DEAL_ADD transaction of a close follows ORDER_DELETE and HISTORY_ADD."""
    ioc_remainder: Literal["CANCELED", "PARTIAL"] = "CANCELED"
    """State of an IOC order whose remainder was cancelled."""
    netting_zero_levels: Literal["REMOVE", "KEEP"] = "REMOVE"
    """A deal without SL or TP that adds to a netted position removes or keeps its levels. MetaQuotes' help says
    that they are removed."""
    netting_position: Literal["HEEDED", "IGNORED"] = "HEEDED"
    """On a netting account the position that a deal names is heeded (the deal is refused where it no longer
    exists) or ignored (the deal changes the symbol's position)."""
    pending_filling: Literal["ANY", "RETURN"] = "ANY"
    """A pending order takes any filling of its symbol, or RETURN only."""
    pending_retcode: Literal["DONE", "PLACED"] = "DONE"
    """Return code of a placed pending order."""
    placed_at_once: bool = False
    """A pending order is reported as PLACED from the start, else as STARTED and then PLACED."""
    stop_limit_keeps_type: bool = False
    """A stop-limit order keeps type and price once its stop price is met, else it becomes a limit order."""
    limit_price: Literal["MARKET", "ORDER"] = "MARKET"
    """A limit order is filled at the market's price (as good or better), or at its own."""
    trigger_no_money: Literal["REJECTED", "CANCELED"] = "REJECTED"
    """State of a pending order whose price is met and which the account cannot take: there is no money, or it would
    hedge where that is not allowed."""
    gone_order: Literal["INVALID", "ORDER_CHANGED"] = "INVALID"
    """Return code of a MODIFY or REMOVE of an order that is in history."""
    close_by_position_emitted: bool = True
    """A close-by sends a POSITION transaction between its deals, as a log shows; the reference says that no deal
    does."""


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All keys of a scenario."""

    seed: int = 1
    """Seed of the random walk."""
    account: AccountTerms = AccountTerms()
    """The account."""
    symbols: tuple[SymbolTerms, ...] = tuple(SymbolTerms(name=name) for name in SHIPPED)
    """The symbols; by default those that are shipped."""
    random_walk: RandomWalk | None = None
    """Random walk of the symbols without scripted quotes; null: quotes change only by `quotes` or by a test."""
    quotes: tuple[ScriptedQuote, ...] = ()
    """Scripted quotes."""
    calls: tuple[ScheduledCall, ...] = ()
    """Controls and operations of the broker at their times. One that is refused then is logged; nothing ends."""
    rules: tuple[Rule, ...] = ()
    """Fault rules."""
    quirks: Quirks = Quirks()
    """Behaviour that differs between brokers."""
    first_order: int = 1_000_001
    """Ticket of the first order."""
    first_deal: int = 500_001
    """Ticket of the first deal, which is the deposit."""
