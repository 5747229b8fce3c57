"""The checker: compares the journal, the broker's book and the Director's log after a run.

It shares no code with the product, so that no error of the product hides in it: it reads the journal with sqlite3,
and everything else is plain data. Each violation is one line for people.
"""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from typing import Any, Final

from tests.simulation.check_requests import (
    ACTION_CLOSE_BY,
    ACTION_DEAL,
    ACTION_MODIFY,
    ACTION_PENDING,
    ACTION_REMOVE,
    ACTION_SLTP,
    TYPE_BUY,
    TYPE_SELL,
    check_requests,
)
from tests.simulation.evidence import Evidence

Row = dict[str, Any]

DEFINITE: Final = frozenset({"FILLED", "PARTIAL", "DONE", "CANCELLED", "REJECTED", "EXPIRED"})
MONEY: Final = ("commission", "swap", "profit", "fee")
REASON_ROLLOVER: Final = 7
"""MetaTrader's DEAL_REASON_ROLLOVER; those above it are the server's own too."""


def check(evidences: list[Evidence]) -> list[str]:
    """Return all violations of a run, whose evidence is given for each officer."""
    with closing(sqlite3.connect(f"file:{evidences[0].journal}?mode=ro", uri=True)) as journal:
        journal.row_factory = sqlite3.Row

        def rows(query: str) -> list[Row]:
            return [dict(row) for row in journal.execute(query)]

        restored = evidences[0].journal_restored
        found = [
            *([] if restored else _liveness(evidences[0])),
            *_chain(rows("SELECT * FROM audit ORDER BY seq")),
        ]
        for evidence in evidences:
            of_officer = [f"{evidence.officer}: {each}" for each in _check_officer(evidence, rows)]
            found += of_officer
        return found


def _check_officer(evidence: Evidence, rows_of: Callable[[str], list[Row]]) -> Iterator[str]:
    """Yield the violations that concern one officer."""

    def rows(query: str) -> list[Row]:
        return [row for row in rows_of(query) if row.get("officer", evidence.officer) == evidence.officer]

    yield from evidence.errors
    if evidence.journal_restored:
        yield from _sent_once(evidence)
        yield from _strangers(evidence)
        return
    yield from _intents(evidence)
    commands, events = rows("SELECT * FROM commands"), rows("SELECT * FROM events ORDER BY id")
    yield from _sends(evidence, commands, rows("SELECT * FROM dispatches"))
    yield from check_requests(evidence, commands)
    yield from _strangers(evidence)
    yield from _events(evidence, events)
    if rows("SELECT officer FROM officers WHERE quarantine <> ''"):
        # No terminal is admitted until an operator acts, so that the journal does not follow the broker.
        return
    mismatches = rows("SELECT * FROM position_mismatches")
    yield from _deals(evidence, rows("SELECT * FROM deals"), rows("SELECT * FROM allocations"))
    yield from _positions(evidence, rows("SELECT * FROM positions"), mismatches)
    yield from _orders(evidence, rows("SELECT * FROM orders"), mismatches)
    yield from _directives(evidence, rows("SELECT * FROM directives"), events)
    yield from _fills(evidence)
    yield from _lives_of_positions(evidence, events)


def _ours(evidence: Evidence) -> set[int]:
    """Return the magic numbers of our requests."""
    return {send["request"]["magic"] for send in evidence.sends} - {0}


def _liveness(evidence: Evidence) -> Iterator[str]:
    if evidence.ended_after_s is None:
        yield "something was still open at the bound, long after the last fault"


def _intents(evidence: Evidence) -> Iterator[str]:
    """Assert that each command that was sent has its intent in a ledger, whatever was killed since."""
    if evidence.ledgers is None:
        return
    known = {
        json.loads(line)["client_order_id"]
        for ledger in evidence.ledgers
        for line in ledger.splitlines()
        if line.startswith('{"mark":') and line.endswith("}")
    }
    for magic in _ours(evidence) - known:
        yield f"command {magic} was sent, and no ledger has its intent"


def _sent_once(evidence: Evidence) -> Iterator[str]:
    """Assert that each command was sent at most once, and each directive opened at most once, without the journal:
    an order's comment bears its directive."""
    sent: Counter[int] = Counter()
    opened: Counter[str] = Counter()
    for send in evidence.sends:
        request = send["request"]
        if request["action"] in (ACTION_DEAL, ACTION_PENDING, ACTION_CLOSE_BY):
            # With the ledger put back, too, nothing anywhere knows of a request that the broker refused.
            sent[request["magic"]] += evidence.ledgers is not None or send["executed"]
            opened[request["comment"]] += bool(send["executed"] and not request["position"])
    for magic, count in sent.items():
        if count > 1:
            yield f"command {magic} was sent {count} times"
    for directive, count in opened.items():
        if count > 1 and not evidence.netting:
            yield f"directive {directive} opened {count} times"


