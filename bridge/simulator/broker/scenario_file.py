"""Scenario files: JSON read and checked, with errors that name file, place, value, rule and remedy."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from bridge.core.units.decimals import AmountError, check_amount
from bridge.simulator.broker.book.money import Rates
from bridge.simulator.broker.fault_rules import quote_fault, rule_fault
from bridge.simulator.broker.market.hours import read_session
from bridge.simulator.broker.market.symbols import FIRST_QUOTES, SHIPPED
from bridge.simulator.broker.rpc.calls import CONTROLS, ArgumentError
from bridge.simulator.broker.scenario import AccountTerms, Scenario, ScheduledCall, SymbolTerms


class ScenarioError(ValueError):
    """The scenario cannot be used. The message names the file, the key, its value, the broken rule and the
    remedy."""


def load_scenario(path: Path) -> Scenario:
    """Return the scenario in a JSON file. Raises ScenarioError, also where the file cannot be read."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ScenarioError(f"scenario file {path}: {error.strerror}; name a file that can be read") from None
    try:
        return parse_scenario(raw)
    except ScenarioError as error:
        raise ScenarioError(f"scenario file {path}: {str(error).removeprefix('scenario: ')}") from None


def parse_scenario(raw: bytes) -> Scenario:
    """Return the scenario of a JSON text. Raises ScenarioError."""
    try:
        scenario = msgspec.json.decode(raw, type=Scenario)
    except msgspec.ValidationError as error:
        raise _type_error(str(error), raw) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        place = _line_of(str(error), raw)
        raise ScenarioError(
            f"scenario: not JSON{place} ({error}); correct the text ({{}} is a scenario)"
        ) from None
    _check(scenario)
    return scenario


def _line_of(message: str, raw: bytes) -> str:
    """Line and column of the byte that a message of msgspec names; empty where it names none."""
    found = re.search(r"\(byte (\d+)\)", message)
    if found is None:
        return ""
    before = raw[: int(found[1])]
    return f" at line {before.count(10) + 1}, column {len(before) - before.rfind(10)}"


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
    negative = {terms.name for terms in scenario.symbols if terms.negative_quotes}
    _check_currency(scenario)
    walk = scenario.random_walk
    if walk is not None and walk.interval_ms < 1:
        raise _error("random_walk.interval_ms", walk.interval_ms, "is below 1", "write 1000, for a second")
    if walk is not None and walk.step_points < 0:
        raise _error("random_walk.step_points", walk.step_points, "is below 0", "write 5")
    for index, quote in enumerate(scenario.quotes):
        key = f"quotes[{index}]"
        _check_name(f"{key}.symbol", quote.symbol, names)
        _check_quote(key, quote.bid, quote.ask, negative=quote.symbol in negative)
    for index, call in enumerate(scenario.calls):
        _check_call(f"calls[{index}]", call)
    for index, rule in enumerate(scenario.rules):
        fault = rule_fault(rule, negative)
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


def _check_currency(scenario: Scenario) -> None:
    """Check that every symbol's money can be converted into the account's currency."""
    account, offered = scenario.account, [SHIPPED[terms.like or terms.name] for terms in scenario.symbols]
    if not re.fullmatch(r"[A-Z0-9]{3,12}", account.currency):
        raise _error(
            "account.currency", account.currency, "is not 3 to 12 capitals or digits", "write one such as EUR"
        )
    if not 0 <= account.currency_digits <= 8:
        raise _error(
            "account.currency_digits", account.currency_digits, "is not from 0 to 8", "write 2, for cents"
        )
    quotes = {symbol.name: FIRST_QUOTES[symbol.name] for symbol in offered}
    rates = Rates({symbol.name: symbol for symbol in offered}, quotes, account.currency)
    for symbol in offered:
        if not rates.convertible(symbol):
            remedy = "add symbols that convert it, such as EURUSD and USDJPY, or write another currency"
            raise _error(
                "account.currency", account.currency, f"cannot take the money of {symbol.name}", remedy
            )


def _check_symbol(key: str, terms: SymbolTerms, others: set[str]) -> None:
    if (terms.like or terms.name) not in SHIPPED:
        known = ", ".join(SHIPPED)
        raise _error(f"{key}.like", terms.like or terms.name, "is no shipped symbol", f"write one of {known}")
    if terms.name in others:
        raise _error(f"{key}.name", terms.name, "is there twice", "remove one")
    if (terms.bid is None) != (terms.ask is None):
        raise _error(key, terms.name, "has only one of bid and ask", "write both or neither")
    if terms.bid is not None and terms.ask is not None:
        _check_quote(key, terms.bid, terms.ask, negative=terms.negative_quotes)
    if terms.bid is not None and not terms.quoted:
        raise _error(
            f"{key}.quoted", terms.quoted, "is set beside a bid and an ask", "leave out one or the other"
        )
    if terms.digits is not None and not 0 <= terms.digits <= 8:
        raise _error(f"{key}.digits", terms.digits, "is not from 0 to 8", "write such a number")
    if terms.reopen_gap_ms < 0:
        raise _error(f"{key}.reopen_gap_ms", terms.reopen_gap_ms, "is below 0", "write 0, for at once")
    for number, session in enumerate(terms.sessions):
        try:
            read_session(session)
        except ValueError as error:
            remedy = "write a day and its hours"
            raise _error(f"{key}.sessions[{number}]", session, str(error), remedy) from None
    for name in ("volume_min", "volume_max", "volume_step", "tick_size", "contract_size", "depth"):
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


def _check_quote(key: str, bid: Decimal, ask: Decimal, *, negative: bool) -> None:
    fault = quote_fault(bid, ask, negative=negative)
    if fault is not None:
        raise ScenarioError(f"scenario: {key}.{fault}")


def _check_amount(key: str, value: Decimal) -> Decimal:
    try:
        return check_amount(value)
    except AmountError as error:
        raise _error(key, value, str(error), "write an ordinary number") from None
