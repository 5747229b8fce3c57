"""MODIFY and CANCEL: requests, sent once, with the target's state reported at once; CLOSE never exceeds the
position.
"""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    DealReport,
    Found,
    NotSentReason,
    OrderReport,
    PositionReport,
    ScanReport,
)
from bridge.core.units.mt5_terms import MarginMode, OrderState, Side
from bridge.simulator.broker.fault_rules import LoseAnswer, Reject, Rule
from bridge.simulator.broker.scenario import AccountTerms, Scenario
from bridge.simulator.mt5.types import (
    OrderType,
    Position,
    Retcode,
    SymbolTradeMode,
    TradeAction,
    TradeRequest,
)
from tests.mql5.host.switches import thrown
from tests.native.bench import Bench
from tests.native.requests import Commands, change, pending
from tests.sidecar_peer import open_order


@pytest.fixture
def commands(joined: Bench) -> Commands:
    return Commands(joined)


def opened(commands: Commands, side: str = "BUY") -> Position:
    """Open a position of the EA with stops."""
    stops = ("1.09000", "1.10000") if side == "BUY" else ("1.10000", "1.09000")
    order = replace(open_order(side=Side(side)), stop_loss=Decimal(stops[0]), take_profit=Decimal(stops[1]))
    assert isinstance(commands.execute(order), TradeRequest)
    commands.bench.run(1_000)
    commands.bench.peer.forget()
    return commands.bench.broker.positions()[-1]


def placed(commands: Commands, order: Order | None = None) -> int:
    """Place a pending order of the EA and return its ticket."""
    assert isinstance(
        commands.execute(order or pending("LIMIT", "1.09000", stops=("1.08000", "1.10000"))), TradeRequest
    )
    commands.bench.run(1_000)
    commands.bench.peer.forget()
    return commands.bench.broker.orders()[-1].ticket


def reported(bench: Bench) -> list[str]:
    """Return the reports in order: stages of commands, and the subjects of the others.

    Scans are left out: one follows each change, when it is its turn.
    """
    return [
        f"{report.stage}" if isinstance(report, CommandReport) else type(report).__name__
        for report in bench.peer.reports
        if not isinstance(report, ScanReport)
    ]


def test_modify_sets_the_levels_of_a_position(commands: Commands) -> None:
    position = opened(commands)
    ticket = position.identifier
    for stops, wished in [
        (("1.09100", None), ("1.09100", "1.10000")),
        ((None, "0"), ("1.09100", "0")),
        (("0", "1.11000"), ("0", "1.11000")),
    ]:
        commands.bench.peer.forget()
        sent = commands.execute(change("MODIFY", position=ticket, stops=stops))
        assert isinstance(sent, TradeRequest)
        assert (sent.action, sent.position, sent.magic) == (TradeAction.SLTP, position.ticket, position.magic)
        assert (sent.sl, sent.tp) == (Decimal(wished[0]), Decimal(wished[1]))
        assert reported(commands.bench)[:4] == ["received", "submitted", "result", "PositionReport"]
        report = commands.bench.peer.reports_of(PositionReport)[0]
        assert (report.stop_loss or 0, report.take_profit or 0) == (sent.sl, sent.tp)
        commands.bench.run(1_000)
        assert commands.bench.peer.reports_of(PositionReport)[1:] == []


def test_modify_changes_a_pending_order(commands: Commands) -> None:
    ticket, opener = placed(commands), commands.client_order_id
    for order, wished in [
        (change("MODIFY", order=ticket, opener=opener, price="1.09100"), ("1.09100", "1.08000", "1.10000")),
        (change("MODIFY", order=ticket, opener=opener, stops=("0", "1.10100")), ("1.09100", "0", "1.10100")),
    ]:
        commands.bench.peer.forget()
        sent = commands.execute(order)
        assert isinstance(sent, TradeRequest)
        assert (sent.action, sent.order, sent.magic) == (TradeAction.MODIFY, ticket, opener)
        assert (sent.price, sent.sl, sent.tp) == tuple(Decimal(level) for level in wished)
        assert reported(commands.bench)[:4] == ["received", "submitted", "result", "OrderReport"]
        assert commands.bench.peer.reports_of(OrderReport)[0].price == Decimal(wished[0])
        commands.bench.run(1_000)
        assert commands.bench.peer.reports_of(OrderReport)[1:] == []


