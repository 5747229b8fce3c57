"""Disconnection of the terminal from its broker, and the connection after it."""

from decimal import Decimal

from bridge.simulator.broker.fault_rules import Match, Reject, Rule
from bridge.simulator.mt5.types import OrderType, Retcode
from tests.unit.simulator.broker.build import (
    EVER,
    START,
    book_of,
    broker,
    closing,
    emitted,
    nothing_done,
    opened,
    opening,
)


def test_send_while_disconnected_is_answered_connection_and_changes_nothing() -> None:
    server = broker()
    before = book_of(server)
    server.disconnect()
    result = server.order_send(opening())
    assert result.retcode == Retcode.CONNECTION
    assert nothing_done(result)
    assert server.order_check(opening()).retcode == Retcode.CONNECTION
    server.connect()
    assert book_of(server) == before
    assert [(send.retcode, send.executed) for send in server.sends()] == [(Retcode.CONNECTION, False)]


def test_disconnected_account_is_not_connected_and_may_not_trade() -> None:
    server = broker()
    assert (server.connected(), server.account().trade_allowed) == (True, True)
    server.disconnect()
    assert (server.connected(), server.account().trade_allowed) == (False, False)
    server.connect()
    assert (server.connected(), server.account().trade_allowed) == (True, True)


def test_disconnected_terminal_sees_the_state_at_the_disconnection() -> None:
    server = broker()
    ticket = opened(server, opening(sl="1.09400"))
    server.disconnect()
    before = (book_of(server), server.account(), server.tick("EURUSD"))
    server.advance(START + 60_000)
    server.set_quote("EURUSD", Decimal("1.09300"), Decimal("1.09310"))
    server.manual_open("GBPUSD", OrderType.BUY, Decimal("0.50"))
    assert (book_of(server), server.account(), server.tick("EURUSD")) == before
    assert server.server_time() == START + 60_000

    server.connect()
    assert [position.symbol for position in server.positions()] == ["GBPUSD"]
    assert server.deals_by_position(ticket)[-1].comment == "[sl 1.09400]"
    assert server.order_send(closing(ticket)).retcode == Retcode.POSITION_CLOSED


def test_deals_made_while_disconnected_are_in_history_and_in_no_transaction() -> None:
    server = broker()
    opened(server, opening(sl="1.09400"))
    server.disconnect()
    server.set_quote("EURUSD", Decimal("1.09300"), Decimal("1.09310"))
    server.connect()
    assert emitted(server, 5) == []
    opened(server)
    assert server.transactions(5)[0][0] == 10
    assert len(server.history_deals(*EVER)) == 4


def test_rules_do_not_count_sends_made_while_disconnected() -> None:
    server = broker(rules=(Rule(effect=Reject(), match=Match(nth=1)),))
    server.disconnect()
    server.disconnect()
    server.order_send(opening())
    server.connect()
    assert server.order_send(opening()).retcode == Retcode.REJECT
