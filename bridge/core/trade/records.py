"""Records of commands, positions, orders and allocations, as the core reads and returns them."""

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
    """Command: its order and what is known of it. Times are aware UTC."""

    officer: str
    directive_id: str
    number: int
    """1, 2, 3, ... within its directive."""
    order: Order
    state: CommandState = CommandState.PLANNED
    expires_at: datetime
    """Time from which it must not be dispatched any more."""
    attempt: int = 0
    """Number of dispatches."""
    request_no: int = 0
    """Number of status requests."""
    touched_at: datetime | None = None
    """Time of the last dispatch or status request."""
    dispatched_at: datetime | None = None
    """Time of the last dispatch."""
    absences: int = 0
    """Number of status replies that found nothing, after the grace time."""
    order_ticket: int = 0
    position_id: int = 0
    filled: Decimal = ZERO
    opening_directive_id: str = ""
    """CLOSE, MODIFY, CANCEL: directive that opened or ordered the target."""
    reason: str = ""
    """Code of its end or of its trouble: a NotSentReason, a retcode, EXPIRED."""
    message: str = ""
    not_before: datetime | None = None
    """Time of its next try: it waits for a closed market. None: it never waited for one."""
    closed_tries: int = 0
    """Number of tries that found the market closed, since it should have been open."""
    silent_until: datetime | None = None
    """Adopted after a loss: what happened by then is not reported to the Director again."""

    @property
    def client_order_id(self) -> int:
        """Client order id: the number by which the broker knows it."""
        return self.order.client_order_id


class PositionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Lot that one command of this officer has in one position. Money is in account currency.

    On a hedging account it is the whole position; where positions are netted, several commands may share one.
    """

    identifier: int
    officer: str
    directive_id: str
    """Directive that opened it."""
    client_order_id: int
    """Command that opened it."""
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
    """Number of times that the broker showed other levels than before."""
    commission: Decimal = ZERO
    """As the broker books it: negative when paid."""
    swap: Decimal = ZERO
    profit: Decimal = ZERO
    fee: Decimal = ZERO
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""
    volume_reopened: Decimal = ZERO
    """Lots that the server opened anew less those that it closed for that, as for a swap or a split: no trades."""
    volume_corrected: Decimal = ZERO
    """Lots that the broker shows beyond all deals that are known; negative where it shows less."""
    corrected_server_ms: int = 0
    """Broker time of the volume that was shown then: a deal up to that time explains the correction."""
    former_symbol: str = ""
    """Name under which it was opened, where the broker has renamed the symbol since; empty otherwise."""

    @property
    def volume_by_deals(self) -> Decimal:
        """Open volume by the deals that are known, in lots."""
        return self.volume_in - self.volume_out + self.volume_reopened

    @property
    def volume(self) -> Decimal:
        """Open volume, in lots."""
        return self.volume_by_deals + self.volume_corrected


class OrderRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Order of ours as it was last seen on the broker's book: pending, or the rest of a market order."""

    ticket: int
    client_order_id: int
    directive_id: str
    """Directive that ordered it."""
    symbol: str
    side: Side
    order_type: OrderType
    """MARKET for the rest of a market order, which an exchange keeps on its book."""
    volume: Decimal
    """Lots not filled yet."""
    opening_directive_id: str = ""
    """Directive that opened the position which the order closes; empty for an order that opens."""
    former_symbol: str = ""
    """Name under which it was ordered, where the broker has renamed the symbol since; empty otherwise."""

    @property
    def closes(self) -> bool:
        """True for the rest of a close."""
        return bool(self.opening_directive_id)


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """Volume and money of a deal that belong to one command's lot. Money is in account currency."""

    client_order_id: int
    """Command whose lot was opened or closed. 0: none of ours."""
    entry: DealEntry
    """IN or OUT."""
    volume: Decimal
    price: Decimal
    commission: Decimal
    swap: Decimal
    profit: Decimal
    fee: Decimal
    reopens: bool = False
    """True where the server itself closed the position to open it anew, or opened it anew: no trade."""


class Disposition(StrEnum):
    """Treatment of a report."""

    APPLIED = "APPLIED"
    PARKED = "PARKED"
    """It waits for a deal: a deal that closes volume of a position whose opening is not known yet, or a position
    that a command of ours made and whose deal is not known yet."""
    FOREIGN = "FOREIGN"
    """Not this officer's: a manual trade, another program's, a balance operation."""
    UNUSABLE = "UNUSABLE"
    """Kept, raised, and not acted upon: it cannot be decoded or contradicts what is known."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Event to emit: its body, and the subject that makes its key unique."""

    event: ExecutionEvent
    subject: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of applying one report. None stands for 'unchanged'."""

    disposition: Disposition
    command: CommandRecord | None = None
    positions: tuple[PositionRecord, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    """Allocations of a deal to commands."""
    halt: str = ""
    """Reason for which nothing may be opened in the report's symbol until an operator resumes; empty without."""
    events: tuple[NewEvent, ...] = ()
    quarantine: str = ""
    """Reason for which the officer is quarantined: nothing is dispatched until an operator acts; empty without."""
    note: str = ""
    """Reason for which a report is UNUSABLE."""
