"""Identity of reports: which of them are repeated, and which are revisions.

A report has a key and a content hash. The same key and content again changes nothing; the same key with other
content is a revision. No key holds a time. Keys are scoped by (server, login), so an officer's reports stay its
account's own.

    kind        key
    command     command:CLIENT_ORDER_ID:ATTEMPT:STAGE,
                a status reply command:CLIENT_ORDER_ID:ATTEMPT:status_reply:REQUEST_NO
    deal        deal:TICKET
    order       order:TICKET:STATE:REMAINING:PRICE:SL:TP:EXPIRY
    position    position:IDENTIFIER
    symbol      symbol:ASKED
    scan        scan:INSTANCE_ID:COUNTER
    connection  connection:INSTANCE_ID:COUNTER
    trouble     trouble:INSTANCE_ID:COUNTER
"""

import hashlib
from decimal import Decimal
from typing import assert_never

import msgspec

from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    CommandStage,
    ConnectionReport,
    DealReport,
    OrderReport,
    PositionReport,
    ScanReport,
    SymbolReport,
    TroubleReport,
)
from bridge.core.units.decimals import plain


def borne_id(report: AnyReport) -> int:
    """Return the client order id that the report is about, or the magic that its record bears; 0: none."""
    match report:
        case CommandReport():
            return report.client_order_id
        case DealReport() | OrderReport() | PositionReport():
            return report.magic
        case SymbolReport() | ScanReport() | ConnectionReport() | TroubleReport():
            return 0
        case _:
            assert_never(report)


def report_key(report: AnyReport) -> str:
    """Return the report's natural key (see the table above)."""
    match report:
        case CommandReport(stage=CommandStage.STATUS_REPLY):
            return f"command:{report.client_order_id}:{report.attempt}:status_reply:{report.request_no}"
        case CommandReport():
            return f"command:{report.client_order_id}:{report.attempt}:{report.stage}"
        case DealReport():
            return f"deal:{report.ticket}"
        case OrderReport():
            levels = (report.volume_current, report.price, report.stop_loss, report.take_profit)
            spelled = ":".join("-" if level is None else plain(level.normalize() + 0) for level in levels)
            return f"order:{report.ticket}:{report.state}:{spelled}:{report.expires_server_ms}"
        case PositionReport():
            return f"position:{report.identifier}"
        case SymbolReport():
            return f"symbol:{report.asked}"
        case ScanReport():
            return f"scan:{report.instance_id}:{report.counter}"
        case ConnectionReport():
            return f"connection:{report.instance_id}:{report.counter}"
        case TroubleReport():
            return f"trouble:{report.instance_id}:{report.counter}"
        case _:
            assert_never(report)


def content_hash(report: AnyReport) -> str:
    """Return the SHA-256 of the report's content, in hex. 0.10 and 0.1 are the same content."""
    normal = {
        # Adding 0 takes the sign off a zero.
        name: format(value.normalize() + 0, "f") if isinstance(value, Decimal) else value
        for name in report.__struct_fields__
        # Only the report that follows a welcome has the request: the intent is the same one.
        if name != "request" and (value := getattr(report, name)) is not None
    }
    return hashlib.sha256(msgspec.json.encode([type(report).__name__, normal], order="sorted")).hexdigest()
