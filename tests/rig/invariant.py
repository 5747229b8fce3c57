"""Invariant that `check` verifies after every test.

Orders: the broker received at most one send of each command, and the journal agrees with the broker on every deal
and every position of the bridge. Events: every event of the journal is at the Director, once and in order, and the
first of each directive is DIRECTIVE_RECEIVED. Audit: the hash chain is intact.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, Final

from bridge.core.director.contract import EventType
from bridge.core.trade.command_states import CommandState
from bridge.simulator.broker.fault_rules import SendKind
from bridge.simulator.broker.rpc.client import BrokerClient
from bridge.simulator.mt5.types import Deal, DealType
from tests.rig import signals
from tests.rig.deadline import Deadline
from tests.rig.director import Event
from tests.rig.rig import Rig

STATUS_REQUEST_S: Final = 30.0
LOOK_S: Final = 1.0
"""Interval at which the broker is asked while the sidecar logs nothing."""
FAR_MS: Final = 2**52

_CHANGES: Final = frozenset({SendKind.SLTP, SendKind.MODIFY, SendKind.REMOVE})
"""Sends that create no order."""

_MONEY: Final = ("commission", "swap", "profit", "fee")
_COSTS: Final = {
    DealType.COMMISSION: "commission",
    DealType.COMMISSION_DAILY: "commission",
    DealType.COMMISSION_MONTHLY: "commission",
    DealType.COMMISSION_AGENT_DAILY: "commission",
    DealType.COMMISSION_AGENT_MONTHLY: "commission",
    DealType.CHARGE: "fee",
    DealType.DEAL_TAX: "fee",
    DealType.INTEREST: "swap",
}
"""Total of a position that a separate cost counts for, by the deal's type."""
_BOOKED: Final = ("volume", "price", *_MONEY)
"""Amounts of a deal."""

Row = dict[str, Any]
Account = tuple[str, int]
"""Officer, and login of the account whose broker is compared."""


def check(rig: Rig, *, within_s: float = STATUS_REQUEST_S) -> None:
    """Wait until every directive has ended, then compare journal, Director and broker. Raises AssertionError."""
    if not rig.sidecars:
        return
    deadline = Deadline(0 if rig.unsettled else within_s)
    while True:
        mark = rig.sidecar.mark
        complaints = list(_complaints(rig))
        if not complaints:
            return
        assert not deadline.over, "\n".join(complaints)
        rig.sidecar.any_line(since=mark, within=min(LOOK_S, deadline.left))


def _complaints(rig: Rig) -> Iterator[str]:
    commands = {row["client_order_id"]: row for row in rig.journal.rows("SELECT * FROM commands")}
    for officer, broker in rig.brokers.items():
        own = {client_order_id: row for client_order_id, row in commands.items() if row["officer"] == officer}
        left = [client for _, client in rig.other_accounts.get(officer, {}).values()]
        yield from _sends([broker, *left], own)
        if not rig.button_pressed:
            yield from _changes(broker, own)
        if not rig.unsettled and not rig.journal_restored:
            yield from _book(rig, officer, broker)
    yield from _events(rig)
    if broken := rig.journal.chain().broken:
        yield f"the audit's chain is broken: {broken}"
    if not rig.unsettled:
        resting = {
            (officer, order.ticket) for officer, broker in rig.brokers.items() for order in broker.orders()
        }
        for row in commands.values():
            state = CommandState(row["state"])
            rests = row["order_type"] != "MARKET" and (row["officer"], row["order_ticket"]) in resting
            if not state.over and state is not CommandState.UNKNOWN and not rests:
                yield f"command {row['client_order_id']} of {row['directive_id']} is still {state}"


def _sends(brokers: list[BrokerClient], commands: dict[int, Row]) -> Iterator[str]:
    every = [send for broker in brokers for send in broker.sends()]
    sends = [send for send in every if SendKind.of(send.request) not in _CHANGES]
    for client_order_id, count in Counter(send.request.magic for send in sends).items():
        if client_order_id and count > 1:
            yield f"command {client_order_id} was sent {count} times"
    executed = {send.request.magic for send in sends if send.executed}
    for client_order_id, row in commands.items():
        if row["kind"] in ("MODIFY", "CANCEL"):
            continue
        if row["state"] == CommandState.NEVER_SENT and any(
            send.request.magic == client_order_id for send in sends
        ):
            yield f"command {client_order_id} is NEVER_SENT, and the broker saw it"
        if row["state"] == CommandState.REJECTED and client_order_id in executed:
            yield f"command {client_order_id} is REJECTED, and the broker executed it"
        # A resolution by the operator counts, even against the broker's records.
        by_word = row["reason"] == "RESOLVED"
        if row["state"] == CommandState.FILLED and client_order_id not in executed and not by_word:
            yield f"command {client_order_id} is FILLED, and the broker never executed it"


