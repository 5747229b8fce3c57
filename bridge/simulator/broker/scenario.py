"""Scenario: the JSON file with the account, symbols, quotes and faults that a simulated broker starts with.

Every key has a default, so `{}` is a scenario. Constants are written by their MQL5 names without the prefix.
`docs/simulated-broker.md` describes the format.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import AmountError, check_amount
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.simulator.broker.fault_rules import Rule, quote_fault, rule_fault
from bridge.simulator.broker.market.hours import read_session
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.broker.rpc.calls import CONTROLS, ArgumentError

OrderKind = Literal["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "SL", "TP", "CLOSEBY"]
Lifetime = Literal["GTC", "DAY", "SPECIFIED", "SPECIFIED_DAY"]


class ScenarioError(ValueError):
    """The scenario cannot be used. The message names the key, its value, the broken rule and the remedy."""


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
    """First deposit, in USD."""
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
    """Commission per lot and deal, in USD; positive."""
    swap_long: Decimal | None = None
    """Swap of a long position per lot and night, in USD; null for the shipped one."""
    swap_short: Decimal | None = None
    """Swap of a short position per lot and night, in USD; null for the shipped one."""
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
    tick_size: Decimal | None = None
    """Step of prices; null for the shipped one."""
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


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in a JSON file. Raises ScenarioError, also where the file cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"scenario file {path}: {error.strerror}; name a file that can be read") from None
    return parse_scenario(raw)


def parse_scenario(raw: bytes) -> Scenario:
    """Return the scenario of a JSON text. Raises ScenarioError."""
    try:
        scenario = msgspec.json.decode(raw, type=Scenario)
    except msgspec.ValidationError as error:
        raise _type_error(str(error), raw) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"scenario: not JSON ({error}); correct the text ({{}} is a scenario)") from None
    _check(scenario)
    return scenario


def _type_error(message: str, raw: bytes) -> ScenarioError:
    """msgspec's message with key, value, rule and remedy."""
    reason, _, where = message.partition(" - at ")
    path = where.strip("`").removeprefix("$").removeprefix(".")
    rule = reason[:1].lower() + reason[1:]
    if "unknown field" in reason:
        return ScenarioError(f"scenario: {path or '(top level)'}: {rule}; correct or remove it")
    return _error(
        path or "(top level)", _at(path, raw), f"has no valid value ({rule})", "write a supported one"
    )


def _at(path: str, raw: bytes) -> object:
    """The value at a path such as `rules[0].effect.retcode`."""
    value: Any = msgspec.json.decode(raw)
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):  # the path ends at a missing key
            break
    return value


def _error(key: str, value: object, rule: str, remedy: str) -> ScenarioError:
    shown = msgspec.json.encode(value).decode()
    return ScenarioError(f"scenario: {key} {shown[:80]} {rule}; {remedy}")


def _check(scenario: Scenario) -> None:
    """Check the rules that the types do not express. Raises ScenarioError."""
    _check_account(scenario.account)
    names: set[str] = set()
    for index, terms in enumerate(scenario.symbols):
        _check_symbol(f"symbols[{index}]", terms, names)
        names.add(terms.name)
    walk = scenario.random_walk
    if walk is not None and walk.interval_ms < 1:
        raise _error("random_walk.interval_ms", walk.interval_ms, "is below 1", "write 1000, for a second")
    if walk is not None and walk.step_points < 0:
        raise _error("random_walk.step_points", walk.step_points, "is below 0", "write 5")
    for index, quote in enumerate(scenario.quotes):
        key = f"quotes[{index}]"
        _check_name(f"{key}.symbol", quote.symbol, names)
        _check_quote(key, quote.bid, quote.ask)
    for index, call in enumerate(scenario.calls):
        _check_call(f"calls[{index}]", call)
    for index, rule in enumerate(scenario.rules):
        fault = rule_fault(rule)
        if fault is not None:
            raise ScenarioError(f"scenario: rules[{index}].{fault}")
        if rule.match.symbol is not None:
            _check_name(f"rules[{index}].match.symbol", rule.match.symbol, names)


def _check_call(key: str, call: ScheduledCall) -> None:
    if call.at_ms < 0:
        raise _error(f"{key}.at_ms", call.at_ms, "is below 0", "write 0 or more")
    if call.call not in CONTROLS:
        raise _error(
            f"{key}.call", call.call, "is no control or operation", f"write one of {', '.join(CONTROLS)}"
        )
    try:
        CONTROLS[call.call].decode_arguments(call.arguments)
    except ArgumentError as error:
        raise _error(f"{key}.arguments", call.arguments, str(error), "correct them") from None


def _check_account(account: AccountTerms) -> None:
    if account.leverage < 1:
        raise _error("account.leverage", account.leverage, "is below 1", "write 100, for 1:100")
    for name in ("limit_orders", "limit_positions"):
        limit: int = getattr(account, name)
        if limit < 0:
            raise _error(f"account.{name}", limit, "is below 0", "write 0, for no limit")
    for name in ("balance", "margin_so_call", "margin_so_so"):
        _check_amount(f"account.{name}", getattr(account, name))


def _check_symbol(key: str, terms: SymbolTerms, others: set[str]) -> None:
    if (terms.like or terms.name) not in SHIPPED:
        known = ", ".join(SHIPPED)
        raise _error(f"{key}.like", terms.like or terms.name, "is no shipped symbol", f"write one of {known}")
    if terms.name in others:
        raise _error(f"{key}.name", terms.name, "is there twice", "remove one")
    if (terms.bid is None) != (terms.ask is None):
        raise _error(key, terms.name, "has only one of bid and ask", "write both or neither")
    if terms.bid is not None and terms.ask is not None:
        _check_quote(key, terms.bid, terms.ask)
    if terms.bid is not None and not terms.quoted:
        raise _error(
            f"{key}.quoted", terms.quoted, "is set beside a bid and an ask", "leave out one or the other"
        )
    for number, session in enumerate(terms.sessions):
        try:
            read_session(session)
        except ValueError as error:
            remedy = "write a day and its hours"
            raise _error(f"{key}.sessions[{number}]", session, str(error), remedy) from None
    for name in ("volume_min", "volume_max", "volume_step", "tick_size", "depth"):
        size: Decimal | None = getattr(terms, name)
        if size is not None and _check_amount(f"{key}.{name}", size) <= 0:
            raise _error(f"{key}.{name}", size, "is not above 0", "write a size, or leave it out")
    for name in ("commission", "volume_limit", "swap_long", "swap_short"):
        amount: Decimal | None = getattr(terms, name)
        if amount is not None:
            _check_amount(f"{key}.{name}", amount)


def _check_name(key: str, symbol: str, names: set[str]) -> None:
    if symbol not in names:
        raise _error(key, symbol, "is not among the symbols", "add it there or correct it")


def _check_quote(key: str, bid: Decimal, ask: Decimal) -> None:
    fault = quote_fault(bid, ask)
    if fault is not None:
        raise ScenarioError(f"scenario: {key}.{fault}")


def _check_amount(key: str, value: Decimal) -> Decimal:
    try:
        return check_amount(value)
    except AmountError as error:
        raise _error(key, value, str(error), "write an ordinary number") from None
