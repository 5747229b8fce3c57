"""Selections, lists and properties of orders, positions, deals, symbols and the account."""

from decimal import Decimal

import msgspec
import pytest

from bridge.simulator.broker.api import BrokerGone, BrokerTimeout
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.market.hours import read_session
from bridge.simulator.broker.scenario import Quirks, Scenario
from bridge.simulator.mt5.types import (
    DealEntry,
    Order,
    OrderFilling,
    OrderReason,
    OrderState,
    OrderTime,
    OrderType,
    TradeRequest,
    TradeResult,
)
from tests.mql5.host.binding.host import Failed, Fault
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.clock import SimulatedClock
from tests.mql5.host.functions.broker_view import END_OF_TIME, BrokerView
from tests.mql5.host.functions.calculator import Calculator
from tests.mql5.host.functions.market import Market
from tests.mql5.host.functions.program import Program
from tests.mql5.host.functions.properties import UNKEPT
from tests.mql5.host.functions.trade import Trade
from tests.mql5.host.switches import Switches, thrown
from tests.mql5.reference import constants, spelled

C = constants()
NOW_S = 1_767_225_600
BUY: tuple[Cell, ...] = (
    1, 2**63, 0, "EURUSD", 0.1, 1.0951, 0.0, 0.0, 0.0, 10, 0, 0, 0, 0, "c", 0, 0,
)  # fmt: skip


class Account:
    """Trade functions of a terminal whose broker has two manual positions, one of them closed."""

    def __init__(self) -> None:
        self.broker = Broker.start(Scenario(), NOW_S * 1000)
        self.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.1"))
        self.broker.advance(NOW_S * 1000 + 5000)
        self.closed = self.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.2"))
        self.broker.manual_close(self.closed)
        self.view = BrokerView(self.broker, Program(SimulatedClock(), Switches()), Switches())
        self.trade = Trade(self.view, Switches())
        self.market = Market(self.view)

    def order(self) -> int:
        """Enter a pending order into the broker's book and return its ticket."""
        order = Order(
            ticket=77,
            symbol="GBPUSD",
            type=OrderType.BUY_LIMIT,
            state=OrderState.PLACED,
            reason=OrderReason.EXPERT,
            magic=5,
            type_filling=OrderFilling.RETURN,
            type_time=OrderTime.SPECIFIED,
            time_setup_msc=NOW_S * 1000,
            time_expiration=(NOW_S + 60) * 1000,
            volume_initial=Decimal("0.1"),
            volume_current=Decimal("0.1"),
            price_open=Decimal("1.08"),
        )
        self.broker.state.trade.book.orders[order.ticket] = order
        return order.ticket


@pytest.fixture
def account() -> Account:
    return Account()


def error(answer: object) -> int:
    assert isinstance(answer, Failed)
    return answer.error


def test_position_is_selected_by_index_symbol_and_ticket(account: Account) -> None:
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


def test_history_holds_the_selected_range(account: Account) -> None:
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


def test_property_of_another_kind_stops_the_expert(account: Account) -> None:
    account.trade.PositionGetTicket(0)
    with pytest.raises(Fault, match="is not in ENUM_POSITION_PROPERTY_INTEGER"):
        account.trade.PositionGetInteger(C["POSITION_VOLUME"])
    with pytest.raises(Fault, match="is not in ENUM_SYMBOL_INFO_DOUBLE"):
        account.market.SymbolInfoDouble("NONE", C["SYMBOL_DIGITS"])
    with pytest.raises(Fault, match="is not in ENUM_ACCOUNT_INFO_STRING"):
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


@pytest.mark.parametrize("kind", ["INTEGER", "DOUBLE", "STRING"])
def test_every_property_of_trade_has_a_value_of_its_kind(account: Account, kind: str) -> None:
    trade = account.trade
    order = account.order()
    assert (trade.OrdersTotal(), trade.OrderGetTicket(0), trade.OrderSelect(order)) == (1, order, True)
    trade.PositionGetTicket(0)
    trade.HistorySelect(0, NOW_S + 10)
    done, deal = trade.HistoryOrderGetTicket(0), trade.HistoryDealGetTicket(0)
    word = kind.capitalize()
    for prefix, getter, key in (
        ("ORDER", f"OrderGet{word}", ()),
        ("ORDER", f"HistoryOrderGet{word}", (done,)),
        ("DEAL", f"HistoryDealGet{word}", (deal,)),
        ("POSITION", f"PositionGet{word}", ()),
    ):
        for number in spelled(f"ENUM_{prefix}_PROPERTY_{kind}"):
            answer = getattr(trade, getter)(*key, number)
            assert type(answer) is {"INTEGER": int, "DOUBLE": float, "STRING": str}[kind]