def _changes(broker: BrokerClient, commands: dict[int, Row]) -> Iterator[str]:
    """A change has its target's magic: sends are counted by target, and compared with the commands for it."""
    wanted = Counter(
        (row["target_order"], 0 if row["target_order"] else row["target_position"])
        for row in commands.values()
        if row["kind"] in ("MODIFY", "CANCEL") and row["attempt"]
    )
    asked = Counter(
        (send.request.order, 0 if send.request.order else _identifier(broker, send.request.position))
        for send in broker.sends()
        if SendKind.of(send.request) in _CHANGES
    )
    for target, count in asked.items():
        if count > wanted[target]:
            yield f"order or position {target} was changed {count} times by {wanted[target]} commands"


def _identifier(broker: BrokerClient, ticket: int) -> int:
    """Return the opener of the position with that ticket. A reversed one has the ticket of the reversing order."""
    order = broker.history_order(ticket) or broker.order_by_ticket(ticket)
    return order.position_id if order is not None else ticket


def _book(rig: Rig, officer: str, broker: BrokerClient) -> Iterator[str]:
    account = officer, broker.account().login
    deals = _ours(broker.history_deals(0, FAR_MS))
    ours = {deal.position_id for deal in deals}
    stored = {
        row["ticket"]: row
        for row in rig.journal.rows(
            "SELECT * FROM deals WHERE officer = ? AND login = ? AND disposition IN ('APPLIED', 'FOREIGN')",
            *account,
        )
        if row["disposition"] == "APPLIED" or row["position_id"] in ours
    }
    for deal in deals:
        row = stored.pop(deal.ticket, None)
        if row is None:
            yield f"deal {deal.ticket} at the broker is not in the journal"
        elif (row["type"], *(Decimal(row[name]) for name in _BOOKED)) != (
            deal.type.name,
            *(getattr(deal, name) for name in _BOOKED),
        ):
            yield f"{deal}, and the journal has {row}"
    deleted = {stored.pop(ticket)["position_id"] for ticket in rig.deleted_deals & stored.keys()}
    yield from (f"deal {ticket} in the journal is not at the broker" for ticket in stored)
    yield from _money(rig, account, [deal for deal in deals if deal.position_id not in deleted])
    held = {each.identifier: each.volume for each in broker.positions() if each.identifier in ours}
    known: defaultdict[int, Decimal] = defaultdict(Decimal)
    for row in rig.journal.rows(
        "SELECT * FROM positions WHERE officer = ? AND login = ? AND state = 'OPEN'", *account
    ):
        known[row["identifier"]] += Decimal(row["volume_in"]) - Decimal(row["volume_out"])
    for identifier, volume in _strangers(rig, account).items():
        if identifier in held and volume > 0:
            known[identifier] += volume
    if held != dict(known):
        yield f"the broker holds {held}, and the journal {dict(known)}"


def _money(rig: Rig, account: Account, deals: list[Deal]) -> Iterator[str]:
    """Assert that a position's totals, own and foreign parts together, are the sums of its deals."""
    booked: defaultdict[int, list[tuple[Decimal, ...]]] = defaultdict(list)
    known: defaultdict[int, list[tuple[Decimal, ...]]] = defaultdict(list)
    for deal in deals:
        booked[deal.position_id].append(_booked(deal))
    rows = rig.journal.rows(
        "SELECT identifier AS position_id, * FROM positions WHERE officer = ? AND login = ?", *account
    )
    rows += rig.journal.rows(
        "SELECT * FROM allocations WHERE officer = ? AND login = ? AND client_order_id = 0", *account
    )
    for row in rows:
        known[row["position_id"]].append(tuple(Decimal(row[name]) for name in _MONEY))
    for position in known.keys() & booked.keys():
        there, here = ([sum(each) for each in zip(*sums[position], strict=True)] for sums in (booked, known))
        if there != here:
            yield f"position {position} came to {there} at the broker, and to {here} in the journal"


