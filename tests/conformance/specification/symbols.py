"""S: names of symbols at the broker, and their terms."""

from decimal import Decimal
from typing import Any

from bridge.core.director.contract import EventType
from bridge.core.link.reports import SymbolReport, decode_report
from bridge.simulator.broker.market.hours import opens_at
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.types import Retcode, SymbolTradeMode
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import EXPERT_ONLY, case
from tests.conformance.specification.expectations import (
    CANCELLED,
    PLACED,
    clock_text,
    refusals,
    refused,
    send_of,
    shut,
    terms,
    terms_of,
    until,
    volumes,
)
from tests.rig.rig import CLOSED, OPENED
from tests.rig.world import OFFICER

SHUT_S = 8
"""Time for which a market is closed: long enough for several refusals one after the other on a slow machine."""


@case("S01", "A symbol that the configuration maps is the broker's symbol of exactly that name")
def mapping(rig: ConformanceRig) -> None:
    rig.configure(officers=[{"id": OFFICER, "symbols": {"EURUSD": "EURUSD.z", "GBPUSD": "GBPUSD.z"}}])
    rig.start_with(
        Scenario(
            symbols=(
                SymbolTerms(name="EURUSD"),
                SymbolTerms(name="EURUSD.z", like="EURUSD"),
                SymbolTerms(name="GBPUSD"),
            )
        )
    )
    opening = rig.issue("OPEN_LONG")
    *_, opened = rig.emitted(opening, *OPENED)
    assert opened.body["symbol"] == "EURUSD.z"
    refused(rig, "UNKNOWN_SYMBOL", "GBPUSD.z", symbol="GBPUSD")
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.08), *PLACED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert {send.request.symbol for send in rig.broker.sends()} == {"EURUSD.z"}


@case(
    "S02",
    "A name is found with the suffix of most of the broker's symbols; with any other it may be another instrument",
    kinds=EXPERT_ONLY,
)
def detection(rig: ConformanceRig) -> None:
    likes = {
        "GBPUSD.r": "GBPUSD",
        "EURUSD.r": "EURUSD",
        "USDJPY": "USDJPY",
        "USDJPY.r": "USDJPY",
        "XAUUSD.US": "XAUUSD",
        "SXAU": "XAUUSD",
    }
    rig.start_with(Scenario(symbols=tuple(SymbolTerms(name=name, like=like) for name, like in likes.items())))
    for asked, name in (("GBPUSD", "GBPUSD.r"), ("EURUSD", "EURUSD.r"), ("USDJPY", "USDJPY")):
        rig.emitted(rig.issue("OPEN_LONG", symbol=asked), *OPENED)
        assert rig.broker.sends()[-1].request.symbol == name
    refused(rig, "AMBIGUOUS_SYMBOL", "XAUUSD.US may be another instrument", symbol="XAUUSD")
    refused(rig, "AMBIGUOUS_SYMBOL", 'symbols = { "XAU" = "SXAU" }', symbol="XAU")
    refused(rig, "UNKNOWN_SYMBOL", "BTCUSD", symbol="BTCUSD")
    rig.emitted(rig.issue("CLOSE", symbol="GBPUSD"), *CLOSED)
    assert len(rig.broker.sends()) == 4


@case(
    "S03",
    "Where a symbol may not be opened, at all or on one side, an open is refused; a close is sent",
    kinds=EXPERT_ONLY,
)
def trade_modes(rig: ConformanceRig) -> None:
    rig.start()
    held = [rig.issue("OPEN_LONG"), rig.issue("OPEN_LONG", symbol="XAUUSD")]
    for directive in held:
        rig.emitted(directive, *OPENED)
    modes = {
        "EURUSD": SymbolTradeMode.CLOSEONLY,
        "GBPUSD": SymbolTradeMode.DISABLED,
        "USDJPY": SymbolTradeMode.LONGONLY,
        "XAUUSD": SymbolTradeMode.SHORTONLY,
    }
    for symbol, mode in modes.items():
        rig.broker.set_trade_mode(symbol, mode)
    refused(rig, int(Retcode.CLOSE_ONLY), "EURUSD may only be closed")
    refused(rig, int(Retcode.TRADE_DISABLED), "trading in GBPUSD is disabled", symbol="GBPUSD")
    refused(rig, int(Retcode.LONG_ONLY), "only long", action="OPEN_SHORT", symbol="USDJPY")
    refused(rig, int(Retcode.SHORT_ONLY), "only short", symbol="XAUUSD", order_type="LIMIT", price=2300)
    assert len(rig.broker.sends()) == 2
    for symbol in ("EURUSD", "XAUUSD"):
        rig.emitted(rig.issue("CLOSE", symbol=symbol), *CLOSED)
    rig.open(symbol="USDJPY")
    rig.broker.set_session("USDJPY", False)
    refused(rig, int(Retcode.MARKET_CLOSED), "Market closed", symbol="USDJPY")
    rig.broker.set_session("USDJPY", True)
    rig.emitted(rig.issue("CLOSE", symbol="USDJPY"), *CLOSED)


