"""Fill plans: portions at once, one per quote, or manually."""

from decimal import Decimal

import pytest

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import Fills, Match, Pace, RefuseTrigger, Rule, SendKind
from bridge.simulator.broker.scenario import AccountTerms, Quirks, SymbolTerms
from bridge.simulator.mt5.types import OrderFilling, OrderState, OrderType, Retcode
from tests.unit.simulator.broker.build import (
    START,
    broker,
    change,
    closing,
    done,
    emitted,
    opened,
    opening,
    placed,
    quoted,
    removal,
    waiting,
)

EXCHANGE = SymbolTerms(name="EURUSD", execution="EXCHANGE")
SOME, MORE = Decimal("0.03"), Decimal("0.02")
MANUALLY = Fills(pace=Pace.MANUALLY)


def planned(fills: Fills, *symbols: SymbolTerms, quirks: Quirks = Quirks()) -> Broker:  # noqa: B008 - frozen
    """Return a broker with a rule that fills the next order in these portions."""
    return broker(*symbols, rules=(Rule(effect=fills),), quirks=quirks)


def volumes(server: Broker, position: int) -> list[Decimal]:
    """Return the volumes of a position's deals."""
    return [deal.volume for deal in server.deals_by_position(position)]


def test_pending_order_is_filled_in_portions_at_their_prices() -> None:
    prices = (Decimal("1.08990"), Decimal("1.08980"))
    server = planned(Fills(volumes=(Decimal("0.04"), Decimal("0.06")), prices=prices))
    ticket = placed(server)
    after = len(server.transactions(0))
    quoted(server, "1.08990")
    deals = server.deals_by_position(ticket)
    assert [(deal.volume, deal.price) for deal in deals] == [
        (Decimal("0.04"), prices[0]),
        (Decimal("0.06"), prices[1]),
    ]
    (position,) = server.positions()
    assert (position.volume, position.price_open) == (Decimal("0.10"), Decimal("1.08984"))
    assert emitted(server, after) == [
        "DEAL_ADD",
        "ORDER_UPDATE(PARTIAL)",
        "DEAL_ADD",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
    ]


def test_remainder_of_a_return_order_stays_live() -> None:
    server = planned(Fills(volumes=(SOME,)))
    ticket = placed(server)
    quoted(server, "1.08990")
    (order,) = server.orders()
    assert (order.ticket, order.state, order.volume_current) == (ticket, OrderState.PARTIAL, Decimal("0.07"))
    assert (order.position_id, server.positions()[0].ticket) == (ticket, ticket)
    assert server.history_order(ticket) is None
    quoted(server, "1.08000")
    assert volumes(server, ticket) == [SOME]

    server.fill(ticket)
    assert done(server, ticket).state is OrderState.FILLED
    assert server.positions()[0].volume == Decimal("0.10")


def test_remainder_of_a_return_order_can_be_cancelled() -> None:
    server = planned(Fills(volumes=(SOME,)))
    ticket = placed(server)
    quoted(server, "1.08990")
    assert server.order_send(removal(ticket)).retcode == Retcode.DONE
    order = done(server, ticket)
    assert (order.state, order.volume_current) == (OrderState.CANCELED, Decimal("0.07"))
    assert server.positions()[0].volume == SOME


@pytest.mark.parametrize(
    ("quirks", "state"),
    [(Quirks(), OrderState.CANCELED), (Quirks(ioc_remainder="PARTIAL"), OrderState.PARTIAL)],
)
def test_remainder_of_an_ioc_pending_order_is_cancelled(quirks: Quirks, state: OrderState) -> None:
    server = planned(Fills(volumes=(SOME,)), quirks=quirks)
    ticket = placed(server, waiting(filling=OrderFilling.IOC))
    quoted(server, "1.08990")
    order = done(server, ticket)
    assert (order.state, order.volume_current, server.orders()) == (state, Decimal("0.07"), [])


def test_fok_pending_order_with_too_small_portions_is_cancelled() -> None:
    server = planned(Fills(volumes=(SOME,)))
    ticket = placed(server, waiting(filling=OrderFilling.FOK))
    quoted(server, "1.08990")
    assert (done(server, ticket).state, server.positions()) == (OrderState.CANCELED, [])