def test_modify_changes_both_prices_of_a_stop_limit_order(commands: Commands) -> None:
    ticket = placed(commands, pending("STOP_LIMIT", "1.10000", limit="1.09900"))
    opener = commands.client_order_id
    sent = commands.execute(change("MODIFY", order=ticket, opener=opener, price="1.10100"))
    assert isinstance(sent, TradeRequest) and sent.stoplimit == Decimal("1.09900")
    sent = commands.execute(change("MODIFY", order=ticket, opener=opener, limit="1.10000"))
    assert isinstance(sent, TradeRequest) and sent.stoplimit == Decimal("1.10000")
    wrong = commands.execute(change("MODIFY", order=ticket, opener=opener, price="1.09950"))
    assert isinstance(wrong, tuple) and wrong[1] == Retcode.INVALID_PRICE


def test_levels_restored_to_earlier_values_are_reported(commands: Commands) -> None:
    ticket = placed(commands)
    for price in ("1.09100", "1.09000"):
        commands.bench.peer.forget()
        commands.bench.broker.manual_modify(order=ticket, price=Decimal(price))
        commands.bench.run(1_000)
        assert [report.price for report in commands.bench.peer.reports_of(OrderReport)] == [Decimal(price)]


def test_cancel_removes_a_pending_order(commands: Commands) -> None:
    ticket, opener = placed(commands), commands.client_order_id
    sent = commands.execute(change("CANCEL", order=ticket, opener=opener))
    assert isinstance(sent, TradeRequest)
    assert (sent.action, sent.order) == (TradeAction.REMOVE, ticket)
    assert reported(commands.bench)[:4] == ["received", "submitted", "result", "OrderReport"]
    assert commands.bench.peer.reports_of(OrderReport)[0].state is OrderState.CANCELED
    assert commands.bench.broker.orders() == []


def test_change_without_effect_is_not_recorded(commands: Commands) -> None:
    position = opened(commands)
    ticket, opener = placed(commands), commands.client_order_id
    before = commands.bench.ledger.read_text()
    for order, report in [
        (change("MODIFY", position=position.identifier, stops=("1.09000", None)), "PositionReport"),
        (change("MODIFY", position=position.identifier), "PositionReport"),
        (
            change("MODIFY", order=ticket, opener=opener, price="1.09000", stops=("1.08000", "1.10000")),
            "OrderReport",
        ),
    ]:
        commands.bench.peer.forget()
        assert commands.execute(order) == (NotSentReason.NO_CHANGE, 0, "the target already has these levels")
        assert reported(commands.bench)[:3] == ["received", report, "not_sent"]
    assert commands.bench.ledger.read_text() == before


def test_missing_or_foreign_target_is_refused(commands: Commands) -> None:
    bench = commands.bench
    ticket, opener = placed(commands), commands.client_order_id
    foreign = bench.broker.manual_pending(
        "EURUSD", OrderType.BUY_LIMIT, Decimal("0.1"), price=Decimal("1.08000")
    )
    position = bench.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    wrong = [
        (
            change("CANCEL", order=ticket, opener=opener + 1),
            f"order {ticket} has magic {opener}, not the opener's client order id {opener + 1}",
        ),
        (
            change("CANCEL", order=foreign, opener=opener),
            f"order {foreign} has magic 0, not the opener's client order id {opener}",
        ),
        (change("MODIFY", order=77), "there is no pending order 77"),
        (change("CANCEL"), "there is no pending order 0"),
        (change("MODIFY", position=77), "there is no open position 77"),
        (change("MODIFY", position=position, side="SELL"), f"position {position} is a BUY, not a SELL"),
    ]
    for order, message in wrong:
        found = commands.execute(order)
        assert isinstance(found, tuple) and found[2] == message
        assert found[0] is (NotSentReason.NO_POSITION if order.position else NotSentReason.NO_ORDER)
    assert len(bench.broker.orders()) == 2