@case("S04", "Prices are rounded to the nearest tick; a limit price never to a worse one")
def ticks(rig: ConformanceRig) -> None:
    rig.start_with(Scenario(symbols=(SymbolTerms(name="EURUSD", tick_size=Decimal("0.00005")),)))
    opening = rig.issue("OPEN_LONG", stop_loss=1.08003, take_profit=1.11007)
    _, placed, *_ = rig.emitted(opening, *OPENED)
    assert (placed.body["stop_loss"], placed.body["take_profit"]) == (1.08005, 1.11005)
    send = send_of(rig, opening).request
    assert (send.sl, send.tp) == (Decimal("1.08005"), Decimal("1.11005"))
    waiting = rig.issue("OPEN_LONG", order_type="STOP_LIMIT", price=1.10002, limit_price=1.09003)
    rig.emitted(waiting, *PLACED)
    send = send_of(rig, waiting).request
    assert (send.price, send.stoplimit) == (Decimal("1.1"), Decimal("1.09000"))
    _, emitted = rig.emitted(rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=1.08098), *PLACED)
    assert emitted.body["stop_loss"] == 1.081
    assert rig.broker.sends()[-1].request.sl == Decimal("1.081")


@case(
    "S05",
    "A quantity that the symbol does not allow is refused with its numbers; so is more than its limit",
    kinds=EXPERT_ONLY,
)
def quantities(rig: ConformanceRig) -> None:
    terms_of = SymbolTerms(
        name="EURUSD",
        volume_min=Decimal("0.1"),
        volume_max=Decimal("0.6"),
        volume_step=Decimal("0.05"),
        volume_limit=Decimal("0.75"),
    )
    rig.start_with(Scenario(symbols=(terms_of,)))
    refused(rig, "INVALID_QUANTITY", "quantity 0.05 is below EURUSD's minimum 0.1", quantity=0.05)
    refused(rig, "INVALID_QUANTITY", "quantity 0.65 is above EURUSD's maximum 0.6", quantity=0.65)
    refused(
        rig,
        "INVALID_QUANTITY",
        "quantity 0.12 is not a multiple of EURUSD's step",
        "the next below is 0.10",
        quantity=0.12,
    )
    assert rig.broker.sends() == []
    opening = rig.open(quantity=0.6)
    refused(rig, int(Retcode.LIMIT_VOLUME), quantity=0.2)
    waiting = rig.issue("OPEN_LONG", quantity=0.15, order_type="LIMIT", price=1.09)
    rig.emitted(waiting, *PLACED)
    refused(rig, int(Retcode.LIMIT_VOLUME), quantity=0.1)
    refused(rig, int(Retcode.INVALID_VOLUME), action="CLOSE", quantity=0.07)
    assert len(rig.broker.sends()) == 2
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening, quantity=0.15), *CLOSED[:-1])
    rig.emitted(rig.issue("CANCEL"), *CANCELLED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)


@case(
    "S06",
    "Stops and prices on the wrong side or too near are refused with the numbers; a close is not",
    kinds=EXPERT_ONLY,
)
def levels(rig: ConformanceRig) -> None:
    rig.start()
    terms(rig, "EURUSD", trade_stops_level=20)
    stops, price = str(int(Retcode.INVALID_STOPS)), str(int(Retcode.INVALID_PRICE))
    near = "; the minimum for this symbol is 20"
    wanted: list[tuple[str, dict[str, Any], str, str]] = [
        ("OPEN_LONG", {"stop_loss": 1.1}, stops, "stop loss 1.10000 is not below the bid 1.09500"),
        ("OPEN_SHORT", {"stop_loss": 1.09}, stops, "stop loss 1.09000 is not above the ask 1.09510"),
        ("OPEN_LONG", {"take_profit": 1.09}, stops, "take profit 1.09000 is not above the bid 1.09500"),
        (
            "OPEN_LONG",
            {"stop_loss": 1.0949},
            stops,
            f"stop loss 1.09490 is 10 points from the bid 1.09500{near}",
        ),
        (
            "OPEN_SHORT",
            {"stop_loss": 1.0952},
            stops,
            f"stop loss 1.09520 is 10 points from the ask 1.09510{near}",
        ),
        (
            "OPEN_SHORT",
            {"take_profit": 1.095},
            stops,
            f"take profit 1.09500 is 10 points from the ask 1.09510{near}",
        ),
        (
            "OPEN_LONG",
            {"order_type": "LIMIT", "price": 1.095},
            price,
            f"price 1.09500 is 10 points from the ask 1.09510{near}",
        ),
        (
            "OPEN_LONG",
            {"order_type": "LIMIT", "price": 1.09, "stop_loss": 1.0899},
            stops,
            f"stop loss 1.08990 is 10 points from the price 1.09000{near}",
        ),
    ]
    issued = [rig.issue(action, **fields) for action, fields, _, _ in wanted]
    emitted = refusals(rig, {name: code for name, (_, _, code, _) in zip(issued, wanted, strict=True)})
    for directive, (_, _, _, words) in zip(issued, wanted, strict=True):
        assert words in emitted[directive].body["error_message"]
    assert rig.broker.sends() == []
    opening = rig.open(stop_loss=1.0948)
    refused(rig, stops, "10 points from the bid 1.09500", action="MODIFY_SL", stop_loss=1.0949)
    refused(rig, stops, "not above the bid", action="MODIFY_TP", take_profit=1.09)
    terms(rig, "EURUSD", trade_stops_level=1000)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)


