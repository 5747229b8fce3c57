"""Random commands on random terms: the EA sends or refuses them as the reference terminal does."""

import random
from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link.messages import CommandKind, Order
from bridge.core.units.mt5_terms import MarginMode, Side
from bridge.simulator.broker.scenario import AccountTerms, Scenario
from bridge.simulator.mt5.types import (
    SymbolExecution,
    SymbolExpiration,
    SymbolFilling,
    SymbolInfo,
    TradeRequest,
)
from tests.native.bench import Bench
from tests.native.twins import Twin

STEP = Decimal("0.00001")
MIDDLE = Decimal("1.09500")


class Chance:
    """A dice's commands."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - a test's dice

    def price(self) -> Decimal:
        """Near the market, and often at its very edge."""
        return (
            MIDDLE
            + self.dice.choice([-40, -21, -20, -19, -11, -10, -1, 0, 1, 9, 10, 11, 19, 20, 21, 30, 40]) * STEP
        )

    def maybe(self) -> Decimal | None:
        return self.dice.choice([None, None, Decimal(0), self.price(), self.price()])

    def beside(self, side: Side, start: Decimal) -> tuple[Decimal | None, Decimal | None]:
        """Stops that will mostly do around a price: a loss behind it, a profit ahead."""
        sign = 1 if side is Side.BUY else -1
        loss, profit = (self.dice.choice([None, 12, 25, 60]) for _ in range(2))
        return (
            None if loss is None else start - sign * loss * STEP,
            None if profit is None else start + sign * profit * STEP,
        )

    def sensible(self, order: Order, bid: Decimal) -> Order:
        """The same OPEN with prices that will mostly do."""
        market = bid + 10 * STEP if order.side is Side.BUY else bid
        sign = 1 if order.side is Side.BUY else -1
        ahead = sign * self.dice.choice([5, 15, 25, 40]) * STEP
        price = {
            OrderType.MARKET: market,
            OrderType.LIMIT: market - ahead,
            OrderType.STOP: market + ahead,
            OrderType.STOP_LIMIT: market + ahead,
        }[order.order_type]
        limit = price - ahead if order.order_type is OrderType.STOP_LIMIT else None
        sl, tp = self.beside(order.side, limit or price)
        return replace(
            order, price=price, limit_price=limit, stop_loss=sl, take_profit=tp, volume=Decimal("0.02")
        )

    def terms(self, symbol: SymbolInfo) -> SymbolInfo:
        """The symbol under other terms."""
        dice = self.dice
        return replace(
            symbol,
            trade_stops_level=dice.choice([0, 0, 10, 20]),
            trade_freeze_level=dice.choice([0, 0, 0, 5, 20]),
            trade_exemode=dice.choice(list(SymbolExecution)),
            filling_mode=dice.choice(
                [SymbolFilling.FOK, SymbolFilling.IOC, SymbolFilling.FOK | SymbolFilling.IOC]
            ),
            expiration_mode=SymbolExpiration(dice.randrange(16))
            | dice.choice([SymbolExpiration(0), SymbolExpiration.GTC]),
        )

    def order(self, bench: Bench) -> Order:
        """A command about what there is, or a new one."""
        dice = self.dice
        kind = dice.choice(
            [CommandKind.OPEN, CommandKind.OPEN, CommandKind.MODIFY, CommandKind.MODIFY, *CommandKind]
        )
        positions, orders = bench.broker.positions(), bench.broker.orders()
        order = Order(
            client_order_id=1,
            kind=kind,
            symbol=dice.choice(["EURUSD"] * 9 + ["GBPUSD"]),
            side=dice.choice(list(Side)),
            volume=dice.choice([Decimal("0.10"), Decimal("0.01"), Decimal("0.055"), Decimal("0.3")]),
            stop_loss=self.maybe(),
            take_profit=self.maybe(),
            price=self.maybe(),
        )
        if kind is CommandKind.OPEN:
            order = replace(
                order,
                order_type=dice.choice(list(OrderType)),
                limit_price=self.maybe(),
                time_in_force=dice.choice(list(TimeInForce)),
                max_spread_points=dice.choice([None, None, None, None, 9, 10]),
                deviation_points=dice.choice([None, 0, 5, 30]),
                stop_loss=order.stop_loss or None,
                take_profit=order.take_profit or None,
            )
            tick = bench.broker.tick("EURUSD")
            assert tick is not None
            return self.sensible(order, tick.bid) if dice.random() < 0.7 else order
        if kind is CommandKind.CLOSE:
            return replace(
                order,
                position=dice.choice([p.identifier for p in positions] or [7]),
                deviation_points=dice.choice([None, 5, 150]),
            )
        if kind is CommandKind.MODIFY and dice.random() < 0.5:
            position = dice.choice(positions) if positions else None
            side = order.side if position is None or dice.random() < 0.2 else Side(position.type.name)
            order = replace(order, side=side, position=position.identifier if position else 7)
            sl, tp = self.beside(side, MIDDLE)
            return replace(order, stop_loss=sl, take_profit=tp) if dice.random() < 0.6 else order
        live = dice.choice(orders) if orders else None
        price = order.price or None
        if live is not None and dice.random() < 0.6:
            nudge = dice.choice([-3, 3]) * STEP
            return replace(
                order,
                symbol="EURUSD",
                order=live.ticket,
                opener=live.magic,
                price=live.price_open + nudge,
                stop_loss=None,
                take_profit=dice.choice([None, Decimal(0)]),
            )
        return replace(
            order,
            order=live.ticket if live else 7,
            opener=live.magic if live and dice.random() < 0.9 else 3,
            price=price,
            limit_price=self.maybe() or None,
        )


@pytest.mark.parametrize("seed", range(4))
def test_both_terminals_judge_alike(expert: Path, tmp_path: Path, seed: int) -> None:
    margin_mode = MarginMode.RETAIL_NETTING if seed % 2 else MarginMode.RETAIL_HEDGING
    bench = Bench(expert, tmp_path, scenario=Scenario(account=AccountTerms(margin_mode=margin_mode)))
    bench.start()
    bench.join()
    twin = Twin(bench, tmp_path)
    chance = Chance(seed)
    sent = 0
    try:
        for _ in range(120):
            symbol = bench.broker.symbol("EURUSD")
            assert symbol is not None
            bench.broker.set_symbol(chance.terms(symbol))
            bid = MIDDLE + chance.dice.randrange(-15, 16) * STEP
            bench.broker.set_quote("EURUSD", bid, bid + 10 * STEP)
            expires = bench.broker.server_time() + chance.dice.choice([-1_000, 90_500, 200_000_000])
            sent += isinstance(twin.try_order(chance.order(bench), expires), TradeRequest)
        assert sent >= 15
    finally:
        twin.close()
        bench.close()