def _booked(deal: Deal) -> tuple[Decimal, ...]:
    """Return a deal's money as it counts for its position: MetaTrader has a separate cost in the profit."""
    if deal.type in (DealType.CREDIT, DealType.BONUS):
        return (Decimal(0),) * len(_MONEY)
    field = _COSTS.get(deal.type)
    if field is None:
        return tuple(getattr(deal, name) for name in _MONEY)
    amounts = {name: getattr(deal, name) for name in _MONEY} | {"profit": Decimal(0)}
    amounts[field] += deal.profit
    return tuple(amounts[name] for name in _MONEY)


def _strangers(rig: Rig, account: Account) -> dict[int, Decimal]:
    """Return the foreign volume of positions, by the journal's allocations."""
    left: dict[int, Decimal] = {}
    for row in rig.journal.rows(
        "SELECT * FROM allocations WHERE officer = ? AND login = ? AND client_order_id = 0", *account
    ):
        volume = Decimal(row["volume"]) if row["entry"] == "IN" else -Decimal(row["volume"])
        left[row["position_id"]] = left.get(row["position_id"], Decimal(0)) + volume
    return left


def _ours(deals: Iterable[Deal]) -> list[Deal]:
    """Return the deals of positions that an order with a client order id changed, foreign ones included."""
    deals = list(deals)
    ours = {deal.position_id for deal in deals if deal.magic > 0}
    return [deal for deal in deals if deal.position_id in ours]


def _events(rig: Rig) -> Iterator[str]:
    stored = rig.journal.rows("SELECT officer, directive_id, event_type, key, state FROM events ORDER BY id")
    emitted = rig.director.events() if rig.director_process.running else []
    for key, count in Counter(event.key for event in emitted).items():
        if key is None or count > 1:
            yield f"the Director has {count} events with the key {key}"
    if not _repeats_are_explained(rig):
        yield from (
            f"{event.type} of {event.directive_id} came {event.deliveries} times"
            for event in emitted
            if event.deliveries > 1
        )
    if rig.director_process.running and not rig.journal_restored:
        yield from _queues(stored, emitted)
    for directive_id, types in rig.emitted_of.items():
        here = [event.type for event in emitted if event.directive_id == directive_id]
        if rig.director_process.running and here != types:
            yield f"{directive_id}: the Director received {here}, and the test saw {list(types)}"
    if not rig.unsettled:
        yield from (
            f"{row['event_type']} of {row['directive_id']} is {row['state']}"
            for row in stored
            if row["state"] == "queued"
        )


def _queues(stored: list[Row], emitted: list[Event]) -> Iterator[str]:
    """Assert that the Director has the events that the journal delivered, in its order, for each directive."""
    # The report of a lost journal is posted without one.
    emitted = [event for event in emitted if event.code != "JOURNAL_LOST"]
    for queue in {(row["officer"], row["directive_id"]) for row in stored}:
        mine = [row for row in stored if (row["officer"], row["directive_id"]) == queue]
        delivered = [row["key"] for row in mine if row["state"] == "delivered"]
        arrived = [event.key for event in emitted if (event.body["reported_by"], event.directive_id) == queue]
        # The last event of a queue may have arrived without its sender knowing.
        if arrived[: len(delivered)] != delivered or len(arrived) > len(delivered) + 1:
            yield f"{queue}: the journal has {delivered} as delivered, and the Director has {arrived}"
        if queue[1] is not None and mine[0]["event_type"] != EventType.DIRECTIVE_RECEIVED:
            yield f"{queue}: its first event is {mine[0]['event_type']}"
    known = {row["key"] for row in stored}
    yield from (
        f"the Director has {event.type}, and the journal has not"
        for event in emitted
        if event.key not in known
    )


def _repeats_are_explained(rig: Rig) -> bool:
    """Drop repeated events: an event arrives twice where its answer was lost, or its sender died."""
    killed = any(not process.running and process.exited() == signals.KILLED for process in rig.processes)
    return killed or rig.answers_lost or rig.journal_restored
