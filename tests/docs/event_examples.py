"""An example of each event type: the first body that the journal makes of it in one history of every type."""

from contextlib import closing as closed
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from bridge.core.director.contract import EventType
from bridge.core.link.reports import ConnectionReport, TroubleReport
from bridge.core.units.mt5_terms import OrderState
from tests.integration.journal.bench import (
    INSTANCE_ID,
    JournalBench,
    cancel,
    closing,
    directive,
    limit,
    settings,
)
from tests.integration.journal.reports import (
    DEAL,
    ORDER,
    TIMEOUT,
    booked,
    deal,
    leaving,
    result,
    seen,
    submitted,
)


def bodies(bench: JournalBench) -> list[bytes]:
    """Let everything happen that has an event of its own; return the bodies of all events, in order."""
    bench.join()
    bench.take(directive("dir_1", quantity=-1))
    # In two deals, and closed by a directive.
    [opening] = bench.sent(directive("dir_2", price=1.095))
    bench.later(0.2)
    order = opening.order
    bench.report(submitted(order), result(order))
    bench.report(deal(order, volume="0.1"), deal(order, DEAL + 1, volume="0.2", price=Decimal("1.0951")))
    bench.later(60)
    [close] = bench.sent(closing("dir_3", target_directive_id="dir_2"))
    bench.report(submitted(close.order, mark=2), result(close.order))
    bench.report(deal(close.order, DEAL + 2, profit=Decimal("12.30"), swap=Decimal("-0.15")))
    for number, reason in ((4, "SL"), (5, "TP")):
        [opening] = bench.sent(directive(f"dir_{number}"))
        position = {"position_id": 7000 + number, "order": ORDER + 10 * number}
        bench.report(submitted(opening.order, mark=number), result(opening.order, ticket=position["order"]))
        # Both deals in one scan, as after a fast market.
        fill = msgspec.structs.replace(deal(opening.order, DEAL + 10 * number), **position)
        out = leaving(opening.order, DEAL + 10 * number + 1, reason=reason, position_id=7000 + number)
        bench.report(fill, out)
    # A pending order, taken off the book.
    bench.later(60)
    [pending] = bench.sent(limit("dir_6"))
    ticket = ORDER + 60
    bench.report(submitted(pending.order, mark=6), result(pending.order, ticket=ticket))
    bench.report(booked(pending.order, ticket=ticket))
    [removal] = bench.sent(cancel("dir_7", "dir_6"))
    off = msgspec.structs.replace(seen(pending.order, OrderState.CANCELED, left="0.3"), ticket=ticket)
    bench.report(result(removal.order), off)
    # An outcome that is open, and troubles of the terminal.
    [unclear] = bench.sent(directive("dir_8"))
    bench.report(submitted(unclear.order, mark=8), result(unclear.order, TIMEOUT, ticket=0))
    bench.report(
        ConnectionReport(instance_id=INSTANCE_ID, counter=1, up=False, message="no network"),
        ConnectionReport(instance_id=INSTANCE_ID, counter=2, up=True),
        TroubleReport(
            instance_id=INSTANCE_ID, counter=3, code="AUTOTRADING_OFF", message="switch AutoTrading on"
        ),
    )
    return [body.encode() for (body,) in bench.rows("SELECT body FROM events ORDER BY id")]


def all_bodies() -> list[bytes]:
    """Return the bodies of all events of the history, in a journal of its own."""
    with (
        TemporaryDirectory() as folder,
        closed(JournalBench(Path(folder) / "journal.db", settings())) as bench,
    ):
        bench.later(timedelta(minutes=1).total_seconds())
        return bodies(bench)


def event_examples() -> str:
    """Return the first example of each event type, in the contract's order."""
    first: dict[str, bytes] = {}
    for body in all_bodies():
        first.setdefault(msgspec.json.decode(body)["event_type"], body)
    return "\n".join(
        f"`{kind}`\n\n```json\n{msgspec.json.format(first[kind], indent=2).decode()}\n```\n"
        for kind in EventType
    )


def fields_by_type() -> str:
    """Return the fields that events of each type had in the history, beside those that every event has."""
    known: dict[str, dict[str, None]] = {kind: {} for kind in EventType}
    for body in all_bodies():
        fields = msgspec.json.decode(body)
        known[fields["event_type"]] |= dict.fromkeys(fields)
    everywhere = set.intersection(*(set(fields) for fields in known.values()))
    rows = "\n".join(
        f"| {kind} | {', '.join(f'`{name}`' for name in fields if name not in everywhere)} |"
        for kind, fields in known.items()
    )
    return f"| event_type | fields |\n| --- | --- |\n{rows}\n"