def test_limit_order_is_filled_by_the_quotes_that_meet_it() -> None:
    server = planned(Fills(volumes=(SOME, MORE, Decimal("1")), pace=Pace.PER_QUOTE))
    ticket = placed(server)
    quoted(server, "1.08990")
    quoted(server, "1.09100")
    assert volumes(server, ticket) == [SOME]
    quoted(server, "1.08980")
    assert volumes(server, ticket) == [SOME, MORE]
    quoted(server, "1.08970")
    assert volumes(server, ticket) == [SOME, MORE, Decimal("0.05")]
    assert done(server, ticket).state is OrderState.FILLED


def test_triggered_stop_order_is_filled_by_every_quote() -> None:
    server = planned(Fills(volumes=(SOME, Decimal("0.07")), pace=Pace.PER_QUOTE))
    ticket = placed(server, waiting(OrderType.BUY_STOP, "1.10"))
    quoted(server, "1.10000")
    quoted(server, "1.09000")
    assert volumes(server, ticket) == [SOME, Decimal("0.07")]


def test_manually_filled_order_ignores_the_market() -> None:
    server = planned(MANUALLY)
    ticket = placed(server)
    quoted(server, "1.08000")
    assert server.positions() == []
    server.advance(START + 1000)
    deal = server.history_deal(server.fill(ticket, SOME, Decimal("1.085")))
    assert deal is not None
    assert (deal.volume, deal.price, deal.magic, deal.order) == (SOME, Decimal("1.085"), 79, ticket)
    assert emitted(server, 3) == ["DEAL_ADD", "ORDER_UPDATE(PARTIAL)"]
    server.fill(ticket)
    assert emitted(server, 5) == ["DEAL_ADD", "ORDER_DELETE(FILLED)", "HISTORY_ADD(FILLED)"]
    assert volumes(server, ticket) == [SOME, Decimal("0.07")]


def test_plan_of_a_live_order_can_be_replaced() -> None:
    server = broker()
    ticket = placed(server)
    server.plan_fills(ticket, MANUALLY)
    quoted(server, "1.08990")
    assert server.positions() == []
    server.plan_fills(ticket, Fills(volumes=(SOME, Decimal("0.07"))))
    quoted(server, "1.08990")
    assert volumes(server, ticket) == [SOME, Decimal("0.07")]


def test_fill_ignores_the_orders_price() -> None:
    server = broker()
    ticket = placed(server)
    server.fill(ticket, SOME)
    quoted(server, "1.08990")
    assert volumes(server, ticket) == [SOME, Decimal("0.07")]


def test_order_is_rejected_when_its_price_is_met() -> None:
    server = broker(rules=(Rule(effect=RefuseTrigger(), match=Match(kind=SendKind.PENDING)),))
    ticket = placed(server)
    quoted(server, "1.08990")
    assert (done(server, ticket).state, server.positions()) == (OrderState.REJECTED, [])


def test_unfilled_market_order_is_answered_placed() -> None:
    server = planned(MANUALLY, EXCHANGE)
    result = server.order_send(opening(filling=OrderFilling.RETURN))
    assert (result.retcode, result.deal, result.volume) == (Retcode.PLACED, 0, Decimal("0.10"))
    assert emitted(server) == ["ORDER_ADD(STARTED)", "ORDER_UPDATE(PLACED)", "REQUEST"]
    (order,) = server.orders()
    assert (order.ticket, order.type, order.state) == (result.order, OrderType.BUY, OrderState.PLACED)
    quoted(server, "1.08000")
    assert server.order_send(change(result.order)).retcode == Retcode.INVALID
    server.fill(result.order)
    assert done(server, result.order).state is OrderState.FILLED


def test_market_order_with_filling_return_keeps_its_remainder() -> None:
    server = planned(Fills(volumes=(SOME,)), EXCHANGE)
    result = server.order_send(opening(filling=OrderFilling.RETURN))
    assert (result.retcode, result.volume) == (Retcode.DONE_PARTIAL, SOME)
    assert [(order.state, order.volume_current) for order in server.orders()] == [
        (OrderState.PARTIAL, Decimal("0.07"))
    ]
    server.manual_cancel(result.order)
    assert done(server, result.order).state is OrderState.CANCELED