def _sends(evidence: Evidence, commands: list[Row], dispatches: list[Row]) -> Iterator[str]:
    """Assert that each command was sent at most once, and nothing that the journal had not committed."""
    known = {row["client_order_id"]: row for row in commands}
    dispatched = {row["client_order_id"] for row in dispatches}
    sent: Counter[int] = Counter()
    for send in evidence.sends:
        request = send["request"]
        if request["action"] in (ACTION_DEAL, ACTION_PENDING, ACTION_CLOSE_BY):
            sent[request["magic"]] += 1
        if not request["magic"] and request["action"] in (ACTION_SLTP, ACTION_MODIFY, ACTION_REMOVE):
            continue
        if request["magic"] not in known:
            yield f"a request was sent with magic {request['magic']}, which no command has"
        elif request["magic"] not in dispatched:
            yield f"command {request['magic']} was sent, and no dispatch is in the journal"
    for magic, count in sent.items():
        if count > 1:
            yield f"command {magic} was sent {count} times"
    openings = Counter(
        known[request["magic"]]["directive_id"]
        for request in (send["request"] for send in evidence.sends if send["executed"])
        if request["action"] in (ACTION_DEAL, ACTION_PENDING)
        and request["magic"] in known
        and known[request["magic"]]["kind"] == "OPEN"
    )
    for directive, count in openings.items():
        if count > 1:
            yield f"directive {directive} opened {count} times"


def _strangers(evidence: Evidence) -> Iterator[str]:
    """Assert that no request named a position or order of others."""
    deals: defaultdict[int, set[int]] = defaultdict(set)
    for deal in evidence.deals:
        deals[deal["position_id"]].add(deal["magic"])
    ours = _ours(evidence)
    orders = {deal["order"]: deal["magic"] for deal in evidence.deals}
    orders |= {order["ticket"]: order["magic"] for order in evidence.orders}
    for send in evidence.sends:
        request = send["request"]
        position, order = request["position"], request["order"]
        if position and deals[position] and not deals[position] & ours:
            yield f"a request of {request['magic']} named position {position}, which is none of ours"
        if order and order in orders and orders[order] not in ours:
            yield f"a request of {request['magic']} named order {order}, which is none of ours"


def _deals(evidence: Evidence, stored: list[Row], allocations: list[Row]) -> Iterator[str]:
    """Assert that the journal has each deal once, with its numbers, and divides it without a rest."""
    here = {row["ticket"]: row for row in stored}
    there = {deal["ticket"]: deal for deal in evidence.deals}
    for ticket in there.keys() - here.keys():
        yield f"deal {ticket} is at the broker, and not in the journal"
    for ticket in here.keys() - there.keys():
        yield f"deal {ticket} is in the journal, and not at the broker"
    for ticket in sorted(there.keys() & here.keys()):
        deal, row = there[ticket], here[ticket]
        for field in ("volume", "price", *MONEY):
            if Decimal(deal[field]) != Decimal(row[field]):
                yield f"deal {ticket} has {field} {deal[field]} at the broker, {row[field]} in the journal"
        # A deal of the server's own is of no command, whatever it bears.
        if deal["magic"] and deal["reason"] < REASON_ROLLOVER and row["client_order_id"] != deal["magic"]:
            yield f"deal {ticket} of {deal['magic']} is of {row['client_order_id']} in the journal"
    divided: defaultdict[int, list[Row]] = defaultdict(list)
    for row in allocations:
        divided[row["deal_ticket"]].append(row)
    for ticket, parts in sorted(divided.items()):
        if ticket not in there:
            continue
        whole = there[ticket]
        for field in MONEY if whole["type"] not in (TYPE_BUY, TYPE_SELL) else ("volume", *MONEY):
            if sum(Decimal(part[field]) for part in parts) != Decimal(whole[field]):
                yield f"the allocations of deal {ticket} do not sum up to its {field} {whole[field]}"


