"""A scenario: everything that a simulated broker starts from, as a person writes it into a JSON file.

Every key has a default, so `{}` is a scenario. Constants are written by their MQL5 names.
"""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct

from bridge.core.units.decimals import AmountError, check_amount
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.simulator.broker.fault_rules import Rule, rule_fault
from bridge.simulator.broker.market.hours import read_session
from bridge.simulator.broker.market.symbols import SHIPPED

OrderKind = Literal["MARKET", "LIMIT", "STOP", "STOP_LIMIT", "SL", "TP", "CLOSEBY"]
Lifetime = Literal["GTC", "DAY", "SPECIFIED", "SPECIFIED_DAY"]


class ScenarioError(ValueError):
    """The scenario cannot be used. The message names the key, its value and the remedy."""


class AccountTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The account. `balance` (USD) is the first deposit; stop-out levels are margin levels in percent.

    `limit_orders` is the most pending orders, `limit_positions` the most positions; 0 is no limit.
    `fifo_close` (close the oldest of a symbol first) and `hedge_allowed` (opposite positions in a symbol) are
    rules of hedging accounts; the others keep one position per symbol, and know neither."""

    login: int = 5000001
    name: str = "Simulated Trader"
    server: str = "Simulated-Demo"
    company: str = "Simulated Broker"
    margin_mode: MarginMode = MarginMode.RETAIL_HEDGING
    trade_mode: TradeMode = TradeMode.DEMO
    balance: Decimal = Decimal(10000)
    leverage: int = 100
    trade_allowed: bool = True
    trade_expert: bool = True
    margin_so_call: Decimal = Decimal(100)
    margin_so_so: Decimal = Decimal(50)
    limit_orders: int = 0
    limit_positions: int = 0
    fifo_close: bool = False
    hedge_allowed: bool = True


class SymbolTerms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One symbol on offer: the shipped specification `like` (default: of the same name) with some terms
    changed.

    `commission` is money per lot and deal, positive; levels are points; swaps are money per lot and night;
    `volume_limit` is the most lots in one direction, pending orders included, 0 for no limit. `orders` and
    `expiration` are the kinds and lifetimes of orders that the symbol takes; `orders_gtc` says whether its
    GTC orders, and stops, outlive the day. `sessions` are the week's, on the server's clock, as in
    "MON 00:05-24:00", or "MON 22:00-30:00" past midnight; without any it is traded all week. Where it is not
    `quoted` it has no quote until somebody gives it one.
    """

    name: str
    like: str = ""
    bid: Decimal | None = None
    ask: Decimal | None = None
    commission: Decimal = Decimal("3.50")
    swap_long: Decimal | None = None
    swap_short: Decimal | None = None
    stops_level: int = 0
    freeze_level: int = 0
    volume_min: Decimal | None = None
    volume_max: Decimal | None = None
    volume_step: Decimal | None = None
    volume_limit: Decimal = Decimal(0)
    tick_size: Decimal | None = None
    execution: Literal["REQUEST", "INSTANT", "MARKET", "EXCHANGE"] = "MARKET"
    filling: tuple[Literal["FOK", "IOC", "BOC"], ...] = ("FOK", "IOC")
    orders: tuple[OrderKind, ...] = ("MARKET", "LIMIT", "STOP", "STOP_LIMIT", "SL", "TP", "CLOSEBY")
    expiration: tuple[Lifetime, ...] = ("GTC", "DAY", "SPECIFIED", "SPECIFIED_DAY")
    orders_gtc: Literal["GTC", "DAILY", "DAILY_EXCLUDING_STOPS"] = "GTC"
    trade_mode: Literal["DISABLED", "LONGONLY", "SHORTONLY", "CLOSEONLY", "FULL"] = "FULL"
    sessions: tuple[str, ...] = ()
    quoted: bool = True


