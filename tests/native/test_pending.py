"""Pending orders: requests of every form and lifetime, and refusals."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from bridge.core.director.contract import TimeInForce
from bridge.core.link.reports import CommandReport, CommandStage, DealReport, NotSentReason, OrderReport
from bridge.core.units.mt5_terms import OrderState
from bridge.simulator.broker.market.hours import read_session
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.mt5.types import (
    OrderFilling,
    OrderTime,
    OrderType,
    Retcode,
    SymbolExecution,
    SymbolExpiration,
    SymbolFilling,
    SymbolOrder,
    SymbolTradeMode,
    TradeRequest,
)
from tests.mql5.host.switches import Switches
from tests.native.bench import Bench
from tests.native.requests import Commands, pending
from tests.sidecar_peer import open_order

DAY_MS = 86_400_000


@pytest.fixture
def commands(joined: Bench) -> Commands:
    return Commands(joined)


def near(bench: Bench, **fields: Any) -> None:
    """Give EURUSD other terms."""
    present = bench.broker.symbol("EURUSD")
    assert present is not None
    bench.broker.set_symbol(replace(present, **fields))


FORMS = [
    ("BUY", "LIMIT", "1.09000", None, ("1.08500", "1.09400")),
    ("SELL", "LIMIT", "1.10000", None, ("1.10500", "1.09600")),
    ("BUY", "STOP", "1.10000", None, ("1.09500", "1.10400")),
    ("SELL", "STOP", "1.09000", None, ("1.09500", None)),
    ("BUY", "STOP_LIMIT", "1.10000", "1.09900", ("1.09800", "1.10400")),
    ("SELL", "STOP_LIMIT", "1.09000", "1.09100", (None, "1.08000")),
]


def test_every_order_type_is_sent(commands: Commands) -> None:
    bench = commands.bench
    for side, form, price, limit, stops in FORMS:
        sent = commands.execute(pending(form, price, side=side, limit=limit, stops=stops))
        assert isinstance(sent, TradeRequest)
        assert sent.type is OrderType[f"{side}_{form}"] and sent.magic == commands.client_order_id
        assert bench.stages(commands.client_order_id) == ["received", "submitted", "result"]
        bench.run(400)
        report = next(f for f in bench.peer.reports_of(OrderReport) if f.magic == commands.client_order_id)
        assert (report.state, report.type) == (OrderState.PLACED, f"{side}_{form}")
        assert report.limit_price == (None if limit is None else Decimal(limit))
        assert (report.price, report.stop_loss) == (
            Decimal(price),
            None if stops[0] is None else Decimal(stops[0]),
        )


def test_triggered_order_has_its_client_order_id(commands: Commands) -> None:
    commands.execute(pending("STOP", "1.10000"))
    commands.bench.broker.set_quote("EURUSD", Decimal("1.10000"), Decimal("1.10010"))
    commands.bench.run(1_500)
    (deal,) = commands.bench.peer.reports_of(DealReport)
    assert deal.magic == commands.client_order_id
    assert [f.state for f in commands.bench.peer.reports_of(OrderReport)][-1] is OrderState.FILLED


def test_price_on_the_wrong_side_or_too_near_is_refused(commands: Commands) -> None:
    near(commands.bench, trade_stops_level=20)
    wrong = [
        pending("LIMIT", "1.09600"),
        pending("LIMIT", "1.09495"),
        pending("STOP", "1.09400"),
        pending("STOP", "1.09520"),
        pending("LIMIT", "1.09400", side="SELL"),
        pending("STOP", "1.09600", side="SELL"),
        pending("STOP_LIMIT", "1.10000", limit="1.09990"),
        pending("STOP_LIMIT", "1.10000", limit="1.10000"),
        pending("LIMIT", "1.09000", stops=("1.08990", None)),
        pending("LIMIT", "1.09000", stops=("1.09100", None)),
        pending("LIMIT", "1.09000", stops=(None, "1.09010")),
        pending("STOP_LIMIT", "1.10000", limit="1.09900", stops=("1.09890", None)),
        replace(open_order(), stop_loss=Decimal("1.09490")),
        replace(open_order(), take_profit=Decimal("1.09400")),
    ]
    words = []
    for order in wrong:
        found = commands.execute(order)
        assert isinstance(found, tuple)
        assert found[0] is NotSentReason.CHECK and found[1] in (Retcode.INVALID_PRICE, Retcode.INVALID_STOPS)
        words.append(found[2])
    assert words[-1] == "take profit 1.09400 is not above the bid 1.09500"
    found = commands.execute(replace(open_order(), stop_loss=Decimal("1.09488")))
    assert isinstance(found, tuple)
    assert (
        found[2] == "stop loss 1.09488 is 12 points from the bid 1.09500; the minimum for this symbol is 20"
    )
    exactly = pending("LIMIT", "1.09490", stops=("1.09470", "1.09510"))
    assert isinstance(commands.execute(exactly), TradeRequest)


def test_price_of_more_than_eight_digits_is_not_rounded(commands: Commands) -> None:
    near(
        commands.bench,
        digits=10,
        point=Decimal("0.0000000001"),
        trade_tick_size=Decimal("0.0000000001"),
        trade_stops_level=0,
    )
    commands.bench.broker.set_quote("EURUSD", Decimal("0.0000123460"), Decimal("0.0000123470"))
    order = pending("LIMIT", "0.0000123457", stops=("0.0000123401", "0.0000123499"))
    sent = commands.sent(order)
    assert (sent.price, sent.sl, sent.tp) == (
        Decimal("0.0000123457"),
        Decimal("0.0000123401"),
        Decimal("0.0000123499"),
    )


@pytest.mark.parametrize("directive_id", ["\U0001f600" * 128, "\x01\n\u202e\x9b"])
def test_order_of_a_directive_with_any_id_is_sent(commands: Commands, directive_id: str) -> None:
    commands.sent(replace(open_order(), directive_id=directive_id))
    commands.bench.restart()
    commands.bench.join()
    # The ledger is whole.
    commands.sent(replace(open_order(), directive_id=directive_id))


@pytest.mark.parametrize("lasts", TimeInForce)
def test_lifetime_under_every_expiration_mode(commands: Commands, lasts: TimeInForce) -> None:
    now = commands.bench.broker.server_time()
    today = now // DAY_MS * DAY_MS
    used = set()
    for flags in range(16):
        near(commands.bench, expiration_mode=SymbolExpiration(flags))
        order = pending("LIMIT", "1.09000", time_in_force=lasts)
        moments = (
            (today + 3 * DAY_MS + 5_500, now + 60_000, today + DAY_MS) if lasts is TimeInForce.GTD else (0,)
        )
        for expires in moments:
            found = commands.execute(order, expires)
            if isinstance(found, TradeRequest):
                used.add(found.type_time)
                assert found.expiration <= max(expires, today + DAY_MS)
            else:
                assert found[:2] == (NotSentReason.CHECK, Retcode.INVALID_EXPIRATION)
    assert (
        used
        == {
            TimeInForce.GTC: {OrderTime.GTC, OrderTime.DAY},
            TimeInForce.DAY: {OrderTime.DAY, OrderTime.SPECIFIED_DAY},
            TimeInForce.GTD: {OrderTime.SPECIFIED, OrderTime.SPECIFIED_DAY},
        }[lasts]
    )


def test_past_or_unknown_expiry_is_refused(commands: Commands) -> None:
    now = commands.bench.broker.server_time()
    for expires in (0, now - 1_000, now):
        found = commands.execute(pending("LIMIT", "1.09000", time_in_force=TimeInForce.GTD), expires)
        assert isinstance(found, tuple) and found[1] == Retcode.INVALID_EXPIRATION


def test_order_that_the_symbol_does_not_permit_is_refused(commands: Commands) -> None:
    order = pending("STOP_LIMIT", "1.10000", limit="1.09900")
    near(commands.bench, order_mode=SymbolOrder.MARKET | SymbolOrder.LIMIT)
    assert commands.execute(order) == (
        NotSentReason.CHECK,
        Retcode.INVALID_ORDER,
        "order_type STOP_LIMIT is not allowed for EURUSD; allowed: MARKET, LIMIT",
    )
    near(commands.bench, order_mode=SHIPPED["EURUSD"].order_mode | SymbolOrder.LIMIT)
    codes = []
    for mode in SymbolTradeMode:
        near(commands.bench, trade_mode=mode)
        for side, price in (("BUY", "1.09000"), ("SELL", "1.10000")):
            found = commands.execute(pending("LIMIT", price, side=side))
            codes.append(0 if isinstance(found, TradeRequest) else found[1])
    assert codes == [10017, 10017, 0, 10042, 10043, 0, 10044, 10044, 0, 0]
    commands.bench.broker.set_session("EURUSD", False)
    # The broker publishes its sessions all the same, as on a holiday.
    says = "OrderCheck refused the request: Market closed"
    assert commands.execute(open_order()) == (NotSentReason.CHECK, 10018, says)


def test_session_past_midnight(commands: Commands) -> None:
    bench = commands.bench
    symbol = bench.broker.symbol("EURUSD")
    assert symbol is not None
    bench.broker.set_symbol(replace(symbol, sessions=(read_session("WED 22:00-26:00"),)))
    assert isinstance(commands.execute(open_order()), TradeRequest)  # the first minute of Thursday
    bench.clock.advance_us(2 * 3_600_000_000)
    bench.run(1_000)
    closed = "the market for EURUSD is closed until 2026.01.07 22:00:00, server time"
    assert commands.execute(open_order()) == (NotSentReason.CHECK, Retcode.MARKET_CLOSED, closed)


def test_session_whose_end_is_a_time_of_day_is_open_until_then(expert: Path, tmp_path: Path) -> None:
    bench = Bench(expert, tmp_path, Switches(session_end_wraps=True))
    bench.start()
    bench.join()
    commands = Commands(bench)
    symbol = bench.broker.symbol("EURUSD")
    assert symbol is not None
    for published in ("THU 00:00-24:00", "WED 22:00-26:00"):
        bench.broker.set_symbol(replace(symbol, sessions=(read_session(published),)))
        assert isinstance(commands.execute(open_order()), TradeRequest), published
    bench.clock.advance_us(2 * 3_600_000_000)
    bench.run(1_000)
    closed = "the market for EURUSD is closed until 2026.01.07 22:00:00, server time"
    assert commands.execute(open_order()) == (NotSentReason.CHECK, Retcode.MARKET_CLOSED, closed)


def test_filling_mode_of_a_pending_order(commands: Commands) -> None:
    fillings = set()
    for execution in SymbolExecution:
        for flags in range(4):
            near(commands.bench, trade_exemode=execution, filling_mode=SymbolFilling(flags))
            found = commands.execute(pending("LIMIT", "1.09000"))
            if isinstance(found, TradeRequest):
                fillings.add((execution is SymbolExecution.MARKET, found.type_filling))
    assert (False, OrderFilling.RETURN) in fillings and (True, OrderFilling.IOC) in fillings


def test_spread_limit_of_the_order(commands: Commands) -> None:
    assert commands.execute(replace(open_order(), max_spread_points=9)) == (
        NotSentReason.CHECK,
        0,
        "the spread is 10 points; at most 9 are allowed",
    )
    assert isinstance(commands.execute(replace(open_order(), max_spread_points=10)), TradeRequest)
    assert isinstance(commands.execute(pending("LIMIT", "1.09000", spread=0)), tuple)


def test_status_request_finds_a_live_order(commands: Commands) -> None:
    order = pending("LIMIT", "1.09000")
    commands.execute(order)
    commands.bench.peer.forget()
    commands.bench.send_frame(
        commands.bench.peer.status_request(replace(order, client_order_id=commands.client_order_id))
    )
    commands.bench.run(60)
    assert commands.bench.stages(commands.client_order_id) == ["submitted", "result"]
    assert [f.magic for f in commands.bench.peer.reports_of(OrderReport)] == [commands.client_order_id]


def test_order_is_known_from_the_ledger_after_a_crash(commands: Commands) -> None:
    order = pending("STOP_LIMIT", "1.10000", limit="1.09900", time_in_force=TimeInForce.DAY, spread=30)
    commands.execute(order)
    bench = commands.bench
    bench.restart()
    bench.join()
    assert bench.peer.proofs[-1].ledger.unbroken
    bench.peer.forget()
    bench.send_frame(bench.peer.command(replace(order, client_order_id=commands.client_order_id), attempt=2))
    bench.run(100)
    assert [f.stage for f in bench.peer.reports_of(CommandReport)] == [
        CommandStage.SUBMITTED,
        CommandStage.RESULT,
    ]
    assert bench.sends(commands.client_order_id) == 1
