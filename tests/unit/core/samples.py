"""Ordinary commands, deals, orders and positions, to vary one thing at a time."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from bridge.core.director.contract import OrderType
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import CommandReport, CommandStage, DealReport, OrderReport, SymbolReport
from bridge.core.trade.apply_reports import Scene
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import Allocation, CommandRecord, PositionRecord
from bridge.core.units import broker_time
from bridge.core.units.mt5_terms import DealEntry, OrderState, Side

OFFICER = "eo-001"
NOW = datetime(2026, 1, 4, 10, 0, 0, tzinfo=UTC)
BROKER_OFFSET_S = 7200
GRACE = timedelta(seconds=30)
CLIENT_ORDER_ID = 0x0AB_00000000_01
CLOSE_CLIENT_ORDER_ID = 0x0AB_00000000_02
POSITION = 7001

SCENE = Scene(
    officer=OFFICER,
    at=NOW,
    to_utc=lambda ms: broker_time.to_utc(ms, [broker_time.Offset(NOW, BROKER_OFFSET_S)], NOW),
    grace=GRACE,
    mismatch_grace=GRACE,
)

OPEN_ORDER = Order(
    client_order_id=CLIENT_ORDER_ID,
    kind=CommandKind.OPEN,
    symbol="EURUSD",
    side=Side.BUY,
    volume=Decimal("0.30"),
    stop_loss=Decimal("1.0900"),
    take_profit=Decimal("1.1000"),
)
OPEN = CommandRecord(
    officer=OFFICER,
    directive_id="dir-open",
    number=1,
    order=OPEN_ORDER,
    state=CommandState.DISPATCHED,
    expires_at=NOW + timedelta(minutes=5),
    attempt=1,
    dispatched_at=NOW - timedelta(minutes=1),
)
CLOSE = CommandRecord(
    officer=OFFICER,
    directive_id="dir-close",
    number=1,
    order=Order(
        client_order_id=CLOSE_CLIENT_ORDER_ID,
        kind=CommandKind.CLOSE,
        symbol="EURUSD",
        side=Side.SELL,
        volume=Decimal("0.30"),
        position=POSITION,
    ),
    state=CommandState.DISPATCHED,
    expires_at=NOW + timedelta(minutes=5),
    attempt=1,
    dispatched_at=NOW - timedelta(minutes=1),
)
QUARANTINED = PositionRecord(
    identifier=POSITION,
    officer=OFFICER,
    directive_id="dir-open",
    client_order_id=CLIENT_ORDER_ID,
    symbol="EURUSD",
    side=Side.BUY,
    state=PositionState.OPEN,
    volume_in=Decimal("0.30"),
    price_open=Decimal("1.0951"),
    stop_loss=Decimal("1.0900"),
    take_profit=Decimal("1.1000"),
)


def server_ms(moment: datetime = NOW) -> int:
    """The broker's clock at that moment."""
    return int(moment.timestamp() + BROKER_OFFSET_S) * 1000


DEAL_IN = DealReport(
    ticket=9001,
    order=8001,
    position_id=POSITION,
    symbol="EURUSD",
    type="BUY",
    entry=DealEntry.IN,
    reason="EXPERT",
    magic=CLIENT_ORDER_ID,
    volume=Decimal("0.30"),
    price=Decimal("1.0951"),
    commission=Decimal("-0.10"),
    swap=Decimal(0),
    profit=Decimal(0),
    fee=Decimal(0),
    time_server_ms=server_ms(),
)
DEAL_OUT = msgspec.structs.replace(
    DEAL_IN,
    ticket=9101,
    order=8101,
    type="SELL",
    entry=DealEntry.OUT,
    magic=CLOSE_CLIENT_ORDER_ID,
    price=Decimal("1.0971"),
    profit=Decimal("6.00"),
    swap=Decimal("-0.50"),
)
ORDER = OrderReport(
    ticket=8001,
    state=OrderState.PLACED,
    type="BUY",
    reason="EXPERT",
    magic=CLIENT_ORDER_ID,
    symbol="EURUSD",
    volume_initial=Decimal("0.30"),
    volume_current=Decimal("0.30"),
    price=Decimal(0),
    time_setup_server_ms=server_ms(),
)


TERMS = SymbolReport(
    asked="EURUSD",
    name="EURUSD.r",
    digits=5,
    point=Decimal("0.00001"),
    tick_size=Decimal("0.00001"),
    volume_min=Decimal("0.01"),
    volume_max=Decimal(100),
    volume_step=Decimal("0.01"),
    order_types=list(OrderType),
)


def whole(deal: DealReport, client_order_id: int = CLIENT_ORDER_ID) -> Allocation:
    """The deal as one share."""
    return Allocation(
        client_order_id=client_order_id,
        entry=deal.entry,
        volume=deal.volume,
        price=deal.price,
        commission=deal.commission,
        swap=deal.swap,
        profit=deal.profit,
        fee=deal.fee,
    )


def stage(
    what: CommandStage, *, client_order_id: int = CLIENT_ORDER_ID, attempt: int = 1, retcode: int = 0
) -> CommandReport:
    """A stage of a command, as a terminal reports it."""
    return CommandReport(client_order_id=client_order_id, attempt=attempt, stage=what, retcode=retcode)
