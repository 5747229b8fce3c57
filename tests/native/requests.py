"""Commands for the EA, and what it makes of them: a trade request at the broker, or a refusal before the send."""

from decimal import Decimal

from msgspec.structs import replace

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link.messages import Command, CommandKind, Inquire, Order, encode
from bridge.core.link.reports import CommandReport, CommandStage, NotSentReason
from bridge.core.units.mt5_terms import Side
from bridge.simulator.mt5.types import TradeRequest
from tests.native.bench import Bench
from tests.sidecar_peer import open_order

GTC = TimeInForce.GTC
FAR_AWAY_MS = 10**9
"""A deadline that never passes, on the link clock."""

Refusal = tuple[NotSentReason | None, int, str]
"""Reason, retcode and message of a `not_sent` report."""


class Commands:
    """Executes orders on the EA of a bench. Client order ids count up from 5001."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.client_order_id = 5000
        """Client order id of the last command."""

    def execute(self, order: Order, expires_server_ms: int = 0) -> TradeRequest | Refusal:
        """Let the EA execute the order under a new client order id; return its request, or its refusal."""
        self.client_order_id += 1
        command = Command(
            epoch=self.bench.peer.epoch,
            attempt=1,
            deadline_ms=FAR_AWAY_MS,
            order=replace(order, client_order_id=self.client_order_id),
            expires_server_ms=expires_server_ms,
        )
        sends = len(self.bench.broker.sends())
        self.bench.send_frame(encode(command))
        self.bench.run(60)
        sent = self.bench.broker.sends()[sends:]
        refusals: list[Refusal] = [
            (report.reason, report.retcode, report.message)
            for report in self.bench.peer.reports_of(CommandReport)
            if report.client_order_id == self.client_order_id and report.stage is CommandStage.NOT_SENT
        ]
        assert len(sent) + len(refusals) == 1, (sent, refusals)
        return sent[0].request if sent else refusals[0]

    def sent(self, order: Order, expires_server_ms: int = 0) -> TradeRequest:
        """Execute an order that the EA sends; return its request."""
        found = self.execute(order, expires_server_ms)
        assert isinstance(found, TradeRequest), found
        return found

    def refused(self, order: Order, expires_server_ms: int = 0) -> Refusal:
        """Execute an order that the EA does not send; return its refusal."""
        found = self.execute(order, expires_server_ms)
        assert isinstance(found, tuple), found
        return found


def market(
    *, side: str = "BUY", price: str | None = None, stops: tuple[str | None, str | None] = (None, None)
) -> Order:
    """Return the order of an OPEN at the market. EURUSD is at 1.09500/1.09510."""
    return replace(
        open_order(side=Side(side), price=price), stop_loss=_level(stops[0]), take_profit=_level(stops[1])
    )


def pending(
    order_type: str,
    price: str,
    *,
    side: str = "BUY",
    limit: str | None = None,
    stops: tuple[str | None, str | None] = (None, None),
    time_in_force: TimeInForce = GTC,
    spread: int | None = None,
    client_order_id: int = 1001,
) -> Order:
    """Return the order of an OPEN that waits on the book."""
    return replace(
        open_order(client_order_id, side=Side(side), price=price),
        order_type=OrderType(order_type),
        limit_price=_level(limit),
        stop_loss=_level(stops[0]),
        take_profit=_level(stops[1]),
        time_in_force=time_in_force,
        max_spread_points=spread,
    )


def change(
    kind: str,
    *,
    client_order_id: int = 2001,
    position: int = 0,
    order: int = 0,
    opener: int = 0,
    side: str = "BUY",
    price: str | None = None,
    limit: str | None = None,
    stops: tuple[str | None, str | None] = (None, None),
    symbol: str = "EURUSD",
) -> Order:
    """Return the order of a MODIFY or CANCEL."""
    return Order(
        client_order_id=client_order_id,
        kind=CommandKind(kind),
        symbol=symbol,
        side=Side(side),
        position=position,
        order=order,
        opener=opener,
        price=_level(price),
        limit_price=_level(limit),
        stop_loss=_level(stops[0]),
        take_profit=_level(stops[1]),
    )


def inquire(bench: Bench, symbol: str, *, exact: bool = False) -> None:
    """Send an inquiry for a symbol."""
    bench.send_frame(encode(Inquire(epoch=bench.peer.epoch, symbol=symbol, exact=exact)))


def _level(price: str | None) -> Decimal | None:
    return None if price is None else Decimal(price)