def test_fill_of_the_target_is_reported_before_the_refusal(commands: Commands) -> None:
    ticket, opener = placed(commands), commands.client_order_id
    commands.bench.broker.set_quote("EURUSD", Decimal("1.08980"), Decimal("1.08990"))
    found = commands.execute(change("CANCEL", order=ticket, opener=opener))
    assert isinstance(found, tuple) and found[0] is NotSentReason.NO_ORDER
    order = reported(commands.bench)
    assert order.index("OrderReport") < order.index("not_sent")
    assert commands.bench.peer.reports_of(OrderReport)[0].state is OrderState.FILLED


def test_target_within_the_freeze_level_is_not_changed(commands: Commands) -> None:
    bench = commands.bench
    position, _ = opened(commands), placed(commands)
    ticket, opener = bench.broker.orders()[-1].ticket, commands.client_order_id
    present = bench.broker.symbol("EURUSD")
    assert present is not None
    bench.broker.set_symbol(replace(present, trade_freeze_level=10))
    bench.broker.set_quote("EURUSD", Decimal("1.09008"), Decimal("1.09009"))
    frozen = [
        change("MODIFY", position=position.identifier, stops=("1.08900", None)),
        change("MODIFY", order=ticket, opener=opener, price="1.08900"),
        change("CANCEL", order=ticket, opener=opener),
    ]
    for order in frozen:
        found = commands.execute(order)
        assert isinstance(found, tuple)
        assert found[:2] == (NotSentReason.CHECK, Retcode.FROZEN)
        assert "freeze distance of this symbol is 10" in found[2]


def test_unchanged_levels_are_not_checked(commands: Commands) -> None:
    position = opened(commands)
    present = commands.bench.broker.symbol("EURUSD")
    assert present is not None
    commands.bench.broker.set_symbol(replace(present, trade_stops_level=100))
    for stops in (("1.09450", None), (None, "1.09550"), ("1.09600", None)):
        found = commands.execute(change("MODIFY", position=position.identifier, stops=stops))
        assert isinstance(found, tuple) and found[1] == Retcode.INVALID_STOPS


def test_change_is_sent_once_for_every_return_code(commands: Commands) -> None:
    bench, position = commands.bench, opened(commands)
    bench.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    order = change("MODIFY", position=position.identifier, stops=("1.09100", None))
    assert isinstance(commands.execute(order), TradeRequest)
    order = replace(order, client_order_id=commands.client_order_id)
    sends = len(bench.broker.sends())
    assert bench.peer.reports_of(PositionReport)[0].stop_loss == Decimal("1.09100")
    bench.peer.forget()
    bench.send_frame(bench.peer.command(order, attempt=2))
    bench.run(100)
    assert bench.stages(order.client_order_id) == ["submitted", "result"]
    bench.peer.forget()
    bench.send_frame(bench.peer.status_request(order))
    bench.run(60)
    assert reported(bench)[:4] == ["submitted", "result", "PositionReport", "status_reply"]
    status_reply = next(
        f for f in bench.peer.reports_of(CommandReport) if f.stage is CommandStage.STATUS_REPLY
    )
    assert status_reply.found is Found.NOTHING
    assert len(bench.broker.sends()) == sends


@pytest.mark.parametrize("reloaded", [False, True])
@pytest.mark.parametrize("kind", ["levels", "price", "cancel"])
def test_repeated_change_is_answered_from_the_ledger(commands: Commands, kind: str, reloaded: bool) -> None:
    """The target was changed back meanwhile, so a second request would change it again."""
    bench = commands.bench
    if kind == "levels":
        position = opened(commands)
        order = change("MODIFY", position=position.identifier, stops=("1.09100", None))
    else:
        ticket, opener = placed(commands), commands.client_order_id
        order = change("MODIFY", order=ticket, opener=opener, price="1.09100")
        if kind == "cancel":
            order = change("CANCEL", order=ticket, opener=opener)
            bench.broker.add_rule(Rule(effect=Reject(retcode=Retcode.MARKET_CLOSED)))
    assert isinstance(commands.execute(order), TradeRequest)
    order = replace(order, client_order_id=commands.client_order_id)
    answer = [
        report for report in bench.peer.reports_of(CommandReport) if report.stage is not CommandStage.RECEIVED
    ]
    if kind == "levels":
        bench.broker.manual_modify(position=position.ticket, sl=Decimal("1.09000"))
    elif kind == "price":
        bench.broker.manual_modify(order=ticket, price=Decimal("1.09000"))
    if reloaded:
        bench.restart()
        bench.join()
    sends = len(bench.broker.sends())
    bench.peer.forget()
    bench.send_frame(bench.peer.command(order, attempt=2))
    bench.run(100)
    assert len(bench.broker.sends()) == sends
    assert [report.stage for report in answer] == [CommandStage.SUBMITTED, CommandStage.RESULT]
    assert bench.peer.reports_of(CommandReport) == answer


