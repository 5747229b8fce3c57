"""Selections, lists and properties of orders, positions, deals, symbols and the account."""

from decimal import Decimal

import pytest

from bridge.paper.api import BrokerGone, BrokerTimeout
from bridge.paper.broker import Broker
from bridge.paper.mt5 import DealEntry, OrderType, TradeRequest, TradeResult
from bridge.paper.scenario import Quirks, Scenario
from tests.terminal.brokerview import END_OF_TIME, BrokerView
from tests.terminal.clock import SimulatedClock
from tests.terminal.host import Failed, Fault
from tests.terminal.library import Cell
from tests.terminal.market import Market
from tests.terminal.program import Program
from tests.terminal.reference import constants, spelled
from tests.terminal.switches import Switches
from tests.terminal.trade import Trade

C = constants()
NOW_S = 1_767_225_600
BUY: tuple[Cell, ...] = (
    1, 2**63, 0, "EURUSD", 0.1, 1.0951, 0.0, 0.0, 0.0, 10, 0, 0, 0, 0, "c", 0, 0,
)  # fmt: skip


class Account:
    """A terminal's trade functions, over a broker of its own with two positions by hand, one of them closed."""

    def __init__(self) -> None:
        self.broker = Broker.start(Scenario(), NOW_S * 1000)
        self.broker.hand_open("EURUSD", OrderType.BUY, Decimal("0.1"))
        self.broker.advance(NOW_S * 1000 + 5000)
        self.closed = self.broker.hand_open("EURUSD", OrderType.SELL, Decimal("0.2"))
        self.broker.hand_close(self.closed)
        self.view = BrokerView(self.broker, Program(SimulatedClock(), Switches()), Switches())
        self.trade = Trade(self.view, Switches())
        self.market = Market(self.view)


@pytest.fixture
def account() -> Account:
    return Account()


def error(answer: object) -> int:
    assert isinstance(answer, Failed)
    return answer.error


def test_positions_are_selected_by_number_symbol_and_ticket(account: Account) -> None:
    trade = account.trade
    assert error(trade.PositionGetInteger(C["POSITION_TICKET"])) == 4753
    assert trade.PositionsTotal() == 1
    ticket = trade.PositionGetTicket(0)
    assert isinstance(ticket, int)
    assert trade.PositionGetInteger(C["POSITION_TIME"]) == NOW_S
    assert trade.PositionGetInteger(C["POSITION_TIME_MSC"]) == NOW_S * 1000
    assert trade.PositionGetDouble(C["POSITION_VOLUME"]) == 0.1
    assert trade.PositionGetString(C["POSITION_SYMBOL"]) == "EURUSD"
    assert trade.PositionSelect("EURUSD") is True
    assert error(trade.PositionSelectByTicket(1)) == 4753
    assert error(trade.PositionGetInteger(C["POSITION_TICKET"])) == 4753
    assert trade.PositionSelectByTicket(ticket) is True
    assert error(trade.PositionGetTicket(1)) == 4753


def test_history_is_what_was_selected(account: Account) -> None:
    trade = account.trade
    assert (trade.HistoryOrdersTotal(), trade.HistoryDealsTotal()) == (0, 0)
    assert trade.HistorySelect(NOW_S + 1, NOW_S + 10) is True
    assert trade.HistoryDealsTotal() == 2
    deal = trade.HistoryDealGetTicket(0)
    assert isinstance(deal, int)
    assert trade.HistoryDealGetInteger(deal, C["DEAL_POSITION_ID"]) == account.closed
    assert trade.HistoryDealGetInteger(deal, C["DEAL_ENTRY"]) == C["DEAL_ENTRY_IN"]
    assert trade.HistoryDealSelect(deal) is True
    assert (trade.HistoryOrdersTotal(), trade.HistoryDealsTotal()) == (0, 1)
    assert trade.HistorySelectByPosition(account.closed) is True
    order = trade.HistoryOrderGetTicket(1)
    assert isinstance(order, int)
    assert trade.HistoryOrderGetInteger(order, C["ORDER_STATE"]) == C["ORDER_STATE_FILLED"]
    assert error(trade.HistoryDealGetInteger(1, C["DEAL_TICKET"])) == 4755
    assert error(trade.HistoryDealSelect(1)) == 4755
    assert error(trade.HistoryOrderSelect(1)) == 4754
    assert trade.HistoryOrdersTotal() == 0