@case(
    "S07",
    "A position or order within the freeze level is not changed or cancelled, and the message has the numbers",
    kinds=EXPERT_ONLY,
)
def frozen(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.0947)
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.0948)
    rig.emitted(waiting, *PLACED)
    terms(rig, "EURUSD", trade_freeze_level=50)
    code, freezes = int(Retcode.FROZEN), "; the freeze distance of this symbol is 50"
    refused(
        rig,
        code,
        f"its stop loss 1.09470 is 30 points from the bid 1.09500{freezes}",
        action="MODIFY_SL",
        stop_loss=1.09,
        target_directive_id=opening,
    )
    near = f"its price 1.09480 is 30 points from the ask 1.09510{freezes}"
    refused(rig, code, near, action="MODIFY", price=1.09, target_directive_id=waiting)
    refused(rig, code, near, action="CANCEL", target_directive_id=waiting)
    assert len(rig.broker.sends()) == 2
    terms(rig, "EURUSD", trade_freeze_level=20)
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.09, target_directive_id=opening), *PLACED)
    rig.emitted(rig.issue("CANCEL", target_directive_id=waiting), *CANCELLED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)


@case(
    "S08",
    "While a market is closed an open is refused with the time of opening, and a close waits; then both are sent",
    kinds=EXPERT_ONLY,
)
def sessions(rig: ConformanceRig) -> None:
    rig.start()
    held = rig.open()
    shut(rig, "EURUSD", SHUT_S)
    opens_ms = opens_at(terms_of(rig, "EURUSD"), rig.broker.server_time())
    assert opens_ms is not None
    until_when = f"closed until {clock_text(opens_ms)}, server time"
    refused(rig, int(Retcode.MARKET_CLOSED), "the market for EURUSD is", until_when)
    refused(rig, int(Retcode.MARKET_CLOSED), until_when, order_type="LIMIT", price=1.09)
    closing = rig.issue("CLOSE", target_directive_id=held)
    rig.emitted(rig.issue("OPEN_LONG", symbol="GBPUSD"), *OPENED)
    assert len(volumes(rig)) == 2
    until(rig, "the market opens", lambda: rig.broker.server_time() >= opens_ms)
    rig.emitted(closing, EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR, *CLOSED[1:])
    rig.open()


@case(
    "S09",
    "An open in a symbol without a quote is refused until there is one, and nothing is sent",
    kinds=EXPERT_ONLY,
)
def without_a_quote(rig: ConformanceRig) -> None:
    rig.start_with(
        Scenario(symbols=tuple(SymbolTerms(name=name, quoted=name == "EURUSD") for name in SHIPPED))
    )
    for symbol in SHIPPED:
        if symbol != "EURUSD":
            refused(rig, "SYMBOL", f"there is no quote for {symbol}", symbol=symbol)
            refused(rig, "SYMBOL", symbol=symbol, action="OPEN_SHORT", order_type="LIMIT", price=3000)
    assert rig.broker.sends() == []
    rig.open()
    rig.quote("150.000", symbol="USDJPY")
    rig.emitted(rig.issue("OPEN_SHORT", symbol="USDJPY"), *OPENED)


@case("S10", "A session asks for the symbols that the configuration names, before any directive does")
def configured(rig: ConformanceRig) -> None:
    limits = {"allowed_symbols": ["GOLD", "EURUSD", "GBPUSD"]}
    rig.configure(officers=[{"id": OFFICER, "symbols": {"GOLD": "XAUUSD"}, "risk_limits": limits}])
    euro = SymbolTerms(name="EURUSD", execution="EXCHANGE", filling=("FOK",), stops_level=20, freeze_level=5)
    rig.start_with(Scenario(symbols=(euro, SymbolTerms(name="XAUUSD"))))

    def answers() -> dict[str, SymbolReport]:
        rows = rig.journal.rows("SELECT body FROM symbols")
        reports = [decode_report(row["body"].encode()) for row in rows]
        return {report.asked: report for report in reports if isinstance(report, SymbolReport)}

    until(rig, "each is answered", lambda: len(answers()) == 3)
    found = answers()
    assert {asked: report.name for asked, report in found.items()} == {
        "EURUSD": "EURUSD",
        "GBPUSD": "",
        "XAUUSD": "XAUUSD",
    }
    known = found["EURUSD"]
    assert (known.trade_mode, known.execution_mode, known.filling_modes) == (
        "FULL",
        "EXCHANGE",
        ["FOK", "RETURN"],
    )
    assert (known.stops_level, known.freeze_level) == (20, 5)
    # What was answered serves the first directive.
    rig.open(symbol="GOLD")