@pytest.mark.parametrize("retcode", [Retcode.NO_CHANGES, Retcode.CONNECTION])
def test_status_request_for_a_change(commands: Commands, retcode: Retcode) -> None:
    bench, ticket, opener = commands.bench, placed(commands), commands.client_order_id
    bench.broker.add_rule(Rule(effect=Reject(retcode=retcode)))
    order = change("CANCEL", order=ticket, opener=opener)
    assert isinstance(commands.execute(order), TradeRequest)
    bench.peer.forget()
    bench.send_frame(bench.peer.status_request(replace(order, client_order_id=commands.client_order_id)))
    bench.run(60)
    clear = retcode is Retcode.NO_CHANGES
    assert reported(bench)[:4] == ["submitted", "result", "OrderReport"] + ([] if clear else ["status_reply"])
    bench.peer.forget()
    bench.send_frame(bench.peer.status_request(replace(order, client_order_id=9), ledger="f" * 32))
    bench.run(60)
    assert reported(bench)[:2] == ["OrderReport", "status_reply"]
    bench.send_frame(bench.peer.status_request(replace(order, client_order_id=10)))
    bench.run(60)
    assert bench.stages(10) == ["not_sent NO_INTENT"]


@pytest.mark.parametrize("kind", ["CLOSE", "MODIFY"])
def test_command_waits_until_its_position_is_visible(expert: Path, tmp_path: Path, kind: str) -> None:
    bench = Bench(expert, tmp_path, thrown("position_late"))
    try:
        bench.start()
        bench.join()
        bench.send_frame(bench.peer.command(open_order(1001)))
        bench.run(200)
        (deal,) = [deal for deal in bench.peer.reports_of(DealReport) if deal.magic == 1001]
        assert bench.peer.reports_of(PositionReport) == []
        order = open_order(1002, kind=CommandKind.CLOSE, side=Side.SELL, position=deal.position_id)
        if kind == "MODIFY":
            order = change("MODIFY", client_order_id=1002, position=deal.position_id, stops=("1.09000", None))
        bench.send_frame(bench.peer.command(replace(order, opener=1001)))
        bench.run(1_000)
        assert bench.stages(1002) == ["received", "submitted", "result"]
    finally:
        bench.close()


def test_wait_for_an_invisible_position_is_limited(joined: Bench) -> None:
    joined.broker.add_rule(Rule(effect=Reject(retcode=Retcode.TIMEOUT)))
    joined.send_frame(joined.peer.command(open_order(1001)))
    joined.run(200)
    order = open_order(1002, kind=CommandKind.CLOSE, side=Side.SELL, position=77)
    joined.send_frame(joined.peer.command(replace(order, opener=1001)))
    joined.run(4_000)
    assert joined.stages(1002) == ["received"]
    joined.run(1_500)
    assert joined.stages(1002) == ["received", "not_sent NO_POSITION"]


def test_status_request_for_a_closed_position_reports_its_deals(commands: Commands) -> None:
    bench, position = commands.bench, opened(commands)
    order = change("MODIFY", position=position.identifier, stops=("1.09100", None))
    bench.broker.add_rule(Rule(effect=LoseAnswer(retcode=None)))
    commands.execute(order)
    bench.broker.manual_close(position.ticket)
    bench.run(1_000)
    bench.peer.forget()
    bench.send_frame(bench.peer.status_request(replace(order, client_order_id=commands.client_order_id)))
    bench.run(60)
    assert reported(bench)[:5] == ["submitted", "result", "DealReport", "DealReport", "status_reply"]
    assert {deal.position_id for deal in bench.peer.reports_of(DealReport)} == {position.identifier}