def _positions(evidence: Evidence, stored: list[Row], mismatches: list[Row]) -> Iterator[str]:
    """Assert that the journal has our open positions with the broker's volume."""
    raised = {row["number"] for row in mismatches if row["raised_at"] is not None}
    ours = {row["identifier"] for row in stored}
    known: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in stored:
        if row["state"] == "OPEN":
            known[row["identifier"]] += Decimal(row["volume_in"]) - Decimal(row["volume_out"])
            known[row["identifier"]] += Decimal(row["volume_reopened"]) + Decimal(row["volume_corrected"])
    magics = _ours(evidence)
    held = {position["identifier"]: position for position in evidence.positions}
    for identifier, position in held.items():
        volume = Decimal(position["volume"])
        # On a netting account a foreign position bears our magic once an order of ours has reduced it.
        if not evidence.netting and position["magic"] in magics and identifier not in ours | raised:
            yield f"position {identifier} of {position['magic']} is open, and the journal has it not"
        if not evidence.netting and identifier in known and known[identifier] != volume:
            if identifier not in raised:
                yield f"position {identifier} has {volume} at the broker, {known[identifier]} in the journal"
        if evidence.netting and known[identifier] > volume and identifier not in raised:
            yield f"position {identifier} has {volume} at the broker, and {known[identifier]} of it are ours"
    for identifier in sorted(known.keys() - held.keys()):
        if identifier not in raised:
            yield f"position {identifier} is open in the journal, and not at the broker"


def _orders(evidence: Evidence, stored: list[Row], mismatches: list[Row]) -> Iterator[str]:
    """Assert that the journal has our live orders, and no other."""
    raised = {row["number"] for row in mismatches if row["raised_at"] is not None}
    magics = _ours(evidence)
    live = {order["ticket"] for order in evidence.orders if order["magic"] in magics}
    known = {row["ticket"] for row in stored if not row["off_book"]}
    for ticket in sorted(live ^ known):
        if ticket not in raised:
            where = "at the broker" if ticket in live else "in the journal"
            yield f"order {ticket} is live {where} alone"


def _directives(evidence: Evidence, stored: list[Row], events: list[Row]) -> Iterator[str]:
    """Assert that each directive is in the journal, and definite, at work on the book, or flagged."""
    here = {row["directive_id"]: row for row in stored if row["origin"] == "director"}
    flagged = {
        row["directive_id"]
        for row in events
        if row["event_type"] == "SYSTEM_ERROR" and "UNKNOWN_OUTCOME" in row["body"]
    }
    live = {order["magic"] for order in evidence.orders}
    placed = {
        send["request"]["comment"]: send["request"]["magic"]
        for send in evidence.sends
        if send["request"]["action"] == ACTION_PENDING and send["request"]["magic"] in live
    }
    for directive in evidence.issued:
        name = directive["directive_id"]
        row = here.get(name)
        if row is None:
            yield f"directive {name} is not in the journal"
        elif row["state"] == "UNKNOWN":
            if name not in flagged:
                yield f"directive {name} is UNKNOWN, and nobody was informed"
        elif row["state"] == "WORKING":
            if name not in placed:
                yield f"directive {name} is WORKING, and has no live order"
        elif row["state"] not in DEFINITE:
            yield f"directive {name} is {row['state']}"


def _events(evidence: Evidence, stored: list[Row]) -> Iterator[str]:
    """Assert that every event of the journal arrived, under one key, in order per directive."""
    arrived: dict[str, str] = {}
    order: list[str] = []
    for key, body in evidence.arrivals:
        if key in arrived:
            if arrived[key] != body:
                yield f"two events arrived under the key {key}"
            continue
        arrived[key] = body
        order.append(key)
    place = {key: number for number, key in enumerate(order)}
    known = {row["key"] for row in stored}
    for key in order:
        if key not in known:
            yield f"the Director has an event that the journal lacks: {arrived[key]}"
    last: dict[tuple[str, str | None], int] = {}
    first: set[str] = set()
    for row in stored:
        if row["state"] != "delivered":
            if evidence.ended_after_s is not None:
                yield f"{row['event_type']} of {row['directive_id']} is {row['state']}"
            continue
        if row["key"] not in place:
            yield f"{row['event_type']} of {row['directive_id']} counts as delivered, and never arrived"
            continue
        if row["body"] != arrived[row["key"]]:
            yield f"{row['event_type']} of {row['directive_id']} arrived with another body"
        queue = (row["officer"], row["directive_id"])
        if row["directive_id"] is not None:
            if last.get(queue, -1) > place[row["key"]]:
                yield f"{row['event_type']} of {row['directive_id']} arrived before an earlier event"
            if row["directive_id"] not in first and row["event_type"] != "DIRECTIVE_RECEIVED":
                yield f"the first event of {row['directive_id']} is {row['event_type']}"
            first.add(row["directive_id"])
        last[queue] = place[row["key"]]