def test_a_property_of_another_kind_stops_the_expert(account: Account) -> None:
    account.trade.PositionGetTicket(0)
    with pytest.raises(Fault, match="is no ENUM_POSITION_PROPERTY_INTEGER"):
        account.trade.PositionGetInteger(C["POSITION_VOLUME"])
    with pytest.raises(Fault, match="is no ENUM_SYMBOL_INFO_DOUBLE"):
        account.market.SymbolInfoDouble("NONE", C["SYMBOL_DIGITS"])
    with pytest.raises(Fault, match="is no ENUM_ACCOUNT_INFO_STRING"):
        account.market.AccountInfoString(C["ACCOUNT_LOGIN"])


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        ("INTEGER", "SYMBOL"),
        ("DOUBLE", "SYMBOL"),
        ("STRING", "SYMBOL"),
        ("INTEGER", "ACCOUNT"),
        ("DOUBLE", "ACCOUNT"),
        ("STRING", "ACCOUNT"),
    ],
)
def test_every_property_has_a_value_of_its_kind(account: Account, kind: str, prefix: str) -> None:
    for number in spelled(f"ENUM_{prefix}_INFO_{kind}"):
        getter = getattr(account.market, f"{prefix.capitalize()}Info{kind.capitalize()}")
        answer = getter("EURUSD", number) if prefix == "SYMBOL" else getter(number)
        assert type(answer) is {"INTEGER": int, "DOUBLE": float, "STRING": str}[kind]


def test_symbols(account: Account) -> None:
    market = account.market
    assert market.SymbolInfoInteger("EURUSD", C["SYMBOL_DIGITS"]) == 5
    assert market.SymbolInfoDouble("EURUSD", C["SYMBOL_POINT"]) == 0.00001
    assert market.SymbolInfoInteger("EURUSD", C["SYMBOL_FILLING_MODE"]) == 3
    assert error(market.SymbolInfoInteger("NONE", C["SYMBOL_DIGITS"])) == 4301
    assert error(market.SymbolSelect("NONE", 1)) == 4301
    assert market.SymbolInfoTick("EURUSD") == (NOW_S * 1000, 1.095, 1.0951, 0.0)
    assert market.AccountInfoInteger(C["ACCOUNT_LOGIN"]) == 5000001


def test_a_magic_above_the_signed_range_survives(account: Account) -> None:
    answer = account.trade.OrderSend(*BUY)
    assert isinstance(answer, tuple)
    assert answer[:2] == (True, 10009)
    assert account.broker.sends()[-1].request.magic == 2**63
    assert account.broker.sends()[-1].request.volume == Decimal("0.1")


def test_a_request_with_an_unset_field_stops_the_expert(account: Account) -> None:
    with pytest.raises(Fault, match="MqlTradeRequest"):
        account.trade.OrderSend(-16843010, *BUY[1:])


@pytest.mark.parametrize(("switch", "magic"), [(False, 2**63), (True, 0)])
def test_the_magic_of_a_stopped_deal(switch: bool, magic: int) -> None:
    broker = Broker.start(Scenario(quirks=Quirks(stop_deals_keep_magic=True)), NOW_S * 1000)
    switches = Switches(closing_magic_zero=switch)
    view = BrokerView(broker, Program(SimulatedClock(), switches), switches)
    Trade(view, switches).OrderSend(*BUY[:7], 1.09, *BUY[8:])
    broker.set_quote("EURUSD", Decimal("1.08"), Decimal("1.0801"))
    (closing,) = (deal for deal in view.history_deals(0, END_OF_TIME) if deal.entry is DealEntry.OUT)
    assert closing.magic == magic


class Unreachable(Broker):
    """A broker whose process went away, or whose answer never comes."""

    problem: type[Exception] | None = None

    def connected(self) -> bool:
        if self.problem is not None:
            raise self.problem
        return super().connected()

    def order_send(self, request: TradeRequest) -> TradeResult:
        if self.problem is not None:
            raise self.problem
        return super().order_send(request)


@pytest.mark.parametrize(("problem", "retcode"), [(BrokerGone, 10031), (BrokerTimeout, 10012)])
def test_a_broker_that_does_not_answer(problem: type[Exception], retcode: int) -> None:
    broker = Unreachable(Broker.start(Scenario(), NOW_S * 1000).state)
    view = BrokerView(broker, Program(SimulatedClock(), Switches()), Switches())
    trade = Trade(view, Switches())
    assert view.connected()
    broker.problem = problem
    assert not view.connected()
    answer = trade.OrderSend(*BUY)
    assert isinstance(answer, Failed)
    assert (answer.error, answer.results[:2]) == (4756, (False, retcode))
    broker.problem = None
    assert view.connected()