def test_live_order_has_the_brokers_values(account: Account) -> None:
    trade = account.trade
    assert trade.OrderSelect(account.order()) is True
    assert trade.OrderGetInteger(C["ORDER_TYPE"]) == C["ORDER_TYPE_BUY_LIMIT"]
    assert trade.OrderGetInteger(C["ORDER_STATE"]) == C["ORDER_STATE_PLACED"]
    assert trade.OrderGetInteger(C["ORDER_TIME_EXPIRATION"]) == NOW_S + 60
    assert trade.OrderGetInteger(C["ORDER_TIME_SETUP"]) == NOW_S
    assert trade.OrderGetDouble(C["ORDER_PRICE_OPEN"]) == 1.08
    assert trade.OrderGetString(C["ORDER_SYMBOL"]) == "GBPUSD"
    assert error(trade.OrderSelect(1)) == 4754
    assert error(trade.OrderGetInteger(C["ORDER_TYPE"])) == 4754


def test_properties_missing_in_the_broker_are_listed(account: Account) -> None:
    records = {"ACCOUNT": account.broker.account(), "SYMBOL": account.broker.symbol("EURUSD")}
    derived = {
        "SYMBOL_EXIST", "SYMBOL_SPREAD_FLOAT", "SYMBOL_TIME",
        "SYMBOL_TRADE_TICK_VALUE_PROFIT", "SYMBOL_TRADE_TICK_VALUE_LOSS",
    }  # fmt: skip
    lacking = {
        name
        for prefix, record in records.items()
        for kind in ("INTEGER", "DOUBLE", "STRING")
        for name in spelled(f"ENUM_{prefix}_INFO_{kind}").values()
        if not hasattr(record, name.removeprefix(f"{prefix}_").lower())
    }
    assert lacking - derived <= UNKEPT


def test_symbol_properties(account: Account) -> None:
    market = account.market
    assert market.SymbolInfoInteger("EURUSD", C["SYMBOL_DIGITS"]) == 5
    assert market.SymbolInfoDouble("EURUSD", C["SYMBOL_POINT"]) == 0.00001
    assert market.SymbolInfoInteger("EURUSD", C["SYMBOL_FILLING_MODE"]) == 3
    assert error(market.SymbolInfoInteger("NONE", C["SYMBOL_DIGITS"])) == 4301
    assert error(market.SymbolInfoTick("NONE")) == 4301
    assert error(market.SymbolInfoMarginRate("NONE", C["ORDER_TYPE_BUY"])) == 4301
    assert market.SymbolInfoTick("EURUSD") == (NOW_S * 1000, 1.095, 1.0951, 0.0)
    assert market.AccountInfoInteger(C["ACCOUNT_LOGIN"]) == 5000001


def test_market_watch_holds_selected_symbols(account: Account) -> None:
    market = account.market
    names = [market.SymbolName(at, False) for at in range(4)]
    assert names == ["EURUSD", "GBPUSD", "USDJPY", "XAUUSD"]
    assert error(market.SymbolSelect("NONE", True)) == 4301
    # There is a position in it.
    assert error(market.SymbolSelect("EURUSD", False)) == 4305
    assert market.SymbolSelect("GBPUSD", False) is True
    assert (market.SymbolsTotal(True), market.SymbolName(1, True)) == (3, "USDJPY")
    assert market.SymbolInfoInteger("GBPUSD", C["SYMBOL_SELECT"]) == 0
    assert error(market.SymbolInfoTick("GBPUSD")) == 4302
    assert error(market.SymbolName(3, True)) == 4301
    assert market.SymbolSelect("GBPUSD", True) is True
    assert market.SymbolsTotal(True) == market.SymbolsTotal(False) == 4


def test_symbol_has_the_brokers_sessions_also_while_closed(account: Account) -> None:
    market = account.market
    today, tomorrow = C["THURSDAY"], C["FRIDAY"]
    assert market.SymbolInfoSessionTrade("EURUSD", today, 0) == (0, 86_400)
    assert market.SymbolInfoSessionTrade("EURUSD", today, 1) is None
    symbol = account.broker.symbol("EURUSD")
    assert symbol is not None
    sessions = tuple(map(read_session, ("THU 13:00-24:00", "THU 00:05-12:00")))
    account.broker.set_symbol(msgspec.structs.replace(symbol, sessions=sessions))
    assert market.SymbolInfoSessionTrade("EURUSD", today, 0) == (300, 43_200)
    assert market.SymbolInfoSessionTrade("EURUSD", today, 1) == (46_800, 86_400)
    assert market.SymbolInfoSessionTrade("EURUSD", today, 2) is None
    assert market.SymbolInfoSessionTrade("EURUSD", tomorrow, 0) is None
    account.broker.set_session("EURUSD", False)
    assert market.SymbolInfoSessionTrade("EURUSD", today, 0) == (300, 43_200)
    assert market.SymbolInfoSessionQuote("EURUSD", today, 0) == (0, 86_400)
    with pytest.raises(Fault, match="7 is not in ENUM_DAY_OF_WEEK"):
        market.SymbolInfoSessionTrade("EURUSD", 7, 0)


