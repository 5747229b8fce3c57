"""G: the officer's risk limits in the configuration, and those of the Expert Advisor, each alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.cli.asking import live
from bridge.cli.control_client import NoAnswerError, NobodyThereError
from bridge.config import load
from bridge.core.director.contract import EventType
from bridge.sidecar.live_status import LiveTerminal
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import EXPERT_ONLY, case
from tests.conformance.specification.expectations import CANCELLED, PLACED, refused, until
from tests.rig.rig import CLOSED, OPENED
from tests.rig.world import OFFICER


def risk_limit(rig: ConformanceRig, **risk_limits: Any) -> None:
    """Configure these risk limits of the officer and no others; a running sidecar is restarted."""
    rig.configure(officers=[{"id": OFFICER, "risk_limits": risk_limits}])
    if rig.sidecars:
        assert rig.sidecar.terminate() == 0
        rig.start_sidecar()


def enter(rig: ConformanceRig, **inputs: str) -> None:
    """Set these inputs of the Expert Advisor; a running terminal is restarted."""
    rig.inputs = {"InpPollIntervalS": "0", **inputs}
    if rig.terminals:
        assert rig.terminal.terminate() == 0
        rig.restart_terminal()


@case("G01", "Actions, symbols and quantities that may be opened are limited")
def what_at_all(rig: ConformanceRig) -> None:
    rig.configure(
        officers=[
            {
                "id": OFFICER,
                "max_quantity": 0.05,
                "risk_limits": {"allowed_actions": ["OPEN_LONG"], "allowed_symbols": ["EURUSD"]},
            }
        ]
    )
    rig.start()
    refused(rig, "LIMIT_ACTION", "OPEN_SHORT", "allowed_actions: OPEN_LONG", action="OPEN_SHORT")
    refused(rig, "LIMIT_SYMBOL", "GBPUSD", "allowed_symbols: EURUSD", symbol="GBPUSD")
    refused(rig, "LIMIT_QUANTITY", "0.06", "max_quantity 0.05", quantity=0.06)
    refused(rig, "LIMIT_QUANTITY", "0.06", quantity=0.06, order_type="LIMIT", price=1.09)
    assert rig.broker.sends() == []
    rig.open(quantity=0.05)
    rig.emitted(rig.issue("MODIFY_SL", stop_loss=1.08), *PLACED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)


@case(
    "G02",
    "The quantity in a symbol counts open positions and pending orders, not closed and cancelled ones",
)
def symbol_quantity(rig: ConformanceRig) -> None:
    risk_limit(rig, max_symbol_quantity=0.05)
    rig.start()
    opening = rig.open(quantity=0.03)
    waiting = rig.issue("OPEN_LONG", quantity=0.02, order_type="LIMIT", price=1.09)
    rig.emitted(waiting, *PLACED)
    refused(rig, "LIMIT_SYMBOL_QUANTITY", "0.06 lots in EURUSD", "max_symbol_quantity 0.05")
    rig.open(symbol="GBPUSD", quantity=0.05)
    rig.emitted(rig.issue("CANCEL"), *CANCELLED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    rig.open(quantity=0.02)
    refused(rig, "LIMIT_SYMBOL_QUANTITY", "0.06 lots")
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    rig.open(quantity=0.03)


@case("G03", "Positions and pending orders together, and opens within a minute, are limited")
def counts(rig: ConformanceRig) -> None:
    risk_limit(rig, max_positions=2)
    rig.start()
    opening = rig.open()
    rig.emitted(rig.issue("OPEN_LONG", symbol="GBPUSD", order_type="LIMIT", price=1.26), *PLACED)
    refused(rig, "LIMIT_POSITIONS", "2 positions and pending orders", "max_positions is 2", symbol="XAUUSD")
    risk_limit(rig, max_orders_per_minute=3)
    rig.open(symbol="USDJPY")
    refused(rig, "LIMIT_RATE", "3 orders", "max_orders_per_minute is 3")
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert len(rig.broker.sends()) == 4


@case("G04", "A wide spread and closed hours refuse opens, and not closes")
def market(rig: ConformanceRig) -> None:
    risk_limit(rig, max_spread_points=20)
    rig.start()
    rig.open()
    rig.broker.set_quote("EURUSD", Decimal("1.09500"), Decimal("1.09535"))
    refused(rig, "CHECK", "the spread is 35 points; at most 20 are allowed")
    refused(rig, "CHECK", "the spread is 35 points", order_type="LIMIT", price=1.09)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    rig.open(symbol="GBPUSD")
    risk_limit(rig, closed_hours=["00:00-12:00", "12:00-00:00"])
    refused(rig, "CLOSED_HOURS", "nothing is opened between", "closed_hours", symbol="GBPUSD")
    rig.emitted(rig.issue("CLOSE", symbol="GBPUSD"), *CLOSED)
    risk_limit(rig)
    rig.open(symbol="GBPUSD")


@case("G05", "A day's loss, a drawdown and a low margin level each refuse opens, and not closes")
def funds(rig: ConformanceRig) -> None:
    risk_limit(rig, max_daily_loss=100)
    rig.start()
    opening = rig.open(quantity=0.5)
    # 200 points of half a lot, 100 of the account's money, besides spread and commission.
    rig.quote("1.09300")
    _until_refused(rig, "LIMIT_DAILY_LOSS", "max_daily_loss is 100")
    risk_limit(rig, max_drawdown_percent=1)
    _until_refused(rig, "LIMIT_DRAWDOWN", "max_drawdown_percent is 1")
    risk_limit(rig, min_margin_level_percent=100_000)
    _until_refused(rig, "LIMIT_MARGIN_LEVEL", "min_margin_level_percent is 100000")
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    until(rig, "a heartbeat without margin", lambda: _bound(rig) == 0)
    rig.open()
    assert len(rig.broker.sends()) == 3


def _until_refused(rig: ConformanceRig, code: str, *words: str) -> None:
    """Wait until the sidecar has a heartbeat with the present equity; then expect the refusal."""
    equity = rig.broker.account().equity
    until(rig, f"a heartbeat with an equity of {equity}", lambda: _beaten(rig) == equity)
    refused(rig, code, *words)


def _beaten(rig: ConformanceRig) -> Decimal | None:
    """The equity as the sidecar knows it."""
    beat = _beat(rig)
    return None if beat is None else beat.equity


def _bound(rig: ConformanceRig) -> Decimal | None:
    """The margin as the sidecar knows it."""
    beat = _beat(rig)
    return None if beat is None else beat.margin


def _beat(rig: ConformanceRig) -> LiveTerminal | None:
    try:
        (officer,) = live(load(rig.config_path)).officers
    except (NobodyThereError, NoAnswerError):
        return None
    return officer.session.heartbeat if officer.session is not None else None


@case(
    "G06",
    "A position without its requested stop raises an alarm, and is closed where the configuration says so",
)
def missing_stop(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(stop_loss=1.08)
    _lose_stop(rig, opening)
    *_, missing = rig.emitted(opening, *OPENED, EventType.ORDER_PLACED, EventType.SYSTEM_ERROR)
    assert missing.code == "STOP_MISSING"
    assert "1.08 was requested" in missing.body["error_message"]
    taken_away = rig.open(symbol="GBPUSD", stop_loss=1.2)
    rig.emitted(rig.issue("MODIFY_SL", symbol="GBPUSD", stop_loss=0), *PLACED)
    risk_limit(rig, missing_stop="close")
    closed = rig.open(symbol="USDJPY", stop_loss=140)
    _lose_stop(rig, closed)
    for directive in (opening, closed):
        rig.emitted(
            directive,
            *OPENED,
            EventType.ORDER_PLACED,
            EventType.SYSTEM_ERROR,
            EventType.POSITION_CLOSED,
        )
    rig.emitted(taken_away, *OPENED)


def _lose_stop(rig: ConformanceRig, opening: str) -> None:
    """A person takes the stop of the youngest position away; a scan then sees it."""
    rig.broker.manual_modify(position=rig.broker.positions()[-1].ticket, sl=Decimal(0))
    # The alarm may be there already: a scan of its own may come first.
    rig.director.wait(
        f"waited for the change of {opening}",
        lambda events: sum(each.directive_id == opening for each in events) > len(OPENED),
    )
    rig.terminal.terminate()
    rig.restart_terminal()


@case(
    "G07",
    "While the Director is silent pending orders are kept, or cancelled where the configuration says so",
)
def silent_director(rig: ConformanceRig) -> None:
    risk_limit(rig, silent_director="cancel", silent_director_after_s=1)
    rig.start()
    opening = rig.open()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rig.emitted(waiting, *PLACED)
    rig.director.behave(endpoint="poll", fault="status")
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    rig.director.behave()
    risk_limit(rig, silent_director="keep", silent_director_after_s=1)
    kept = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rig.emitted(kept, *PLACED)
    rig.director.behave(endpoint="poll", fault="status")
    began = datetime.now(UTC)
    until(rig, "polls fail for long", lambda: _failed_at(rig) - began > timedelta(seconds=2))
    rig.director.behave()
    rig.emitted(kept, *PLACED)
    rig.emitted(opening, *OPENED)
    assert len(rig.broker.orders()) == 1


def _failed_at(rig: ConformanceRig) -> datetime:
    """Return the time of the last failed poll."""
    (officer,) = live(load(rig.config_path)).officers
    failed = officer.poll is not None and bool(officer.poll.failure)
    return (
        datetime.fromisoformat(officer.poll.at)
        if failed and officer.poll
        else datetime.min.replace(tzinfo=UTC)
    )


@case(
    "G08",
    "The Expert Advisor's limits of one order hold for every command, and name the input",
    kinds=EXPERT_ONLY,
)
def inputs_of_an_order(rig: ConformanceRig) -> None:
    wanted: list[tuple[dict[str, str], str, str, dict[str, Any]]] = [
        ({"InpMaxLot": "0.05"}, "OPEN_LONG", "the maximum lot 0.05", {"quantity": 0.06}),
        ({"InpMaxDeviation": "10"}, "OPEN_LONG", "the maximum deviation 10", {"deviation_points": 11}),
        ({"InpMaxSpread": "5"}, "OPEN_LONG", "10 points is wider than the maximum spread 5", {}),
        ({"InpSymbols": "GBPUSD"}, "OPEN_LONG", "EURUSD is not among the allowed symbols (GBPUSD)", {}),
        ({"InpAllowLong": "false"}, "OPEN_LONG", "OPEN LONG is not among the allowed actions", {}),
        ({"InpAllowShort": "false"}, "OPEN_SHORT", "OPEN SHORT is not among the allowed actions", {}),
        ({"InpAllowCloses": "false"}, "CLOSE", "CLOSE is not among the allowed actions", {}),
        ({"InpAllowModify": "false"}, "MODIFY_SL", "MODIFY is not among", {"stop_loss": 1.08}),
        ({"InpAllowCancel": "false"}, "CANCEL", "CANCEL is not among the allowed actions", {}),
    ]
    rig.start()
    rig.open()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rig.emitted(waiting, *PLACED)
    for inputs, action, words, fields in wanted:
        enter(rig, **inputs)
        refused(rig, "INPUTS", words, action=action, **fields)
    assert len(rig.broker.sends()) == 2
    enter(rig)
    rig.emitted(rig.issue("CANCEL"), *CANCELLED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)


@case(
    "G09",
    "The Expert Advisor's limits of all orders together refuse opens, and not closes",
    kinds=EXPERT_ONLY,
)
def inputs_together(rig: ConformanceRig) -> None:
    enter(rig, InpMaxSymbolPositions="1")
    rig.start()
    opening = rig.open()
    refused(rig, "INPUTS", "2 positions and pending orders in EURUSD", "the maximum positions per symbol 1")
    rig.open(symbol="GBPUSD")
    enter(rig, InpMaxSymbolLots="0.02")
    refused(rig, "INPUTS", "0.03 lots in EURUSD", "the maximum volume per symbol 0.02", quantity=0.02)
    enter(rig, InpMaxOrdersPerMinute="1")
    rig.open(symbol="USDJPY")
    refused(rig, "INPUTS", "1 orders were sent within a minute", "the maximum orders per minute is 1")
    enter(rig, InpMinMarginLevel="1000000")
    refused(rig, "INPUTS", "the minimum margin level 1000000.00 %")
    enter(rig, InpMaxDailyLoss="50")
    rig.open(quantity=0.5)
    rig.quote("1.09300")
    refused(rig, "INPUTS", "the equity at the start of the broker's day; the maximum daily loss is 50.00")
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert len(rig.broker.sends()) == 5
