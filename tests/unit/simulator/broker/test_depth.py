"""Depth: orders that find too little volume in the market, by their filling, and stops that are filled in parts."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.scenario import AccountTerms, SymbolTerms
from bridge.simulator.mt5.types import DealReason, OrderFilling, OrderState, OrderType, Retcode, TradeRequest
from tests.unit.simulator.broker.build import (
    EVER,
    broker,
    closing,
    done,
    opened,
    opening,
    placed,
    quoted,
    removal,
    waiting,
)

EXCHANGE = SymbolTerms(name="EURUSD", execution="EXCHANGE", depth=Decimal("0.04"))
RETURN = OrderFilling.RETURN
MODES = [AccountTerms(), AccountTerms(margin_mode=MarginMode.RETAIL_NETTING)]


def lots(server: Broker) -> list[str]:
    """Return the volumes of the open positions."""
    return [str(position.volume) for position in server.positions()]


@pytest.mark.parametrize("account", MODES, ids=lambda account: account.margin_mode)
def test_rest_of_a_return_order_is_filled_with_the_next_quotes(account: AccountTerms) -> None:
    server = broker(EXCHANGE, account=account)
    result = server.order_send(opening(filling=RETURN))
    assert (result.retcode, result.volume) == (Retcode.DONE_PARTIAL, Decimal("0.04"))
    (order,) = server.orders()
    assert (order.type, order.state, order.volume_current) == (
        OrderType.BUY,
        OrderState.PARTIAL,
        Decimal("0.06"),
    )
    quoted(server, "1.09510")
    assert lots(server) == ["0.08"]
    quoted(server, "1.09520")
    assert (lots(server), server.orders()) == (["0.10"], [])
    assert done(server, result.order).state is OrderState.FILLED


def test_rest_of_a_return_order_can_be_removed() -> None:
    server = broker(EXCHANGE)
    ticket = server.order_send(opening(filling=RETURN)).order
    assert server.order_send(removal(ticket)).retcode == Retcode.DONE
    order = done(server, ticket)
    assert (order.state, order.volume_current) == (OrderState.CANCELED, Decimal("0.06"))
    quoted(server, "1.09510")
    assert lots(server) == ["0.04"]


def test_rest_of_an_ioc_order_is_cancelled_and_a_fok_order_is_not_executed() -> None:
    server = broker(EXCHANGE)
    result = server.order_send(opening(filling=OrderFilling.IOC))
    assert (result.retcode, done(server, result.order).state) == (Retcode.DONE_PARTIAL, OrderState.CANCELED)
    assert server.order_send(opening()).retcode == Retcode.REJECT
    with pytest.raises(ControlError, match=r"volume 0\.10 is above the depth 0\.04 of EURUSD; trade less"):
        server.manual_open("EURUSD", OrderType.BUY, Decimal("0.10"))
    assert lots(server) == ["0.04"]


def test_pending_orders_are_filled_by_the_depth_too() -> None:
    server = broker(EXCHANGE)
    resting = placed(server)
    killed = placed(server, waiting(filling=OrderFilling.FOK))
    quoted(server, "1.08900")
    assert done(server, killed).state is OrderState.CANCELED
    quoted(server, "1.09510")
    assert lots(server) == ["0.04"]
    quoted(server, "1.08900")
    quoted(server, "1.08890")
    assert (lots(server), done(server, resting).state) == (["0.10"], OrderState.FILLED)


@pytest.mark.parametrize("account", MODES, ids=lambda account: account.margin_mode)
@pytest.mark.parametrize(
    ("order", "bid", "reason"), [(opening(sl="1.09"), "1.08", "SL"), (opening(tp="1.10"), "1.11", "TP")]
)
def test_stop_is_filled_in_parts_by_one_order(
    account: AccountTerms, order: TradeRequest, bid: str, reason: str
) -> None:
    server = broker(SymbolTerms(name="EURUSD", execution="EXCHANGE"), account=account)
    ticket = opened(server, order)
    server.set_depth("EURUSD", Decimal("0.04"))
    for left in (["0.06"], ["0.02"], []):
        quoted(server, bid)
        assert lots(server) == left
    deals = server.deals_by_position(ticket)[1:]
    assert [deal.volume for deal in deals] == [Decimal("0.04"), Decimal("0.04"), Decimal("0.02")]
    assert {deal.reason for deal in deals} == {DealReason[reason]}
    assert len({deal.order for deal in deals}) == 1
    assert done(server, deals[0].order).state is OrderState.FILLED


@pytest.mark.parametrize("account", MODES, ids=lambda account: account.margin_mode)
def test_rest_of_a_stop_is_cancelled_where_the_position_is_closed_meanwhile(account: AccountTerms) -> None:
    server = broker(SymbolTerms(name="EURUSD", execution="EXCHANGE"), account=account)
    ticket = opened(server, opening(sl="1.09"))
    server.set_depth("EURUSD", Decimal("0.04"))
    quoted(server, "1.08")
    (rest,) = server.orders()
    if not server.state.trade.netting:
        assert server.order_send(closing(ticket, "0.06")).retcode == Retcode.CLOSE_ORDER_EXIST
    server.correct_position(ticket, volume=Decimal(0))
    quoted(server, "1.07")
    assert (server.orders(), lots(server)) == ([], [])
    assert done(server, rest.ticket).state is OrderState.CANCELED


def test_stop_out_ends_with_the_depth_of_one_quote() -> None:
    server = broker(
        SymbolTerms(name="EURUSD", execution="EXCHANGE"), account=AccountTerms(balance=Decimal(200))
    )
    opened(server, opening())
    server.set_depth("EURUSD", Decimal("0.04"))
    quoted(server, "1.08000")
    assert lots(server) == ["0.06"]
    quoted(server, "1.07900")
    quoted(server, "1.07800")
    assert lots(server) == []


def test_depth_can_be_lifted_and_a_bad_one_is_refused() -> None:
    server = broker(EXCHANGE)
    server.set_depth("EURUSD", None)
    assert server.order_send(opening()).retcode == Retcode.DONE
    refusals: list[tuple[Callable[[], object], str]] = [
        (lambda: server.set_depth("X", Decimal(1)), "symbol 'X' is unknown"),
        (lambda: server.set_depth("EURUSD", Decimal(0)), "volume 0 is not above 0; write lots"),
        (lambda: server.set_depth("EURUSD", Decimal(-1)), "volume -1 is below 0"),
    ]
    for refused, message in refusals:
        with pytest.raises(ControlError, match=message):
            refused()
    assert len(server.history_orders(*EVER)) == 1