def _fills(evidence: Evidence) -> Iterator[str]:
    """Assert that the Director can add up our fills: what its events say of each order is what the broker did."""
    done: defaultdict[str, Decimal] = defaultdict(Decimal)
    annulled: set[str] = set()
    magics = _ours(evidence)
    for deal in evidence.deals:
        if deal["magic"] in magics and deal["type"] in (TYPE_BUY, TYPE_SELL) and deal["order"]:
            done[str(deal["order"])] += Decimal(deal["volume"])
        elif deal["type"] not in (TYPE_BUY, TYPE_SELL):
            annulled.add(str(deal["order"]))
    filled: dict[str, Decimal] = {}
    parts: defaultdict[str, Decimal] = defaultdict(Decimal)
    for body in _once(evidence.arrivals):
        order = body.get("broker_order_id")
        if (
            order is None
            or order not in done
            or body.get("entry") == "OUT"
            or body.get("action") == "REVISION"
        ):
            continue
        quantity = Decimal(str(body.get("fill_quantity", 0)))
        if body["event_type"] == "ORDER_PARTIAL_FILL":
            parts[order] += quantity
        elif body["event_type"] == "ORDER_FILLED":
            if order in filled:
                yield f"order {order} was reported as filled twice"
            filled[order] = quantity
    if evidence.ended_after_s is None:
        return
    for order, volume in sorted(done.items()):
        reported = filled.get(order, parts[order])
        if reported != volume and order not in annulled:
            yield f"order {order} filled {volume}, and {reported} was reported"


def _lives_of_positions(evidence: Evidence, stored: list[Row]) -> Iterator[str]:
    """Assert that each of our positions was reported as opened and closed, with the money that was booked."""
    if evidence.netting:
        # There a position is shared, and its lots are the journal's own.
        return
    bodies = [json.loads(row["body"], parse_float=Decimal, parse_int=Decimal) for row in stored]
    types: defaultdict[str, list[str]] = defaultdict(list)
    last: dict[str, Row] = {}
    for body in bodies:
        if (position := body.get("position_id")) is not None and body["directive_id"] is not None:
            types[position].append(body["event_type"])
            last[position] = body
    deals: defaultdict[int, list[Row]] = defaultdict(list)
    for deal in evidence.deals:
        deals[deal["position_id"]].append(deal)
    ours, held = _ours(evidence), {position["identifier"] for position in evidence.positions}
    for identifier, made in sorted(deals.items()):
        first = made[0]
        if first["magic"] not in ours or any(deal["type"] not in (TYPE_BUY, TYPE_SELL) for deal in made):
            continue
        name = str(identifier)
        if types[name].count("POSITION_OPENED") != 1:
            yield f"position {name} was reported as opened {types[name].count('POSITION_OPENED')} times"
        if identifier in held:
            if "POSITION_CLOSED" in types[name]:
                yield f"position {name} was reported as closed, and is open"
            continue
        if "POSITION_CLOSED" not in types[name]:
            yield f"position {name} is closed, and that was not reported"
        elif last[name]["event_type"] == "POSITION_CLOSED":
            for field, sign in (("commission", -1), ("fee", -1), ("swap", 1), ("profit", 1)):
                booked = sum((Decimal(deal[field]) for deal in made), Decimal(0))
                reported = sign * Decimal(last[name].get(field, 0))
                if booked != reported:
                    yield f"position {name} came to {field} {booked}, and {reported} was reported"


def _once(arrivals: Iterable[tuple[str, str]]) -> Iterator[Row]:
    seen: set[str] = set()
    for key, body in arrivals:
        if key not in seen:
            seen.add(key)
            yield json.loads(body, parse_float=Decimal, parse_int=Decimal)


def _chain(audit: list[Row]) -> Iterator[str]:
    """Assert that the hash chain is whole."""
    prev = "0" * 64
    for number, row in enumerate(audit, start=1):
        named = ("seq", "at", "kind", "officer", "directive_id", "content", "subject", "body")
        content = [row[name] for name in named]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("\x7f", "\\u007f")
        if row["seq"] != number or row["prev"] != prev:
            yield f"row {number} of the audit does not follow the one before"
            return
        if hashlib.sha256((prev + text).encode()).hexdigest() != row["hash"]:
            yield f"row {number} of the audit has another hash"
            return
        prev = row["hash"]
