"""The checker's part about requests: what was sent to the broker is what the directives ask for."""

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from tests.simulation.evidence import Evidence

Row = dict[str, Any]

ACTION_DEAL, ACTION_PENDING, ACTION_SLTP, ACTION_MODIFY, ACTION_REMOVE, ACTION_CLOSE_BY = 1, 5, 6, 7, 8, 10
"""MetaTrader's TRADE_ACTION_..."""
LATE_MS: Final = 50
"""Time that a request is on its way to the broker at most."""
TYPE_BUY, TYPE_SELL = 0, 1
"""MetaTrader's DEAL_TYPE_..."""


def check_requests(evidence: Evidence, commands: list[Row]) -> Iterator[str]:
    """Assert that each request is what its directive asks for: in time, of its symbol, side, volume and levels."""
    issued = {directive["directive_id"]: directive for directive in evidence.issued}
    known = {row["client_order_id"]: row for row in commands}
    closed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for send in evidence.sends:
        request = send["request"]
        command = known.get(request["magic"])
        directive = issued.get(command["directive_id"]) if command is not None else None
        if command is None or directive is None:
            continue
        name = directive["directive_id"]
        if request["action"] in (ACTION_DEAL, ACTION_PENDING):
            late = send["utc_ms"] - evidence.expires_ms[name]
            if late > LATE_MS + evidence.lag_ms:
                yield f"directive {name} was sent {late} ms after its expiry"
        if command["kind"] == "OPEN" and request["action"] in (ACTION_DEAL, ACTION_PENDING):
            yield from _as_ordered(request, directive, netting=evidence.netting)
        elif command["kind"] == "CLOSE" and request["action"] == ACTION_DEAL and send["executed"]:
            closed[name] += Decimal(request["volume"])
            yield from _as_closed(request, directive)
            if "target_directive_id" in directive and not evidence.netting:
                opener = _opener(evidence, request["position"], known)
                if opener is not None and opener != directive["target_directive_id"]:
                    yield f"directive {name} closed a position of {opener}"
        elif command["kind"] == "MODIFY" and request["action"] in (ACTION_SLTP, ACTION_MODIFY):
            for level, field in (("stop_loss", "sl"), ("take_profit", "tp")):
                if level in directive and Decimal(request[field]) != Decimal(directive[level]):
                    yield f"directive {name} asked for {level} {directive[level]}, and {request[field]} was sent"
        if request["order"] and "target_directive_id" in directive:
            made_by = known.get(evidence.magics.get(request["order"], 0))
            if made_by is not None and made_by["directive_id"] != directive["target_directive_id"]:
                yield f"directive {name} is about an order of {made_by['directive_id']}"
    for name, volume in closed.items():
        if "quantity" in issued[name] and volume > Decimal(issued[name]["quantity"]):
            yield f"directive {name} closed {volume} of {issued[name]['quantity']}"


def _as_closed(request: Row, directive: Row) -> Iterator[str]:
    name = directive["directive_id"]
    if request["symbol"] != directive["symbol"]:
        yield f"directive {name} is about {directive['symbol']}, and closed {request['symbol']}"
    sides = {"CLOSE_LONG": TYPE_SELL, "CLOSE_SHORT": TYPE_BUY}
    if sides.get(directive["action"], request["type"]) != request["type"]:
        yield f"directive {name} is {directive['action']}, and type {request['type']} was sent"


def _as_ordered(request: Row, directive: Row, *, netting: bool) -> Iterator[str]:
    long = directive["action"] == "OPEN_LONG"
    asked = {
        "symbol": directive["symbol"],
        "volume": Decimal(directive["quantity"]),
        "sl": Decimal(directive.get("stop_loss", 0)),
        "tp": Decimal(directive.get("take_profit", 0)),
    }
    sent = {"symbol": request["symbol"]} | {name: Decimal(request[name]) for name in ("volume", "sl", "tp")}
    for level in ("sl", "tp"):
        if netting and not asked[level]:
            # The position may have a level already: a request without one would remove it.
            del asked[level], sent[level]
    if request["action"] == ACTION_PENDING:
        asked["price"], sent["price"] = Decimal(directive["price"]), Decimal(request["price"])
    if sent != asked:
        yield f"directive {directive['directive_id']} asked for {asked}, and {sent} was sent"
    if (request["type"] % 2 == TYPE_BUY) != long:
        yield f"directive {directive['directive_id']} is {directive['action']}, and type {request['type']} was sent"


def _opener(evidence: Evidence, position: int, commands: dict[int, Row]) -> str | None:
    """Return the directive that opened a position, by the magic of its first deal."""
    for deal in evidence.deals:
        if deal["position_id"] == position:
            command = commands.get(deal["magic"])
            return command["directive_id"] if command is not None else None
    return None
