"""Laws that hold whatever is done: of money, of volume, and of refusals."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.core.amounts import ZERO
from bridge.paper.api import BrokerTimeout, ControlError
from bridge.paper.book import deal_money
from bridge.paper.matching import DAY_MS
from bridge.paper.mt5 import (
    DealEntry,
    DealType,
    OrderFilling,
    OrderState,
    OrderType,
    Position,
    Retcode,
    TradeRequest,
)
from bridge.paper.scenario import AccountTerms, Walk
from bridge.paper.script import (
    DelayHistory,
    DropTransactions,
    Effect,
    Fills,
    Latency,
    LoseAnswer,
    Reject,
    Requote,
    Rule,
)
from bridge.paper.symbols import SHIPPED
from tests.unit.paper.build import EVER, book_of, broker, closing, opening, stops

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "XAUUSD")
DONE = (Retcode.DONE, Retcode.DONE_PARTIAL)
LOTS = Decimal("0.01")

volumes = strategies.integers(0, 200).map(lambda hundredths: hundredths * LOTS)
sides = strategies.sampled_from((OrderType.BUY, OrderType.SELL))
fillings = strategies.sampled_from((OrderFilling.FOK, OrderFilling.IOC))
points = strategies.integers(-400, 400)
picks = strategies.integers(0, 50)
effects: strategies.SearchStrategy[Effect] = strategies.one_of(
    strategies.just(Reject()),
    strategies.just(Requote()),
    strategies.sampled_from((LoseAnswer(), LoseAnswer(retcode=None))),
    strategies.just(Latency(milliseconds=5)),
    strategies.just(DropTransactions()),
    strategies.just(DelayHistory(milliseconds=0)),
    strategies.lists(strategies.integers(1, 50).map(lambda n: n * LOTS), min_size=1, max_size=3).map(
        lambda portions: Fills(volumes=tuple(portions))
    ),
)


class AnyTrading(RuleBasedStateMachine):
    """Opens, closes, stops, quotes, nights and faults in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.server = broker(account=AccountTerms(balance=Decimal(50000)), walk=Walk(step_points=30))

    def _send(self, request: TradeRequest) -> None:
        """Send, and hold the answer against the log and the book."""
        before = book_of(self.server), self.server.positions(), len(self.server.sends())
        try:
            retcode: int | None = self.server.order_send(request).retcode
        except BrokerTimeout:
            retcode = None
        sends = self.server.sends()
        assert len(sends) == before[2] + 1
        assert sends[-1].retcode == retcode
        changed = (book_of(self.server), self.server.positions()) != before[:2]
        assert changed == sends[-1].executed
        if retcode in DONE:
            assert changed
        elif retcode is not None and retcode != Retcode.TIMEOUT:  # 10012 is how a lost answer reads here
            assert not changed

    def _any_position(self, pick: int) -> Position | None:
        positions = self.server.positions()
        return positions[pick % len(positions)] if positions else None

    @rule(symbol=strategies.sampled_from(SYMBOLS), volume=volumes, side=sides, filling=fillings)
    def expert_opens(self, symbol: str, volume: Decimal, side: OrderType, filling: OrderFilling) -> None:
        self._send(opening(str(volume), side, symbol=symbol, filling=filling))

    @rule(pick=picks, volume=volumes, side=sides, filling=fillings)
    def expert_closes(self, pick: int, volume: Decimal, side: OrderType, filling: OrderFilling) -> None:
        position = self._any_position(pick)
        if position is not None:
            request = closing(position.ticket, str(volume), side, symbol=position.symbol, filling=filling)
            self._send(request)

    @rule(pick=picks, sl=points, tp=points)
    def expert_moves_levels(self, pick: int, sl: int, tp: int) -> None:
        position = self._any_position(pick)
        if position is not None:
            step = SHIPPED[position.symbol].point
            levels = position.price_current + sl * step, position.price_current + tp * step
            self._send(stops(position.ticket, str(levels[0]), str(levels[1]), symbol=position.symbol))

    @rule(pick=picks, volume=volumes)
    def hand_trades(self, pick: int, volume: Decimal) -> None:
        position = self._any_position(pick)
        before = book_of(self.server)
        try:
            if position is None:
                self.server.hand_open("XAUUSD", OrderType.SELL, volume)
            else:
                self.server.hand_close(position.ticket, volume)
        except ControlError:
            assert book_of(self.server) == before

    @rule(symbol=strategies.sampled_from(SYMBOLS), move=points)
    def market_jumps(self, symbol: str, move: int) -> None:
        tick = self.server.tick(symbol)
        assert tick is not None
        step = move * SHIPPED[symbol].point
        self.server.set_quote(symbol, tick.bid + step, tick.ask + step)

    @rule(milliseconds=strategies.sampled_from((1, 1500, DAY_MS)))
    def time_goes_on(self, milliseconds: int) -> None:
        self.server.advance(self.server.server_time() + milliseconds)

    @rule(effect=effects)
    def fault_comes(self, effect: Effect) -> None:
        self.server.add_rule(Rule(effect=effect))

    @rule(pick=picks, commission=points)
    def commission_comes_late(self, pick: int, commission: int) -> None:
        deals = self.server.history_deals(*EVER)
        self.server.revise_deal(deals[pick % len(deals)].ticket, commission * LOTS)

    @invariant()
    def balance_is_the_sum_of_all_deals(self) -> None:
        total = sum((deal_money(deal) for deal in self.server.history_deals(*EVER)), ZERO)
        assert self.server.account().balance == total

    @invariant()
    def equity_is_balance_and_open_profit(self) -> None:
        account = self.server.account()
        assert account.profit == sum((p.profit + p.swap for p in self.server.positions()), ZERO)
        assert account.equity == account.balance + account.profit

    @invariant()
    def volume_in_less_volume_out_is_the_positions(self) -> None:
        """And so zero where the position is gone."""
        net: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        for deal in self.server.history_deals(*EVER):
            if deal.type is not DealType.BALANCE:
                net[deal.position_id] += deal.volume if deal.entry is DealEntry.IN else -deal.volume
        held = {position.identifier: position.volume for position in self.server.positions()}
        assert {identifier: volume for identifier, volume in net.items() if volume} == held

    @invariant()
    def a_done_order_is_filled_by_its_deals(self) -> None:
        filled: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        for deal in self.server.history_deals(*EVER):
            filled[deal.order] += deal.volume
        for order in self.server.history_orders(*EVER):
            assert order.volume_initial - order.volume_current == filled[order.ticket]
            assert (order.state is OrderState.FILLED) == (order.volume_current == 0)
        assert self.server.orders() == []

    @invariant()
    def tickets_are_never_used_twice(self) -> None:
        deals = [deal.ticket for deal in self.server.history_deals(*EVER)]
        orders = [order.ticket for order in self.server.history_orders(*EVER)]
        assert len(set(deals)) == len(deals)
        assert len(set(orders)) == len(orders)


AnyTrading.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True, database=None
)
TestAnyTrading = AnyTrading.TestCase
