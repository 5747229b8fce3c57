"""What the journal knows of commands and positions, as the core reads and returns it."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import msgspec

from bridge.core.director.contract import ExecutionEvent, OrderType
from bridge.core.link.messages import Order
from bridge.core.trade.command_states import CommandState
from bridge.core.trade.position_states import PositionState
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry, Side


class CommandRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One command: what it asks, and what is known of it. Times are aware UTC."""

    officer: str
    directive_id: str
    number: int
    """1, 2, 3, ... within its directive."""
    order: Order
    state: CommandState = CommandState.PLANNED
    expires_at: datetime
    """Not to be dispatched any more from here on."""
    attempt: int = 0
    """How often it was dispatched."""
    request_no: int = 0
    """How often a terminal was asked to settle it."""
    touched_at: datetime | None = None
    """When it was last dispatched or asked for."""
    dispatched_at: datetime | None = None
    """When it was last dispatched."""
    absences: int = 0
    """How many settle answers found nothing, after the grace time."""
    order_ticket: int = 0
    position_id: int = 0
    filled: Decimal = ZERO
    opening_directive_id: str = ""
    """CLOSE, MODIFY, CANCEL: the directive that opened or ordered the target."""
    reason: str = ""
    """Code of what ended or troubles it: a NotSentReason, a retcode, EXPIRED."""
    message: str = ""

    @property
    def client_order_id(self) -> int:
        return self.order.client_order_id


class PositionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What one command of this officer has in one position. Money is in account currency.

    On a hedging account that is the whole position; where positions are netted several commands may share one.
    """

    identifier: int
    officer: str
    directive_id: str
    """The directive that opened it."""
    client_order_id: int
    """The command that opened it."""
    symbol: str
    side: Side
    state: PositionState | None = None
    """None: no deal of it counted yet."""
    volume_in: Decimal = ZERO
    volume_out: Decimal = ZERO
    price_open: Decimal | None = None
    """Volume-weighted."""
    price_close: Decimal | None = None
    """Volume-weighted."""
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    levels_seen: int = 0
    """How often the broker showed levels that it did not show before."""
    commission: Decimal = ZERO
    """As the broker books it: negative when paid."""
    swap: Decimal = ZERO
    profit: Decimal = ZERO
    fee: Decimal = ZERO
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""

    @property
    def volume(self) -> Decimal:
        """What is open, in lots."""
        return self.volume_in - self.volume_out


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A pending order of ours as it was last seen on the broker's book."""

    ticket: int
    client_order_id: int
    directive_id: str
    """The directive that ordered it."""
    symbol: str
    side: Side
    order_type: OrderType
    volume: Decimal
    """Lots not filled yet."""


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a deal that concerns one command's part of a position. Money is in account currency."""

    client_order_id: int
    """The command whose part was opened or closed. 0: nobody's of ours."""
    entry: DealEntry
    """IN or OUT."""
    volume: Decimal
    price: Decimal
    commission: Decimal
    swap: Decimal
    profit: Decimal
    fee: Decimal


class Disposition(StrEnum):
    """What was done with a report."""

    APPLIED = "APPLIED"
    PARKED = "PARKED"
    """A deal that takes volume off a position of which no opening by us is known (yet)."""
    FOREIGN = "FOREIGN"
    """Not this officer's: somebody else's trade, a balance operation."""
    UNUSABLE = "UNUSABLE"
    """Kept, raised, and not acted upon: it cannot be decoded or contradicts what is known."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event to be: its body, and the subject that makes its key its own."""

    event: ExecutionEvent
    subject: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What folding one report comes to. None stands for 'as it was'."""

    disposition: Disposition
    command: CommandRecord | None = None
    positions: tuple[PositionRecord, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    """How a deal is divided among commands."""
    halt: str = ""
    """Why nothing more may be opened in the report's symbol until a person has looked; empty otherwise."""
    events: tuple[NewEvent, ...] = ()
    quarantine: str = ""
    """Why nothing may be dispatched for this officer until a person has looked; empty otherwise."""
    note: str = ""
    """Why a report was quarantined."""
