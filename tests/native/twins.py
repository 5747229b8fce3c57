"""What the reference terminal would make of a command, on the very broker that the EA has."""

from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link.messages import Command, CommandKind, Inquire, Order, encode
from bridge.core.link.reports import CommandReport, CommandStage, NotSentReason
from bridge.core.units.mt5_terms import Side
from bridge.simulator.mt5.types import TradeRequest
from bridge.simulator.terminal.day_equity import DayEquity
from bridge.simulator.terminal.inputs import Inputs
from bridge.simulator.terminal.ledger import Ledger
from bridge.simulator.terminal.not_sent import NotSent
from bridge.simulator.terminal.request import prepare
from bridge.simulator.terminal.risk_limits import RiskLimits
from bridge.simulator.terminal.standing import identity
from tests.native.bench import Bench
from tests.sidecar_peer import open_order

GTC = TimeInForce.GTC
FAR_AWAY_MS = 10**9
"""A deadline that is far away, on the link clock."""

Refusal = tuple[NotSentReason | None, int, str]


class Twin:
    """The EA on its bench, and the reference terminal's judgement beside it. Tokens count up from 5001."""

    def __init__(self, bench: Bench, folder: Path, inputs: Inputs | None = None) -> None:
        self.bench = bench
        ledger = Ledger(folder / "twin.ledger")
        self._ledger = ledger
        self._risk_limits = RiskLimits(inputs or Inputs(), ledger, DayEquity(folder / "twin.day"))
        self._client_order_id = 5000

    def close(self) -> None:
        self._ledger.close()

    def expected(self, command: Command) -> TradeRequest | Refusal:
        """What the reference terminal would send, or why it would not."""
        account = identity(self.bench.broker.account())
        assert account is not None
        try:
            return prepare(command, 0, account, self.bench.broker, self._risk_limits)
        except NotSent as refusal:
            return refusal.reason, refusal.retcode, refusal.message

    def try_order(self, order: Order, expires_server_ms: int = 0) -> TradeRequest | Refusal:
        """Let the EA execute it under a new token: its request, or its refusal. It is the reference terminal's."""
        self._client_order_id += 1
        order = replace(order, client_order_id=self._client_order_id)
        wished = Command(
            epoch=self.bench.peer.epoch,
            attempt=1,
            deadline_ms=FAR_AWAY_MS,
            order=order,
            expires_server_ms=expires_server_ms,
        )
        expected = self.expected(wished)
        sends = len(self.bench.broker.sends())
        self.bench.say(encode(wished))
        self.bench.run(60)
        sent = self.bench.broker.sends()[sends:]
        assert len(sent) <= 1
        found: TradeRequest | Refusal = sent[0].request if sent else self._refusal(order.client_order_id)
        assert found == expected
        return found

    @property
    def client_order_id(self) -> int:
        """The last command's."""
        return self._client_order_id

    def _refusal(self, client_order_id: int) -> Refusal:
        (report,) = [
            report
            for report in self.bench.peer.reports_of(CommandReport)
            if report.client_order_id == client_order_id and report.stage is CommandStage.NOT_SENT
        ]
        return report.reason, report.retcode, report.message


def pending(
    form: str,
    price: str,
    *,
    side: str = "BUY",
    limit: str | None = None,
    stops: tuple[str | None, str | None] = (None, None),
    lasts: TimeInForce = GTC,
    spread: int | None = None,
    client_order_id: int = 1001,
) -> Order:
    """A pending order's command."""
    return replace(
        open_order(client_order_id, side=Side(side), price=price),
        order_type=OrderType(form),
        limit_price=None if limit is None else Decimal(limit),
        stop_loss=None if stops[0] is None else Decimal(stops[0]),
        take_profit=None if stops[1] is None else Decimal(stops[1]),
        time_in_force=lasts,
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
    """A MODIFY or CANCEL."""
    return Order(
        client_order_id=client_order_id,
        kind=CommandKind(kind),
        symbol=symbol,
        side=Side(side),
        position=position,
        order=order,
        opener=opener,
        price=None if price is None else Decimal(price),
        limit_price=None if limit is None else Decimal(limit),
        stop_loss=None if stops[0] is None else Decimal(stops[0]),
        take_profit=None if stops[1] is None else Decimal(stops[1]),
    )


def inquire(bench: Bench, symbol: str, *, exact: bool = False) -> None:
    """Ask what the broker calls a symbol."""
    bench.say(encode(Inquire(epoch=bench.peer.epoch, symbol=symbol, exact=exact)))
