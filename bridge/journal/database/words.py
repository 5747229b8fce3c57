"""Words that the journal stores in columns, each a member of an enum.

A row with any other word was written by another version of the bridge, or edited by hand. It is refused by name:
when the journal is opened (`consistency`), and when the row is read (`member`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, TypeVar

from bridge.core.director.contract import Action, EventClass, EventType, OrderType
from bridge.core.link.messages import CommandKind
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.comparison import Field, Thing
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import Disposition
from bridge.core.units.mt5_terms import DealEntry, MarginMode, OrderState, Side, TradeMode

E = TypeVar("E", bound=StrEnum)


class Origin(StrEnum):
    """Source of a directive."""

    DIRECTOR = "director"
    OPERATOR = "operator"
    """The bridge's own: ordered by an operator, or required by the configuration."""


class OwnAction(StrEnum):
    """Action of a directive of the bridge's own."""

    FLATTEN = "FLATTEN"
    """Close all positions and cancel all pending orders of the officer."""
    FLATTEN_REST = "FLATTEN_REST"
    """One further round of a flatten: repeated until nothing is left (`flatten_rounds`)."""
    CANCEL_PENDING = "CANCEL_PENDING"
    """Cancel all pending orders of the officer that came before it."""
    CANCEL_PENDING_REST = "CANCEL_PENDING_REST"
    """The same once more, when everything that was in flight has a result."""
    CANCEL_ORDER = "CANCEL_ORDER"
    """Cancel one pending order."""
    CLOSE_POSITION = "CLOSE_POSITION"
    """Close one position."""


class ReportKind(StrEnum):
    """Kind of a stored report. Scans and symbols are not stored as reports."""

    COMMAND = "command"
    DEAL = "deal"
    ORDER = "order"
    POSITION = "position"
    CONNECTION = "connection"
    TROUBLE = "trouble"
    UNDECODABLE = "undecodable"
    """Bytes that are no report, or a report on which the bridge failed."""


class HaltSetter(StrEnum):
    """Author of a halt."""

    OPERATOR = "operator"
    BRIDGE = "bridge"
    """Set by the bridge itself; an operator has to look at the account."""


class EventState(StrEnum):
    """Delivery state of an event."""

    QUEUED = "queued"
    DELIVERED = "delivered"
    REFUSED = "refused"
    """Refused by the Director for good."""


class AuditKind(StrEnum):
    """Kind of an audit row. `subject` and `body` depend on it."""

    DIRECTIVE = "directive"
    """A directive was stored: its id, and its JSON."""
    UNREADABLE = "unreadable"
    """An item without a usable directive_id was stored: its fingerprint, and the item."""
    CHANGED = "changed"
    """The Director listed a directive with another body: its id, and that body."""
    ADOPTED = "adopted"
    """A lost order was adopted under a directive: the directive's id, and the client order id and evidence."""
    PLANNED = "planned"
    """A command was planned: its client order id, and its order."""
    DISPATCH = "dispatch"
    """A command was dispatched: client order id and attempt, and the epoch."""
    COMMAND = "command"
    """A command changed its state: client order id and state, and the reason."""
    REPORT = "report"
    """A report about an order or position of ours was stored: its key, and its JSON."""
    SYMBOL = "symbol"
    """The terms of a symbol are new: both names, and the report."""
    EVENT = "event"
    """An event was created: its type, and its JSON."""
    DELIVERED = "delivered"
    """The Director accepted an event: its type, and the Director's id."""
    REFUSED = "refused"
    """The Director refused an event for good: its type, and the answer."""
    SESSION = "session"
    """A session was opened: its epoch, and the terminal's program."""
    BOUND = "bound"
    """The officer was bound to an account: login and server, and the account."""
    LEDGER = "ledger"
    """The officer was bound to a ledger: its id, and its marks."""
    LINK = "link"
    """The link to the terminal went up or down: which, and the reason."""
    CLOCK = "clock"
    """The broker's distance from UTC is another one: the distance."""
    HALT = "halt"
    """The bridge halted opens: the symbol, and the reason."""
    QUARANTINE = "quarantine"
    """The officer was quarantined: the reason."""
    OPERATOR = "operator"
    """An operator gave an order: its name, and its arguments."""


STORED: Final[Mapping[tuple[str, str], tuple[type[StrEnum], ...]]] = {
    ("officers", "margin_mode"): (MarginMode,),
    ("officers", "trade_mode"): (TradeMode,),
    ("directives", "origin"): (Origin,),
    ("directives", "action"): (Action, OwnAction),
    ("directives", "state"): (DirectiveState,),
    ("commands", "kind"): (CommandKind,),
    ("commands", "order_type"): (OrderType,),
    ("commands", "side"): (Side,),
    ("commands", "state"): (CommandState,),
    ("reports", "kind"): (ReportKind,),
    ("reports", "disposition"): (Disposition,),
    ("deals", "entry"): (DealEntry,),
    ("deals", "disposition"): (Disposition,),
    ("allocations", "entry"): (DealEntry,),
    ("position_mismatches", "thing"): (Thing,),
    ("position_mismatches", "field"): (Field,),
    ("positions", "side"): (Side,),
    ("positions", "state"): (PositionState,),
    ("orders", "state"): (OrderState,),
    ("halts", "set_by"): (HaltSetter,),
    ("events", "event_type"): (EventType,),
    ("events", "event_class"): (EventClass,),
    ("events", "state"): (EventState,),
    ("audit_rows", "kind"): (AuditKind,),
}
"""Enums of each column, by table and column. NULL is allowed where the schema allows it."""


class UnknownWordError(ValueError):
    """A stored word is a member of no enum of its column. Nothing was done with its row."""

    def __init__(self, table: str, column: str, value: object) -> None:
        known = ", ".join(sorted(allowed(table, column)))
        super().__init__(f'{table}.{column} "{value}" is unknown to this version; supported: {known}')


def allowed(table: str, column: str) -> frozenset[str]:
    """Return the words that the column may hold."""
    return frozenset(word.value for kind in STORED[table, column] for word in kind)


def member(kind: type[E], table: str, column: str, value: str) -> E:
    """Return the enum's member for a stored word. Raises UnknownWordError."""
    try:
        return kind(value)
    except ValueError:
        raise UnknownWordError(table, column, value) from None
