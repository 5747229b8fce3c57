"""Fault rules: the sends that they match, their effects, and how often they fire."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from bridge.core.units.decimals import ZERO
from bridge.simulator.broker.api import BrokerTimeout, ControlError
from bridge.simulator.broker.fault_rules import (
    DelayHistory,
    DropStops,
    DropTransactions,
    Effect,
    Fills,
    Latency,
    LoseAnswer,
    Match,
    MoveMarket,
    Reject,
    Requote,
    Rule,
    SendKind,
)
from bridge.simulator.broker.scenario import Quirks
from bridge.simulator.mt5.types import OrderFilling, OrderState, OrderType, Retcode, TradeRequest
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    change,
    closing,
    closing_by,
    done,
    emitted,
    nothing_done,
    opened,
    opening,
    placed,
    quoted,
    removal,
    stops,
    waiting,
)

HALVES = Fills(volumes=(Decimal("0.04"), Decimal("0.06")))
PORTIONS = Fills(volumes=(Decimal("0.03"), Decimal("0.02")))


def test_rejection_executes_nothing() -> None:
    server = broker(rules=(Rule(effect=Reject(retcode=Retcode.TIMEOUT)),))
    before = book_of(server)
    result = server.order_send(opening())
    assert (result.retcode, result.comment) == (10012, "Timeout")
    assert nothing_done(result)
    assert book_of(server) == before


def test_unknown_return_code_is_answered() -> None:
    server = broker(rules=(Rule(effect=Reject(retcode=10999)),))
    result = server.order_send(opening())
    assert (result.retcode, result.comment) == (10999, "Unknown retcode 10999")


@pytest.mark.parametrize("kind", list(SendKind))
def test_every_kind_of_send_can_be_refused_with_every_code(kind: SendKind) -> None:
    server = broker()
    order, long = placed(server), opened(server)
    requests = {
        SendKind.OPEN: opening(),
        SendKind.CLOSE: closing(long),
        SendKind.SLTP: stops(long, "1.09"),
        SendKind.PENDING: waiting(),
        SendKind.MODIFY: change(order, "1.08"),
        SendKind.REMOVE: removal(order),
        SendKind.CLOSE_BY: closing_by(long, opened(server, opening(type=OrderType.SELL))),
    }
    before = book_of(server)
    for retcode in Retcode:
        server.add_rule(Rule(effect=Reject(retcode=retcode), match=Match(kind=kind)))
        assert server.order_send(requests[kind]).retcode == retcode
    assert book_of(server) == before
    assert server.order_send(requests[kind]).retcode == Retcode.DONE


def test_pending_order_is_placed_though_its_answer_is_lost() -> None:
    server = broker(rules=(Rule(effect=LoseAnswer()), Rule(effect=DropTransactions())))
    assert server.order_send(waiting(magic=5)).retcode == Retcode.TIMEOUT
    assert [order.magic for order in server.orders()] == [5]
    assert server.transactions(0) == []


def test_delayed_history_hides_a_done_order_from_both_lists() -> None:
    server = broker()
    ticket = placed(server)
    server.add_rule(Rule(effect=DelayHistory(milliseconds=3000), match=Match(kind=SendKind.REMOVE)))
    server.order_send(removal(ticket))
    assert (server.orders(), server.history_order(ticket)) == ([], None)
    server.advance(START + 3000)
    assert server.history_order(ticket) is not None


def test_requote_answers_with_the_market_prices() -> None:
    result = broker(rules=(Rule(effect=Requote()),)).order_send(opening())
    assert (result.retcode, result.bid, result.ask) == (10004, Decimal("1.09500"), Decimal("1.09510"))


@pytest.mark.parametrize("retcode", [Retcode.TIMEOUT, Retcode.CONNECTION])
def test_request_with_a_lost_answer_is_executed(retcode: Retcode) -> None:
    server = broker(rules=(Rule(effect=LoseAnswer(retcode=retcode)),))
    result = server.order_send(opening())
    assert result.retcode == retcode
    assert nothing_done(result)
    assert len(server.positions()) == 1
    assert "REQUEST" not in emitted(server)
    assert [(send.retcode, send.executed) for send in server.sends()] == [(retcode, True)]


def test_answer_lost_for_good_raises_a_time_out() -> None:
    server = broker(rules=(Rule(effect=LoseAnswer(retcode=None)),))
    with pytest.raises(BrokerTimeout):
        server.order_send(opening(magic=5))
    assert [position.magic for position in server.positions()] == [5]
    assert [(send.retcode, send.executed) for send in server.sends()] == [(None, True)]


def test_send_record_of_a_refused_request_with_a_lost_answer_is_not_executed() -> None:
    server = broker(rules=(Rule(effect=LoseAnswer()),))
    assert server.order_send(opening("0.001")).retcode == Retcode.TIMEOUT
    assert [send.executed for send in server.sends()] == [False]


def test_latency_delays_the_answer_and_not_the_execution() -> None:
    server = broker(rules=(Rule(effect=Latency(milliseconds=200)), Rule(effect=Latency(milliseconds=50))))
    answer = server.submit(opening())
    assert answer.result is not None
    assert (answer.result.retcode, answer.delay_ms) == (10009, 250)
    assert server.submit(opening()).delay_ms == 0


def test_each_portion_makes_one_deal() -> None:
    server = broker(rules=(Rule(effect=HALVES),))
    result = server.order_send(opening("0.10"))
    assert (result.retcode, result.volume) == (10009, Decimal("0.10"))
    assert [deal.volume for deal in server.deals_by_position(result.order)] == [
        Decimal("0.04"),
        Decimal("0.06"),
    ]
    assert server.positions()[0].volume == Decimal("0.10")
    assert emitted(server) == [
        "ORDER_ADD(STARTED)",
        "DEAL_ADD",
        "ORDER_UPDATE(PARTIAL)",
        "DEAL_ADD",
        "ORDER_DELETE(FILLED)",
        "HISTORY_ADD(FILLED)",
        "REQUEST",
    ]


@pytest.mark.parametrize(
    ("quirks", "state"),
    [(Quirks(), OrderState.CANCELED), (Quirks(ioc_remainder="PARTIAL"), OrderState.PARTIAL)],
)
def test_remainder_of_an_ioc_order_is_cancelled(quirks: Quirks, state: OrderState) -> None:
    server = broker(rules=(Rule(effect=PORTIONS),), quirks=quirks)
    result = server.order_send(opening("0.10", filling=OrderFilling.IOC))
    assert (result.retcode, result.volume) == (10010, Decimal("0.05"))
    order = server.history_order(result.order)
    assert order is not None
    assert (order.state, order.volume_current) == (state, Decimal("0.05"))
    assert server.positions()[0].volume == Decimal("0.05")
    assert server.orders() == []


def test_fok_order_with_too_small_portions_is_rejected() -> None:
    server = broker(rules=(Rule(effect=PORTIONS),))
    before = book_of(server)
    assert server.order_send(opening("0.10", filling=OrderFilling.FOK)).retcode == Retcode.REJECT
    assert book_of(server) == before


def test_partial_fill_of_a_close_leaves_the_rest_of_the_position() -> None:
    server = broker(rules=(Rule(effect=PORTIONS, match=Match(kind=SendKind.CLOSE)),))
    ticket = opened(server, opening("0.10"))
    assert server.order_send(closing(ticket, "0.10", filling=OrderFilling.IOC)).retcode == 10010
    assert server.positions()[0].volume == Decimal("0.05")


def test_portions_fill_at_most_the_requested_volume() -> None:
    server = broker(rules=(Rule(effect=Fills(volumes=(Decimal("0.08"), Decimal("5")))),))
    assert server.order_send(opening("0.10")).volume == Decimal("0.10")


def test_dropped_transactions_leave_a_gap() -> None:
    server = broker(rules=(Rule(effect=DropTransactions()),))
    opened(server)
    assert server.transactions(0) == []
    opened(server)
    assert [number for number, _ in server.transactions(0)] == [6, 7, 8, 9, 10]


def test_delayed_history_shows_order_and_deal_later() -> None:
    server = broker(rules=(Rule(effect=DelayHistory(milliseconds=3000)),))
    result = server.order_send(opening())
    server.advance(START + 2999)
    assert server.positions()
    assert (server.orders(), server.history_orders(*EVER)) == ([], [])
    assert server.history_order(result.order) is None
    assert server.history_deal(result.deal) is None
    assert server.deals_by_position(result.order) == []
    server.advance(START + 3000)
    assert server.history_order(result.order) is not None
    assert server.deals_by_position(result.order) == [server.history_deal(result.deal)]
    assert server.history_deals(START, START)[-1].ticket == result.deal


def retcodes(match: Match, times: int) -> list[int]:
    """Return the answers to a fixed row of sends under a rejecting rule."""
    server = broker()
    ticket = opened(server, opening(sl="1.08"))
    server.add_rule(Rule(effect=Reject(), match=match, times=times))
    row = [
        opening(magic=1),
        opening(magic=2, symbol="GBPUSD"),
        stops(ticket, "1.09"),
        opening(magic=1),
        closing(ticket, magic=1),
    ]
    return [server.order_send(request).retcode for request in row]


@pytest.mark.parametrize(
    ("match", "times", "rejected"),
    [
        (Match(), 1, [0]),
        (Match(), 2, [0, 1]),
        (Match(), 9, [0, 1, 2, 3, 4]),
        (Match(nth=3), 1, [2]),
        (Match(magic=1), 2, [0, 3]),
        (Match(magic=1, nth=2), 1, [3]),
        (Match(symbol="GBPUSD"), 9, [1]),
        (Match(kind=SendKind.OPEN), 9, [0, 1, 3]),
        (Match(kind=SendKind.OPEN, nth=3), 1, [3]),
        (Match(kind=SendKind.CLOSE), 9, [4]),
        (Match(kind=SendKind.SLTP), 9, [2]),
        (Match(magic=3), 9, []),
    ],
)
def test_rule_fires_for_matching_sends_up_to_its_times(match: Match, times: int, rejected: list[int]) -> None:
    answers = retcodes(match, times)
    assert [index for index, retcode in enumerate(answers) if retcode == Retcode.REJECT] == rejected


@pytest.mark.parametrize("symbol", ["EURUSD", "GBPUSD"])
def test_rule_for_a_symbol_meets_requests_that_name_an_order_or_a_position(symbol: str) -> None:
    server = broker()
    order, position = (
        placed(server, waiting(price="1.20", symbol="GBPUSD")),
        opened(server, opening(symbol="GBPUSD")),
    )
    other = opened(server, opening(type=OrderType.SELL, symbol="GBPUSD"))
    requests = [
        change(order, "1.21"),
        removal(order),
        stops(position, "1.10", symbol="GBPUSD"),
        closing_by(position, other),
        closing(position, symbol="GBPUSD"),
    ]
    server.add_rule(Rule(effect=Reject(), match=Match(symbol=symbol), times=9))
    answers = [server.order_send(each).retcode == Retcode.REJECT for each in requests]
    assert answers == [symbol == "GBPUSD"] * len(requests)


def test_rule_for_a_symbol_meets_a_request_about_an_order_in_history() -> None:
    server = broker()
    order = placed(server)
    server.order_send(removal(order))
    server.add_rule(Rule(effect=Reject(), match=Match(symbol="EURUSD")))
    assert server.order_send(removal(order)).retcode == Retcode.REJECT


@pytest.mark.parametrize(
    ("request_of", "retcode"),
    [(removal, Retcode.INVALID), (lambda order: change(order, "1.08"), Retcode.INVALID)],
    ids=["REMOVE", "MODIFY"],
)
def test_market_moves_before_a_request_that_names_an_order(
    request_of: Callable[[int], TradeRequest], retcode: Retcode
) -> None:
    server = broker()
    order = placed(server)
    server.add_rule(Rule(effect=MoveMarket(bid=Decimal("1.08990"), ask=Decimal("1.08995"))))
    assert server.order_send(request_of(order)).retcode == retcode  # it was filled before
    assert done(server, order).state is OrderState.FILLED


@pytest.mark.parametrize("request_", [removal(999), opening(symbol="X"), closing_by(998, 999)])
def test_market_of_an_unknown_symbol_does_not_move(request_: TradeRequest) -> None:
    server = broker()
    before = server.tick("EURUSD")
    server.add_rule(Rule(effect=MoveMarket(bid=Decimal(2), ask=Decimal(3))))
    assert server.order_send(request_).retcode in (Retcode.INVALID, Retcode.POSITION_CLOSED)
    assert server.tick("EURUSD") == before


def test_rules_combine() -> None:
    server = broker(rules=(Rule(effect=HALVES), Rule(effect=LoseAnswer()), Rule(effect=DropTransactions())))
    assert server.order_send(opening("0.10")).retcode == Retcode.TIMEOUT
    assert len(server.history_deals(*EVER)) == 3
    assert server.transactions(0) == []


def test_cleared_rules_do_nothing() -> None:
    server = broker(rules=(Rule(effect=Reject(), times=9),))
    server.clear_rules()
    opened(server)


@pytest.mark.parametrize(
    ("effect", "key"),
    [
        (Latency(milliseconds=-1), "effect.milliseconds"),
        (Fills(volumes=()), "effect.volumes"),
        (Fills(volumes=(Decimal(0),)), "effect.volumes"),
        (Fills(volumes=(Decimal("NaN"),)), "effect.volumes"),
        (Fills(volumes=(Decimal(1),), prices=(Decimal("1e999"),)), "effect.prices"),
        (DelayHistory(milliseconds=-1), "effect.milliseconds"),
        (MoveMarket(bid=Decimal(2), ask=Decimal(1)), "effect.bid"),
        (MoveMarket(bid=Decimal(1), ask=Decimal("Infinity")), "effect.bid"),
    ],
)
def test_rule_with_a_bad_effect_is_refused(effect: Effect, key: str) -> None:
    with pytest.raises(ControlError, match=key):
        broker().add_rule(Rule(effect=effect))


@pytest.mark.parametrize(
    ("rule", "key"),
    [
        (Rule(effect=Reject(), times=0), "times"),
        (Rule(effect=Reject(), match=Match(nth=0)), "match.nth"),
        (Rule(effect=Reject(), match=Match(symbol="X")), "symbol 'X' is unknown"),
    ],
)
def test_rule_that_never_fires_is_refused(rule: Rule, key: str) -> None:
    with pytest.raises(ControlError, match=key):
        broker().add_rule(rule)


def test_lost_level_is_in_the_order_and_not_in_the_position() -> None:
    server = broker(rules=(Rule(effect=DropStops(tp=False), times=2),))
    at_once = opened(server, opening(sl="1.09", tp="1.2"))
    later = placed(server, waiting(sl="1.08", tp="1.2"))
    opened(server, opening(sl="1.09", tp="1.2"))
    quoted(server, "1.08900")
    held = {position.ticket: position for position in server.positions()}
    assert [(held[ticket].sl, held[ticket].tp) for ticket in (at_once, later)] == [(ZERO, Decimal("1.2"))] * 2
    assert done(server, at_once).sl == Decimal("1.09")
    assert done(server, later).sl == Decimal("1.08")


def test_rule_that_names_a_symbol_moves_its_market_before_a_removal() -> None:
    moved = MoveMarket(bid=Decimal("1.0898"), ask=Decimal("1.0899"))
    server = broker(rules=(Rule(effect=moved, match=Match(kind=SendKind.REMOVE, symbol="EURUSD")),))
    resting = placed(server, waiting())
    assert server.order_send(removal(resting)).retcode == Retcode.INVALID
    assert done(server, resting).state is OrderState.FILLED