class Walk(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A random walk of every symbol: a quote each `interval_ms`, at most `step_points` away from the last."""

    interval_ms: int = 1000
    step_points: int = 5


class ScriptedQuote(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quote at a moment, in milliseconds since the broker's start."""

    at_ms: int
    symbol: str
    bid: Decimal
    ask: Decimal


class Quirks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What brokers and builds do one way or the other; the bridge has to work with both.

    `stop_deals_keep_magic`: orders and deals of SL, TP and stop-out bear the position's magic, else 0.
    `partial_close_sets_magic`: a position takes the magic of the order that closed a part of it.
    `close_deal_last`: a close tells DEAL_ADD behind ORDER_DELETE and HISTORY_ADD.
    `ioc_remainder`: the state of an IOC order whose remainder was cancelled.
    `netting_zero_levels`: what a deal without SL or TP that adds to a netted position does to its levels.
    MetaQuotes' help says that they are removed.
    `netting_position`: whether a deal on an account that nets heeds the position that it names, and is refused
    where that is gone, or works on the symbol's position whatever it names.
    `pending_filling`: a pending order takes any filling that its symbol has, or RETURN alone.
    `pending_retcode`: how a placed pending order is answered.
    `placed_at_once`: a pending order is told as PLACED from the start, else as STARTED and then PLACED.
    `stop_limit_keeps_type`: a stop-limit order keeps type and price once its stop price is met, else it
    becomes the limit order that it stands for.
    `limit_price`: a limit order is filled at the market's price (as good or better), or at its own.
    `trigger_no_money`: the state of a pending order whose price is met and which the account cannot take:
    there is no money, or it would hedge where that is not allowed.
    `gone_order`: the answer to a change or removal of an order that is in history already.
    `close_by_position_emitted`: a close-by tells POSITION between its deals, as a log shows; the reference says
    that no deal does.
    """

    stop_deals_keep_magic: bool = False
    partial_close_sets_magic: bool = True
    close_deal_last: bool = False
    ioc_remainder: Literal["CANCELED", "PARTIAL"] = "CANCELED"
    netting_zero_levels: Literal["REMOVE", "KEEP"] = "REMOVE"
    netting_position: Literal["HEEDED", "IGNORED"] = "HEEDED"
    pending_filling: Literal["ANY", "RETURN"] = "ANY"
    pending_retcode: Literal["DONE", "PLACED"] = "DONE"
    placed_at_once: bool = False
    stop_limit_keeps_type: bool = False
    limit_price: Literal["MARKET", "ORDER"] = "MARKET"
    trigger_no_money: Literal["REJECTED", "CANCELED"] = "REJECTED"
    gone_order: Literal["INVALID", "ORDER_CHANGED"] = "INVALID"
    close_by_position_emitted: bool = True


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of it. Without a walk, quotes stand until the script or a test moves them. Orders number from
    `first_order`, deals from `first_deal`."""

    seed: int = 1
    account: AccountTerms = AccountTerms()
    symbols: tuple[SymbolTerms, ...] = tuple(SymbolTerms(name=name) for name in SHIPPED)
    walk: Walk | None = None
    quotes: tuple[ScriptedQuote, ...] = ()
    rules: tuple[Rule, ...] = ()
    quirks: Quirks = Quirks()
    first_order: int = 1_000_001
    first_deal: int = 500_001


def load_scenario(path: Path) -> Scenario:
    """The scenario in a JSON file. Raises ScenarioError, also where the file cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        reason = f"{error.strerror}. Remedy: name a file that can be read."
        raise ScenarioError(f"scenario file {path}: {reason}") from None
    return parse_scenario(raw)


def parse_scenario(raw: bytes) -> Scenario:
    """The scenario that a JSON text spells. Raises ScenarioError."""
    try:
        scenario = msgspec.json.decode(raw, type=Scenario)
    except msgspec.ValidationError as error:
        raise _explained(str(error), raw) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(
            f"scenario: not JSON ({error}). Remedy: correct the text; {{}} is a scenario."
        ) from None
    _check(scenario)
    return scenario


def _explained(message: str, raw: bytes) -> ScenarioError:
    """msgspec's error in the house's form: key, value, rule, remedy."""
    reason, _, where = message.partition(" - at ")
    path = where.strip("`").removeprefix("$").removeprefix(".")
    if "unknown field" in reason:
        return ScenarioError(f"scenario key {path or '(top)'}: {reason}. Remedy: correct its name.")
    return _error(path or "(top)", _at(path, raw), reason, "write a value of that kind")


def _at(path: str, raw: bytes) -> object:
    """The value at a path such as `rules[0].effect.retcode`."""
    value: Any = msgspec.json.decode(raw)
    for key, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[key]
        except (KeyError, IndexError, TypeError):  # the path ends at what is missing
            break
    return value


def _error(key: str, value: object, rule: str, remedy: str) -> ScenarioError:
    shown = msgspec.json.encode(value).decode()
    return ScenarioError(f"scenario key {key}, value {shown[:80]}: {rule}. Remedy: {remedy}.")


def _check(scenario: Scenario) -> None:
    """What the types do not say. Raises ScenarioError."""
    account = scenario.account
    if account.leverage < 1:
        raise _error("account.leverage", account.leverage, "must be 1 or more", "write 100, for 1:100")
    for key, limit in (("limit_orders", account.limit_orders), ("limit_positions", account.limit_positions)):
        if limit < 0:
            raise _error(f"account.{key}", limit, "must be 0 or more", "write 0, for no limit")
    _amount("account.balance", account.balance)
    names: set[str] = set()
    for index, terms in enumerate(scenario.symbols):
        key = f"symbols[{index}]"
        if (terms.like or terms.name) not in SHIPPED:
            known = ", ".join(SHIPPED)
            raise _error(f"{key}.like", terms.like or terms.name, "no such symbol", f"write one of {known}")
        if terms.name in names:
            raise _error(f"{key}.name", terms.name, "named twice", "remove one")
        names.add(terms.name)
        if (terms.bid is None) != (terms.ask is None):
            raise _error(key, terms.name, "bid and ask belong together", "write both or neither")
        if terms.bid is not None and terms.ask is not None:
            _quote(key, terms.bid, terms.ask)
        if terms.bid is not None and not terms.quoted:
            raise _error(
                f"{key}.quoted", terms.quoted, "it has a bid and an ask", "leave out one or the other"
            )
        for number, session in enumerate(terms.sessions):
            try:
                read_session(session)
            except ValueError as error:
                raise _error(
                    f"{key}.sessions[{number}]", session, str(error), "write a day and its hours"
                ) from None
        for name in ("volume_min", "volume_max", "volume_step", "tick_size"):
            size: Decimal | None = getattr(terms, name)
            if size is None:
                continue
            _amount(f"{key}.{name}", size)
            if size <= 0:
                raise _error(f"{key}.{name}", size, "must be above 0", "write a size, or leave it out")
    if scenario.walk is not None and (scenario.walk.interval_ms < 1 or scenario.walk.step_points < 0):
        raise _error("walk", scenario.walk, "interval below 1 or step below 0", "write 1000 and 5")
    for index, quote in enumerate(scenario.quotes):
        key = f"quotes[{index}]"
        if quote.symbol not in names:
            raise _error(f"{key}.symbol", quote.symbol, "not among the symbols", "add it there or correct it")
        _quote(key, quote.bid, quote.ask)
    for index, rule in enumerate(scenario.rules):
        fault = rule_fault(rule)
        if fault is not None:
            key, _, remedy = fault.partition(": ")
            raise _error(f"rules[{index}].{key}", rule, "cannot work", remedy)


def _quote(key: str, bid: Decimal, ask: Decimal) -> None:
    _amount(f"{key}.bid", bid)
    _amount(f"{key}.ask", ask)
    if not 0 < bid <= ask:
        raise _error(key, f"{bid}/{ask}", "bid must be above 0 and not above ask", "swap or correct them")


def _amount(key: str, value: Decimal) -> None:
    try:
        check_amount(value)
    except AmountError as error:
        raise _error(key, value, str(error), "write an ordinary number") from None
