"""Invariants of money, volume, orders and refusals under any sequence of trades, hedging and netting."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import MarginMode
from bridge.simulator.broker.api import BrokerTimeout, ControlError
from bridge.simulator.broker.book.book import deal_money
from bridge.simulator.broker.execution.triggers import DAY_MS
from bridge.simulator.broker.fault_rules import (
    DelayHistory,
    DropStops,
    DropTransactions,
    Effect,
    Fills,
    Latency,
    LoseAnswer,
    Pace,
    RefuseTrigger,
    Reject,
    Requote,
    Rule,
)
from bridge.simulator.broker.market.symbols import SHIPPED
from bridge.simulator.broker.scenario import AccountTerms, RandomWalk
from bridge.simulator.mt5.types import (
    Deal,
    DealEntry,
    DealType,
    OrderFilling,
    OrderState,
    OrderTime,
    OrderType,
    Position,
    PositionType,
    Retcode,
    TradeRequest,
)
from tests.unit.simulator.broker.build import (
    EVER,
    book_of,
    broker,
    change,
    closing,
    closing_by,
    opening,
    removal,
    stops,
    waiting,
)

SYMBOLS = ("EURUSD", "GBPUSD", "USDJPY", "XAUUSD")
DONE = (Retcode.DONE, Retcode.DONE_PARTIAL, Retcode.PLACED)
TRADES = (DealType.BUY, DealType.SELL)
LOTS = Decimal("0.01")

volumes = strategies.integers(0, 200).map(lambda hundredths: hundredths * LOTS)
sides = strategies.sampled_from((OrderType.BUY, OrderType.SELL))
pendings = strategies.sampled_from([type for type in OrderType if type.pending])
fillings = strategies.sampled_from((OrderFilling.FOK, OrderFilling.IOC))
any_filling = strategies.sampled_from(list(OrderFilling))
lifetimes = strategies.sampled_from((OrderTime.GTC, OrderTime.DAY, OrderTime.SPECIFIED))
points = strategies.integers(-400, 400)
nears = strategies.integers(-50, 50)
picks = strategies.integers(0, 50)
fills = strategies.builds(
    lambda portions, pace: Fills(volumes=tuple(portions), pace=pace),
    strategies.lists(strategies.integers(1, 50).map(lambda n: n * LOTS), min_size=1, max_size=3),
    strategies.sampled_from(Pace),
)
effects: strategies.SearchStrategy[Effect] = strategies.one_of(
    strategies.just(Reject()),
    strategies.just(Requote()),
    strategies.sampled_from((LoseAnswer(), LoseAnswer(retcode=None))),
    strategies.just(Latency(milliseconds=5)),
    strategies.just(DropTransactions()),
    strategies.just(DelayHistory(milliseconds=700)),
    strategies.just(RefuseTrigger()),
    strategies.just(DropStops(tp=False)),
    fills,
)


class AnyTrading(RuleBasedStateMachine):
    """Opens, closes, pending orders, stops, quotes, nights, manual trades and faults in any order."""

    mode = MarginMode.RETAIL_HEDGING

    def __init__(self) -> None:
        super().__init__()
        account = AccountTerms(balance=Decimal(50000), margin_mode=self.mode)
        self.server = broker(account=account, random_walk=RandomWalk(step_points=30))
        self.book = self.server.state.trade.book
        self.other_tickets = 0
        """Order tickets that positions got without an order."""

    def _send(self, request: TradeRequest) -> None:
        """Send a request, and compare the answer with the record of sends and the book."""
        before = book_of(self.server), len(self.book.history), len(self.book.deals), len(self.server.sends())
        try:
            retcode: int | None = self.server.order_send(request).retcode
        except BrokerTimeout:
            retcode = None
        sends = self.server.sends()
        assert len(sends) == before[3] + 1
        assert sends[-1].retcode == retcode
        # An order that is hidden from history has been executed.
        after = book_of(self.server), len(self.book.history), len(self.book.deals)
        assert (after != before[:3]) == sends[-1].executed
        if retcode in DONE:
            assert sends[-1].executed
        elif retcode is not None and retcode != Retcode.TIMEOUT:  # 10012 is how a lost answer reads here
            assert not sends[-1].executed

    def _any_position(self, pick: int) -> Position | None:
        positions = self.server.positions()
        return positions[pick % len(positions)] if positions else None

    def _any_order(self, pick: int) -> int:
        """Return a live order, else one in history, else 0."""
        tickets = list(self.book.orders) or list(self.book.history) or [0]
        return tickets[pick % len(tickets)]

    def _all_deals(self) -> list[Deal]:
        return list(self.book.deals.values())

    @rule(symbol=strategies.sampled_from(SYMBOLS), volume=volumes, side=sides, filling=fillings)
    def expert_opens(self, symbol: str, volume: Decimal, side: OrderType, filling: OrderFilling) -> None:
        self._send(opening(str(volume), side, symbol=symbol, filling=filling))

    @rule(pick=picks, volume=volumes, side=sides, filling=fillings)
    def expert_closes(self, pick: int, volume: Decimal, side: OrderType, filling: OrderFilling) -> None:
        position = self._any_position(pick)
        if position is not None:
            request = closing(position.ticket, str(volume), side, symbol=position.symbol, filling=filling)
            self._send(request)

    @rule(pick=picks, other=picks)
    def expert_closes_by(self, pick: int, other: int) -> None:
        one, two = self._any_position(pick), self._any_position(other)
        if one is not None and two is not None:
            self._send(closing_by(one.ticket, two.ticket))

    @rule(
        symbol=strategies.sampled_from(SYMBOLS),
        type=pendings,
        volume=volumes,
        off=strategies.integers(0, 60),
        filling=any_filling,
        type_time=lifetimes,
    )
    def expert_places(
        self,
        symbol: str,
        type: OrderType,
        volume: Decimal,
        off: int,
        filling: OrderFilling,
        type_time: OrderTime,
    ) -> None:
        tick = self.server.tick(symbol)
        assert tick is not None
        step = SHIPPED[symbol].point
        below = type in (OrderType.BUY_LIMIT, OrderType.SELL_STOP, OrderType.SELL_STOP_LIMIT)
        price = tick.bid - off * step if below else tick.ask + off * step
        limit = price - 5 * step if type.side is OrderType.BUY else price + 5 * step
        request = waiting(
            type,
            str(price),
            str(volume),
            symbol=symbol,
            stoplimit=str(limit),
            filling=filling,
            type_time=type_time,
            expiration=self.server.server_time() + 1000,
        )
        self._send(request)

    @rule(pick=picks, off=points)
    def expert_changes_an_order(self, pick: int, off: int) -> None:
        ticket = self._any_order(pick)
        order = self.book.orders.get(ticket)
        price = Decimal(1) if order is None else order.price_open + off * SHIPPED[order.symbol].point
        self._send(change(ticket, str(price), stoplimit=str(price)))

    @rule(pick=picks)
    def expert_removes_an_order(self, pick: int) -> None:
        self._send(removal(self._any_order(pick)))

    @rule(pick=picks, sl=points, tp=points)
    def expert_moves_levels(self, pick: int, sl: int, tp: int) -> None:
        position = self._any_position(pick)
        if position is not None:
            step = SHIPPED[position.symbol].point
            levels = position.price_current + sl * step, position.price_current + tp * step
            self._send(stops(position.ticket, str(levels[0]), str(levels[1]), symbol=position.symbol))

    @rule(pick=picks, volume=volumes)
    def manual_trades(self, pick: int, volume: Decimal) -> None:
        position = self._any_position(pick)
        before = book_of(self.server)
        try:
            if position is None:
                self.server.manual_open("XAUUSD", OrderType.SELL, volume)
            else:
                self.server.manual_close(position.ticket, volume)
        except ControlError:
            assert book_of(self.server) == before

    @rule(pick=picks, volume=volumes)
    def broker_fills(self, pick: int, volume: Decimal) -> None:
        before = book_of(self.server)
        try:
            self.server.fill(self._any_order(pick), volume)
        except ControlError:
            assert book_of(self.server) == before

    @rule(pick=picks)
    def broker_annuls(self, pick: int) -> None:
        deals = self._all_deals()
        before = book_of(self.server)
        try:
            self.server.cancel_deal(deals[pick % len(deals)].ticket)
        except ControlError:
            assert book_of(self.server) == before

    @rule(pick=picks)
    def broker_stops_out(self, pick: int) -> None:
        position = self._any_position(pick)
        if position is not None:
            self.server.stop_out(position.ticket)

    @rule(amount=points)
    def money_comes_or_goes(self, amount: int) -> None:
        self.server.deposit(Decimal(amount))

    @rule(symbol=strategies.sampled_from(SYMBOLS), move=nears | points)
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
        deals = self._all_deals()
        self.server.revise_deal(deals[pick % len(deals)].ticket, commission * LOTS)

    @rule(pick=picks, orders=strategies.booleans(), new_ticket=strategies.booleans())
    def broker_reopens(self, pick: int, orders: bool, new_ticket: bool) -> None:
        position = self._any_position(pick)
        if position is not None:
            before = self.book.next_order
            self.server.reopen_position(position.ticket, orders=orders, new_ticket=new_ticket)
            self.other_tickets += 0 if orders else self.book.next_order - before

    @rule(pick=picks, ratio=strategies.sampled_from((Decimal(2), Decimal("0.5"))))
    def broker_splits_with_deals(self, pick: int, ratio: Decimal) -> None:
        before = self.book.next_order
        symbol = SYMBOLS[pick % len(SYMBOLS)]
        info, tick = self.server.symbol(symbol), self.server.tick(symbol)
        assert info is not None
        assert tick is not None
        if tick.bid / ratio < 2000 * info.point:
            return  # a price of a few points has no market
        orders = len(self.book.orders) + len(self.book.history)
        self.server.split_symbol(symbol, ratio, deals=True)
        placed = len(self.book.orders) + len(self.book.history) - orders
        self.other_tickets += self.book.next_order - before - placed

    @rule(symbol=strategies.sampled_from(SYMBOLS), volume=strategies.none() | volumes)
    def depth_changes(self, symbol: str, volume: Decimal | None) -> None:
        if volume is None or volume:
            self.server.set_depth(symbol, volume)

    @rule(pick=picks, amount=points, type=strategies.sampled_from((DealType.COMMISSION, DealType.CHARGE)))
    def broker_books_money(self, pick: int, amount: int, type: DealType) -> None:
        position = self._any_position(pick)
        self.server.book_deal(type, amount * LOTS, position=position.identifier if position else 0)

    @rule(pick=picks)
    def deal_is_hidden_for_a_time(self, pick: int) -> None:
        deals = self._all_deals()
        self.server.hide_deal(deals[pick % len(deals)].ticket, 700)

    @rule(milliseconds=strategies.sampled_from((1, 3_600_000, DAY_MS)))
    def clock_is_set_ahead(self, milliseconds: int) -> None:
        self.server.shift_clock(milliseconds)

    @invariant()
    def balance_is_the_sum_of_all_deals(self) -> None:
        total = sum((deal_money(deal) for deal in self._all_deals()), ZERO)
        assert self.server.account().balance == total

    @invariant()
    def equity_is_balance_and_open_profit(self) -> None:
        account = self.server.account()
        assert account.profit == sum((p.profit + p.swap for p in self.server.positions()), ZERO)
        assert account.equity == account.balance + account.profit

    @invariant()
    def signed_volume_of_its_deals_is_the_positions(self) -> None:
        """The sum is zero for a closed position."""
        net: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        for deal in self._all_deals():
            if deal.type in TRADES:
                net[deal.position_id] += deal.volume if deal.type is DealType.BUY else -deal.volume
        held = {
            position.identifier: position.volume if position.type is PositionType.BUY else -position.volume
            for position in self.server.positions()
        }
        assert {identifier: volume for identifier, volume in net.items() if volume} == held
        assert all(position.volume > 0 for position in self.server.positions())

    @invariant()
    def an_order_is_filled_by_its_deals(self) -> None:
        """No order is executed twice, and no volume is filled without a deal."""
        filled: defaultdict[int, Decimal] = defaultdict(lambda: ZERO)
        for deal in self._all_deals():
            # A close-by is one order with a deal on either side.
            allocation = deal.volume / 2 if deal.entry is DealEntry.OUT_BY else deal.volume
            filled[deal.order] += allocation
        for order in (*self.book.orders.values(), *self.book.history.values()):
            assert order.volume_initial - order.volume_current == filled[order.ticket]
        for order in self.book.history.values():
            assert (order.state is OrderState.FILLED) == (order.volume_current == 0)
            assert order.time_done_msc >= order.time_setup_msc

    @invariant()
    def an_order_is_in_one_place(self) -> None:
        live = {order.ticket for order in self.server.orders()}
        shown = {order.ticket for order in self.server.history_orders(*EVER)}
        now = self.server.server_time()
        hidden = {ticket for ticket, until in self.book.late_orders.items() if until > now} - live
        assert not (live & shown or live & hidden or shown & hidden)
        tickets = self.book.next_order - self.server.state.scenario.first_order
        assert len(live | shown | hidden) == tickets - self.other_tickets
        for order in self.server.orders():
            assert order.state in (OrderState.PLACED, OrderState.PARTIAL)
            assert 0 < order.volume_current <= order.volume_initial

    @invariant()
    def tickets_are_never_used_twice(self) -> None:
        deals = [deal.ticket for deal in self.server.history_deals(*EVER)]
        orders = [order.ticket for order in self.server.history_orders(*EVER)]
        positions = [position.ticket for position in self.server.positions()]
        assert len(set(deals)) == len(deals)
        assert len(set(orders)) == len(orders)
        assert len(set(positions)) == len(positions)


class AnyNetting(AnyTrading):
    """The same rules and invariants on a netting account."""

    mode = MarginMode.RETAIL_NETTING

    @invariant()
    def a_symbol_has_one_position(self) -> None:
        symbols = [position.symbol for position in self.server.positions()]
        assert len(set(symbols)) == len(symbols)


_SETTINGS = settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True, database=None)
AnyTrading.TestCase.settings = _SETTINGS
AnyNetting.TestCase.settings = _SETTINGS
TestAnyTrading = AnyTrading.TestCase
TestAnyNetting = AnyNetting.TestCase
