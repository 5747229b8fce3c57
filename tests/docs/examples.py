"""One example of each message and each report of the link, for the protocol's reference.

`test_docs` fails where a type has none.
"""

from decimal import Decimal

import msgspec

from bridge.core.director.contract import OrderType
from bridge.core.link import messages, reports
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import FromSidecar, FromTerminal
from bridge.core.link.reports import AnyReport
from bridge.core.units.mt5_terms import DealEntry, MarginMode, OrderState, Side, TradeMode

KEY = LinkKey(bytes(range(32)))
"""The key of the examples: 00 01 02 ... 1f. Their proofs can be checked with it."""

INSTANCE_ID = "b0075eed" * 4
CLIENT_ORDER_ID = 1_778_621_151_013_965
SERVER_MS = 1_767_528_005_000

HELLO = messages.Hello(
    min_version=messages.PROTOCOL_MIN,
    max_version=messages.PROTOCOL_MAX,
    officer="eo-001",
    instance_id=INSTANCE_ID,
    nonce="1e" * 32,
)
ACCOUNT = messages.AccountIdentity(
    login=5_000_001,
    server="Simulated-Demo",
    margin_mode=MarginMode.RETAIL_HEDGING,
    trade_mode=TradeMode.DEMO,
    currency="USD",
)
SIDECAR_NONCE = "5c" * 32
ORDER = messages.Order(
    client_order_id=CLIENT_ORDER_ID,
    kind=messages.CommandKind.OPEN,
    symbol="EURUSD",
    side=Side.BUY,
    volume=Decimal("0.01"),
    stop_loss=Decimal("1.0900"),
    take_profit=Decimal("1.1000"),
    price=Decimal("1.0950"),
    deviation_points=20,
    comment="dir_12345",
)

REPORTS: list[AnyReport] = [
    reports.CommandReport(client_order_id=CLIENT_ORDER_ID, attempt=1, stage=reports.CommandStage.RECEIVED),
    reports.CommandReport(
        client_order_id=CLIENT_ORDER_ID,
        attempt=1,
        stage=reports.CommandStage.NOT_SENT,
        reason=reports.NotSentReason.LATE,
        message="the deadline passed 1.2 s ago",
    ),
    reports.CommandReport(client_order_id=CLIENT_ORDER_ID, attempt=1, stage=reports.CommandStage.FOUND),
    reports.CommandReport(
        client_order_id=CLIENT_ORDER_ID, attempt=1, stage=reports.CommandStage.SUBMITTED, mark=1
    ),
    reports.CommandReport(
        client_order_id=CLIENT_ORDER_ID,
        attempt=1,
        stage=reports.CommandStage.RESULT,
        mark=1,
        retcode=10009,
        order=1_000_001,
        deal=500_002,
        price=Decimal("1.0951"),
        volume=Decimal("0.01"),
    ),
    reports.CommandReport(
        client_order_id=CLIENT_ORDER_ID,
        attempt=1,
        stage=reports.CommandStage.STATUS_REPLY,
        request_no=2,
        found=reports.Found.NOTHING,
        connected_ms=61_000,
    ),
    reports.SymbolReport(
        asked="EURUSD.r",
        name="EURUSD.r",
        digits=5,
        point=Decimal("0.00001"),
        tick_size=Decimal("0.00001"),
        volume_min=Decimal("0.01"),
        volume_max=Decimal(100),
        volume_step=Decimal("0.01"),
        order_types=list(OrderType),
        execution_mode="MARKET",
        filling_modes=["FOK", "IOC"],
        stops_level=10,
        freeze_level=0,
    ),
    reports.DealReport(
        ticket=500_002,
        order=1_000_001,
        position_id=1_000_001,
        symbol="EURUSD",
        type="BUY",
        entry=DealEntry.IN,
        reason="EXPERT",
        magic=CLIENT_ORDER_ID,
        volume=Decimal("0.01"),
        price=Decimal("1.0951"),
        commission=Decimal("-0.04"),
        swap=Decimal("0"),
        profit=Decimal("0"),
        fee=Decimal("0"),
        stop_loss=Decimal("1.0900"),
        take_profit=Decimal("1.1000"),
        time_server_ms=SERVER_MS,
        comment="dir_12345",
    ),
    reports.OrderReport(
        ticket=1_000_001,
        state=OrderState.FILLED,
        type="BUY",
        reason="EXPERT",
        magic=CLIENT_ORDER_ID,
        symbol="EURUSD",
        volume_initial=Decimal("0.01"),
        volume_current=Decimal("0"),
        price=Decimal("1.0951"),
        stop_loss=Decimal("1.0900"),
        take_profit=Decimal("1.1000"),
        position_id=1_000_001,
        time_setup_server_ms=SERVER_MS,
        time_done_server_ms=SERVER_MS,
        comment="dir_12345",
    ),
    reports.PositionReport(
        identifier=1_000_001,
        ticket=1_000_001,
        symbol="EURUSD",
        side=Side.BUY,
        volume=Decimal("0.01"),
        price_open=Decimal("1.0951"),
        stop_loss=Decimal("1.0900"),
        take_profit=Decimal("1.1000"),
        magic=CLIENT_ORDER_ID,
        time_server_ms=SERVER_MS,
        comment="dir_12345",
        updated_server_ms=SERVER_MS,
    ),
    reports.ScanReport(
        instance_id=INSTANCE_ID,
        counter=1,
        from_server_ms=SERVER_MS - 3_600_000,
        to_server_ms=SERVER_MS,
        deals=1,
        orders=1,
        positions=[1_000_001],
        live_orders=[1_000_002],
    ),
    reports.ConnectionReport(
        instance_id=INSTANCE_ID, counter=2, up=False, message="the terminal lost its trade server"
    ),
    reports.TroubleReport(
        instance_id=INSTANCE_ID,
        counter=3,
        code="AUTOTRADING_OFF",
        message="AutoTrading is off: press the AutoTrading button of the terminal",
    ),
]