def test_market_order_is_filled_quote_by_quote() -> None:
    server = planned(Fills(volumes=(SOME, MORE), pace=Pace.PER_QUOTE))
    result = server.order_send(opening(filling=OrderFilling.IOC))
    assert (result.retcode, result.volume) == (Retcode.DONE_PARTIAL, SOME)
    quoted(server, "1.09500")
    order = done(server, result.order)
    assert (order.state, order.volume_current) == (OrderState.CANCELED, Decimal("0.05"))


def test_second_close_of_a_position_under_close_is_refused() -> None:
    server = broker(EXCHANGE)
    ticket = opened(server)
    server.add_rule(Rule(effect=MANUALLY))
    waits = server.order_send(closing(ticket, "0.06", filling=OrderFilling.RETURN)).order
    assert server.order_send(closing(ticket, "0.05")).retcode == Retcode.CLOSE_ORDER_EXIST
    assert server.order_send(closing(ticket, "0.04")).retcode == Retcode.DONE
    server.fill(waits)
    assert server.positions() == []


def test_close_order_is_cancelled_when_its_position_is_closed() -> None:
    server = broker(EXCHANGE)
    ticket = opened(server, opening(sl="1.09400"))
    server.add_rule(Rule(effect=MANUALLY))
    waits = server.order_send(closing(ticket, filling=OrderFilling.RETURN)).order
    quoted(server, "1.09400")
    assert server.positions() == []
    order = done(server, waits)
    assert (order.state, order.volume_current) == (OrderState.CANCELED, Decimal("0.10"))


def test_close_order_fills_at_most_the_positions_volume() -> None:
    server = broker(EXCHANGE)
    ticket = opened(server)
    server.add_rule(Rule(effect=MANUALLY))
    waits = server.order_send(closing(ticket, filling=OrderFilling.RETURN)).order
    other = server.manual_open("EURUSD", OrderType.SELL, Decimal("0.06"))
    with pytest.raises(ControlError, match="10039"):
        server.manual_close_by(ticket, other)
    server.stop_out(other)
    server.fill(waits, Decimal("0.04"))
    server.fill(waits)
    assert (server.positions(), done(server, waits).state) == ([], OrderState.FILLED)


def test_partial_closes_need_no_margin() -> None:
    server = broker(account=AccountTerms(balance=Decimal(1100)))
    ticket = opened(server, opening("0.90"))
    fills = Fills(volumes=(Decimal("0.40"), Decimal("0.50")), pace=Pace.PER_QUOTE)
    server.add_rule(Rule(effect=fills))
    server.order_send(closing(ticket, "0.90", filling=OrderFilling.IOC))
    quoted(server, "1.09500")
    assert server.positions() == []


@pytest.mark.parametrize(
    ("fills", "key"),
    [
        (Fills(pace=Pace.PER_QUOTE), "volumes"),
        (Fills(volumes=(SOME,), prices=(SOME, SOME)), "prices"),
        (Fills(volumes=(SOME,), prices=(Decimal(-1),)), "prices"),
        (Fills(volumes=(SOME,), prices=(Decimal("NaN"),)), "prices"),
    ],
)
def test_bad_fill_plan_is_refused(fills: Fills, key: str) -> None:
    server = broker()
    ticket = placed(server)
    with pytest.raises(ControlError, match=key):
        server.plan_fills(ticket, fills)
    with pytest.raises(ControlError, match=f"effect.{key}"):
        server.add_rule(Rule(effect=fills))


def test_bad_fill_is_refused() -> None:
    server = broker()
    ticket = placed(server)
    with pytest.raises(ControlError, match="order 5 is not live"):
        server.fill(5)
    with pytest.raises(ControlError, match=r"0.10 lots"):
        server.fill(ticket, Decimal("0.11"))
    with pytest.raises(ControlError, match="volume 0"):
        server.fill(ticket, Decimal(0))
    with pytest.raises(ControlError, match="price"):
        server.fill(ticket, None, Decimal("NaN"))