def test_calculator_agrees_with_the_broker(account: Account) -> None:
    calculator = Calculator(account.view)
    used = float(account.broker.account().margin)
    assert calculator.OrderCalcMargin(C["ORDER_TYPE_BUY"], "EURUSD", 0.1, 1.0951) == used
    (position,) = account.broker.positions()
    prices = float(position.price_open), float(position.price_current)
    profit = calculator.OrderCalcProfit(C["ORDER_TYPE_BUY"], "EURUSD", 0.1, *prices)
    assert profit == float(position.profit) != 0.0
    assert error(calculator.OrderCalcMargin(C["ORDER_TYPE_BUY"], "EURUSD", 0.0, 1.0)) == 4758
    with pytest.raises(Fault, match="9 is not in ENUM_ORDER_TYPE"):
        calculator.OrderCalcMargin(9, "EURUSD", 0.1, 1.0)


def test_magic_above_the_signed_range_is_preserved(account: Account) -> None:
    answer = account.trade.OrderSend(*BUY)
    assert isinstance(answer, tuple)
    assert answer[:2] == (True, 10009)
    assert account.broker.sends()[-1].request.magic == 2**63
    assert account.broker.sends()[-1].request.volume == Decimal("0.1")


def test_request_with_an_uninitialised_field_stops_the_expert(account: Account) -> None:
    with pytest.raises(Fault, match="MqlTradeRequest"):
        account.trade.OrderSend(-16843010, *BUY[1:])


@pytest.mark.parametrize(("switch", "magic"), [(False, 2**63), (True, 0)])
def test_magic_of_a_deal_by_stop_loss(switch: bool, magic: int) -> None:
    broker = Broker.start(Scenario(quirks=Quirks(stop_deals_keep_magic=True)), NOW_S * 1000)
    switches = Switches(closing_magic_zero=switch)
    view = BrokerView(broker, Program(SimulatedClock(), switches), switches)
    Trade(view, switches).OrderSend(*BUY[:7], 1.09, *BUY[8:])
    broker.set_quote("EURUSD", Decimal("1.08"), Decimal("1.0801"))
    (closing,) = (deal for deal in view.history_deals(0, END_OF_TIME) if deal.entry is DealEntry.OUT)
    assert closing.magic == magic


class Unreachable(Broker):
    """Broker that is gone, or whose answer never arrives."""

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
def test_unreachable_broker_fails_the_send(problem: type[Exception], retcode: int) -> None:
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


@pytest.mark.parametrize("name", ["check_says_done", "check_knows_no_change"])
def test_check_returns_the_brokers_code(account: Account, name: str) -> None:
    usual, other = Trade(account.view, Switches()), Trade(account.view, thrown(name))
    (position,) = account.broker.positions()
    change: tuple[Cell, ...] = (
        C["TRADE_ACTION_SLTP"], 0, 0, "EURUSD", 0.0, 0.0, 0.0, 1.0, 0.0, 0, 0, 0, 0, 0, "", position.ticket, 0,
    )  # fmt: skip
    expected = {"check_says_done": (10009, 10009), "check_knows_no_change": (0, 10013)}[name]
    assert (_code(usual.OrderCheck(*BUY)), _code(usual.OrderCheck(*change))) == (0, 0)
    assert (_code(other.OrderCheck(*BUY)), _code(other.OrderCheck(*change))) == expected


def _code(answer: object) -> object:
    """Return MqlTradeCheckResult.retcode, which follows the boolean result."""
    row = answer.results if isinstance(answer, Failed) else answer
    assert isinstance(row, tuple)
    assert row[0] is (row[1] in (0, 10009))
    return row[1]


def test_quotes_are_delayed_by_the_switch() -> None:
    clock = SimulatedClock()
    switches = thrown("quotes_late")
    broker = Broker.start(Scenario(), NOW_S * 1000)
    market = Market(BrokerView(broker, Program(clock, switches), switches))
    clock.advance_us(switches.quotes_late * 1000 - 1)
    early = market.SymbolInfoTick("EURUSD")
    assert isinstance(early, Failed) and early.error == C["ERR_MARKET_LASTTIME_UNKNOWN"]
    clock.advance_us(1)
    assert not isinstance(market.SymbolInfoTick("EURUSD"), Failed)