FROM_TERMINAL: list[FromTerminal] = [
    HELLO,
    messages.Prove(
        proof=KEY.terminal_proof(HELLO, messages.PROTOCOL_MAX, SIDECAR_NONCE, ACCOUNT),
        account=ACCOUNT,
        ledger=messages.LedgerIdentity(id="1ed6e4" * 5 + "00", mark=0, login=5000001),
        program="ExecutionOfficer 1.00",
        server_ms=SERVER_MS,
        poll_interval_s=5,
    ),
    messages.TerminalHeartbeat(
        epoch=7,
        broker_connected=True,
        trade_allowed=True,
        server_ms=SERVER_MS,
        balance=Decimal("10000.00"),
        equity=Decimal("9999.90"),
        margin=Decimal("10.95"),
        ping_us=41_000,
        timer_max_us=1_900,
    ),
    messages.ReportMessage(epoch=7, seq=1, report=msgspec.Raw(reports.encode_report(REPORTS[0]))),
    messages.Bye(epoch=7, reason="the program is removed from its chart"),
    messages.ErrorMessage(code="UNKNOWN_TYPE", message='unknown message type "weather"'),
]

FROM_SIDECAR: list[FromSidecar] = [
    messages.Challenge(
        version=messages.PROTOCOL_MAX,
        nonce=SIDECAR_NONCE,
        proof=KEY.sidecar_proof(HELLO, messages.PROTOCOL_MAX, SIDECAR_NONCE),
    ),
    messages.Refused(
        code=messages.RefusalCode.KEY,
        message="the terminal does not hold the link key of officer 'eo-001'",
        remedy="copy the 64 digits of the officer's .linkkey file into the terminal's inputs",
    ),
    messages.Inquire(epoch=7, symbol="EURUSD"),
    messages.ScanRequest(epoch=7),
    messages.Welcome(
        epoch=7,
        heartbeat_ms=1_000,
        ledger_mark=0,
        watermark_server_ms=0,
        overlap_ms=3_600_000,
        max_message_bytes=messages.MAX_MESSAGE_BYTES,
    ),
    messages.SidecarHeartbeat(epoch=7, clock_ms=12_000),
    messages.Command(epoch=7, attempt=1, deadline_ms=17_250, order=ORDER),
    messages.Command(
        epoch=7, attempt=1, deadline_ms=17_250, order=ORDER, search_from_server_ms=1_767_290_400_000
    ),
    messages.StatusRequest(
        epoch=7,
        item=messages.StatusRequestItem(
            order=ORDER,
            attempt=1,
            request_no=1,
            ledger="1ed6e4" * 5 + "00",
            since_server_ms=SERVER_MS - 3_600_000,
        ),
    ),
    messages.Ack(epoch=7, seq=1),
    messages.Bye(epoch=7, reason="the sidecar stops"),
    messages.ErrorMessage(code="MALFORMED", message="the message is not a JSON object with a type"),
]
