"""Check of a broker's book against the journal, by the broker's own records.

It shares no code with the bridge, so that an error of the bridge cannot hide in it: orders and positions come from
the broker, the directive of an order from its comment, the rest from SQL.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from bridge.simulator.broker.api import SendRecord
from bridge.simulator.broker.fault_rules import SendKind
from bridge.simulator.broker.rpc.client import BrokerClient

PREFIX_SHIFT: Final = 40
_CHANGES: Final = frozenset({SendKind.SLTP, SendKind.MODIFY, SendKind.REMOVE})
"""Sends that buy and sell nothing."""

Row = dict[str, Any]


def executed_orders(broker: BrokerClient) -> list[SendRecord]:
    """Return the sends with a client order id that the broker executed, but for changes."""
    return [
        send
        for send in broker.sends()
        if send.executed and send.request.magic and SendKind.of(send.request) not in _CHANGES
    ]


def repeated_orders(broker: BrokerClient) -> Iterator[str]:
    """Yield each client order id, and each opening directive, for which the broker executed more than one order."""
    ids: Counter[int] = Counter()
    openings: Counter[str] = Counter()
    for send in executed_orders(broker):
        ids[send.request.magic] += 1
        if not send.request.position:
            openings[send.request.comment] += 1
    yield from (
        f"client order id {each} was executed {count} times" for each, count in ids.items() if count > 1
    )
    yield from (
        f"directive {each} was executed {count} times" for each, count in openings.items() if count > 1
    )


def unknown_positions(broker: BrokerClient, prefix: int, positions: list[Row], raised: str) -> Iterator[str]:
    """Yield each open position of the bridge that the journal has not with its volume, and that `raised` lacks.

    `positions` are the rows of the journal's view `open_positions`; `raised` is the text of all required actions.
    """
    known: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in positions:
        known[row["identifier"]] += Decimal(row["volume_in"]) - Decimal(row["volume_out"])
    for position in broker.positions():
        if position.magic >> PREFIX_SHIFT != prefix or known[position.identifier] == position.volume:
            continue
        if str(position.identifier) not in raised and str(position.ticket) not in raised:
            yield (
                f"position {position.identifier}, {position.volume} {position.symbol}, is open, "
                f"the journal has {known[position.identifier]} of it, and no required action names it: "
                f"{position.comment}"
            )
    for identifier in known.keys() - {position.identifier for position in broker.positions()}:
        if str(identifier) not in raised:
            yield f"the journal has position {identifier} open, the broker has not, and no required action names it"
