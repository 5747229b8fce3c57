"""Evidence of a run for the checker: plain data, and the journal's path."""

from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from tests.simulation.world import World


class Evidence(msgspec.Struct, kw_only=True):
    """Everything of one officer that a checker needs, without a type of the product: rows are dictionaries."""

    officer: str
    netting: bool
    journal: Path
    ended_after_s: float | None
    """Seconds from the end of the faults until nothing was open any more; None: not within the bound."""
    issued: list[dict[str, Any]]
    """Directives of the Director."""
    expires_ms: dict[str, int]
    """By directive, the true time of its expiry, in ms since 1970: by the clock of the Director or the true one,
    whichever shows it later. A Director's clock that is confirmed to be another counts."""
    lag_ms: int
    """Most by which the sidecar's clock was slow without being distrusted, and by which the terminal may read what
    the sidecar's clock shows later than it was sent."""
    arrivals: list[tuple[str, str]]
    """Events that the Director took, in order: key and body."""
    sends: list[dict[str, Any]]
    """Every request that reached the broker; `utc_ms` is its true time in ms since 1970."""
    deals: list[dict[str, Any]]
    positions: list[dict[str, Any]]
    orders: list[dict[str, Any]]
    """Live orders."""
    magics: dict[int, int]
    """By ticket, the magic of each order that there was."""
    ledgers: list[str] | None
    """Texts of its terminals' ledgers; None where one was put back to an earlier state, or was lost."""
    journal_restored: bool
    """True where the journal was put back to an earlier state, or was lost: it does not know all that was done."""
    errors: list[str]
    """Errors that ended a life of its terminals."""


def collect(world: "World", *, ended_after_s: float | None) -> list[Evidence]:
    """Return the evidence of a run at its end, of each officer."""
    return [
        Evidence(
            officer=seat.officer,
            netting=seat.terms.netting,
            journal=world.journal,
            ended_after_s=ended_after_s,
            issued=seat.issued,
            expires_ms=seat.expires_ms,
            lag_ms=int(world.lag.total_seconds() * 1000) + seat.terminal.timer_ms,
            arrivals=[
                (arrival.key, arrival.body)
                for arrival in world.director.arrivals
                if arrival.officer == seat.officer
            ],
            sends=[{**msgspec.to_builtins(send), "utc_ms": utc_ms} for utc_ms, send in seat.sends()],
            # By ticket: the broker's clock may have been set back.
            deals=sorted(_plain(seat.broker.history_deals(0, 2**52)), key=itemgetter("ticket")),
            positions=_plain(seat.broker.positions()),
            orders=_plain(seat.broker.orders()),
            magics={
                order.ticket: order.magic
                for order in (*seat.broker.history_orders(0, 2**52), *seat.broker.orders())
            },
            ledgers=None
            if "ledger" in world.restored
            else [
                path.read_text(encoding="utf-8", errors="replace")
                for terminal in seat.terminals
                for path in sorted(terminal.folder.rglob("*.ledger"))
            ],
            journal_restored="journal" in world.restored,
            errors=[error for terminal in seat.terminals for error in terminal.errors],
        )
        for seat in world.seats
    ]


def _plain(records: Any) -> list[dict[str, Any]]:
    plain: list[dict[str, Any]] = msgspec.to_builtins(records)
    return plain