def test_status_request_while_the_broker_is_unreachable(commands: Commands) -> None:
    bench, ticket, opener = commands.bench, placed(commands), commands.client_order_id
    bench.broker.add_rule(Rule(effect=Reject(retcode=Retcode.CONNECTION)))
    order = change("CANCEL", order=ticket, opener=opener)
    commands.execute(order)
    bench.broker.disconnect()
    bench.run(60)
    bench.peer.forget()
    bench.send_frame(bench.peer.status_request(replace(order, client_order_id=commands.client_order_id)))
    bench.run(60)
    status_reply = bench.peer.reports_of(CommandReport)[-1]
    assert (status_reply.stage, status_reply.found) == (CommandStage.STATUS_REPLY, Found.UNSEARCHED)
    assert bench.peer.reports_of(OrderReport) == []


def test_change_needs_no_trade_mode_and_no_session(commands: Commands) -> None:
    ticket, opener = placed(commands), commands.client_order_id
    commands.bench.broker.set_trade_mode("EURUSD", SymbolTradeMode.CLOSEONLY)
    assert isinstance(commands.execute(change("CANCEL", order=ticket, opener=opener)), TradeRequest)


NETTING = Scenario(account=AccountTerms(margin_mode=MarginMode.RETAIL_NETTING))


@pytest.mark.parametrize("scenario", [Scenario(), NETTING], ids=["hedging", "netting"])
def test_close_is_limited_to_the_open_volume(expert: Path, tmp_path: Path, scenario: Scenario) -> None:
    bench = Bench(expert, tmp_path, scenario=scenario)
    bench.start()
    bench.join()
    commands = Commands(bench)
    try:
        position = opened(commands)
        order = open_order(
            kind=CommandKind.CLOSE, side=Side.SELL, volume="0.04", position=position.identifier
        )
        assert isinstance(commands.execute(order), TradeRequest)
        sent = commands.execute(replace(order, volume=Decimal("0.30")))
        assert isinstance(sent, TradeRequest) and sent.volume == Decimal("0.06")
        assert sent.position == position.ticket
        bench.run(500)
        assert bench.broker.positions() == []
        found = commands.execute(order)
        assert isinstance(found, tuple) and found[0] is NotSentReason.NO_POSITION
    finally:
        bench.close()


@pytest.mark.parametrize("kind", ["CLOSE", "MODIFY"])
def test_position_whose_symbol_was_renamed_is_found_by_its_identifier(commands: Commands, kind: str) -> None:
    position = opened(commands)
    commands.bench.broker.rename_symbol("EURUSD", "EURUSD.r")
    # Planned before the sidecar knew the new name.
    order = open_order(kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
    if kind == "MODIFY":
        order = change("MODIFY", position=position.identifier, stops=("1.09100", None))
    sent = commands.sent(order)
    assert (sent.symbol, sent.position) == ("EURUSD.r", position.ticket)
    commands.bench.run(500)
    assert [each.sl for each in commands.bench.broker.positions()] == (
        [Decimal("1.09100")] if kind == "MODIFY" else []
    )


@pytest.mark.parametrize("kind", ["CANCEL", "MODIFY"])
def test_order_whose_symbol_was_renamed_is_found_by_its_ticket(commands: Commands, kind: str) -> None:
    ticket = placed(commands)
    opener = commands.client_order_id
    commands.bench.broker.rename_symbol("EURUSD", "EURUSD.r")
    price = "1.09100" if kind == "MODIFY" else None
    assert commands.sent(change(kind, order=ticket, opener=opener, price=price)).order == ticket
    commands.bench.run(500)
    assert [each.price_open for each in commands.bench.broker.orders()] == (
        [Decimal("1.09100")] if kind == "MODIFY" else []
    )


def test_reversed_position_is_not_closed(expert: Path, tmp_path: Path) -> None:
    bench = Bench(expert, tmp_path, scenario=NETTING)
    bench.start()
    bench.join()
    commands = Commands(bench)
    try:
        position = opened(commands)
        bench.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.30"))
        order = open_order(kind=CommandKind.CLOSE, side=Side.SELL, position=position.identifier)
        found = commands.execute(order)
        assert isinstance(found, tuple)
        assert found[2] == f"position {position.identifier} is a SELL; a SELL does not close it"
    finally:
        bench.close()
