"""Comparison of the journal's positions and orders with the broker's, in both directions, and what follows from it.

The broker's records prevail. What bears a client order id that the journal knows, or an identifier that it knows in
whatever state, is ours. A difference says what each side has; the caller decides when one is raised.

    field       the journal and the broker differ in
    EXISTENCE   one side has the position or order, the other does not have it, or has it as ended
    OWNER       the broker's bears a client order id of ours, and the journal has no deal or no order of it
    SYMBOL      the name of the symbol
    SIDE        the side; of a pending order its type
    VOLUME      the open lots; of a pending order those that are not filled
    LEVELS      stop loss and take profit; of a pending order its prices and its expiry as well
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

import msgspec

from bridge.core.link.reports import OrderReport, PositionReport
from bridge.core.trade.position_states import PositionState
from bridge.core.trade.records import CommandRecord, PositionRecord
from bridge.core.units.decimals import ZERO, plain


class Thing(StrEnum):
    """Thing that is compared."""

    POSITION = "position"
    ORDER = "order"


class Field(StrEnum):
    """Property in which the journal and the broker differ."""

    EXISTENCE = "EXISTENCE"
    OWNER = "OWNER"
    SYMBOL = "SYMBOL"
    SIDE = "SIDE"
    VOLUME = "VOLUME"
    LEVELS = "LEVELS"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One property of one position or order in which the journal and the broker differ."""

    thing: Thing
    number: int
    """Position identifier, or order ticket."""
    field: Field
    ours: str
    """Value in the journal, in words."""
    theirs: str
    """Value at the broker, in words."""
    shown: bool
    """The broker shows the position or order."""
    directive_id: str
    """Directive that opened or ordered it; of a shared position the oldest lot's."""
    symbol: str

    @property
    def code(self) -> str:
        """Code of the event and of the required action."""
        return "ORPHAN" if self.field is Field.OWNER else "POSITION_MISMATCH"

    @property
    def message(self) -> str:
        """The difference as a sentence without its end."""
        return f"the journal has {self.ours} {self.thing} {self.number}, and the broker {self.theirs}"


class OwnOrder(msgspec.Struct, frozen=True):
    """Order of ours as the journal has it on the broker's book."""

    report: OrderReport
    directive_id: str


def compare_positions(
    lots: Iterable[PositionRecord],
    shown: Mapping[int, PositionReport],
    commands: Mapping[int, CommandRecord],
    *,
    netting: bool,
    complete: bool = True,
) -> list[Difference]:
    """Return every difference of positions.

    `lots` are those of all positions that the journal has open or the broker shows, in whatever state. `shown` are
    the broker's positions by identifier, `commands` ours by client order id. `complete`: the broker has no others.
    """
    by_position: dict[int, list[PositionRecord]] = {}
    for lot in lots:
        by_position.setdefault(lot.identifier, []).append(lot)
    found: list[Difference] = []
    for identifier, held in by_position.items():
        there = shown.get(identifier)
        if there is not None:
            found += _of_shown(held, there, netting=netting)
        elif complete:
            found += _of_missing(held)
    for identifier, there in shown.items():
        command = commands.get(there.magic)
        # Where positions are netted, a command of ours may have reduced what is not ours: its deal says so.
        counted = netting and command is not None and command.filled > 0
        if identifier not in by_position and command is not None and not counted:
            found.append(_orphan(there, command))
    return found


def _of_missing(held: Sequence[PositionRecord]) -> Iterator[Difference]:
    """Yield the difference of a position that the broker does not show."""
    there_was = [lot for lot in held if lot.state is not PositionState.CLOSED]
    volume = sum((lot.volume for lot in there_was), ZERO)
    if volume > 0 or any(lot.state is PositionState.SHOWN for lot in there_was):
        yield Difference(
            thing=Thing.POSITION,
            number=there_was[0].identifier,
            field=Field.EXISTENCE,
            ours=f"{plain(volume)} lots open in",
            theirs="has no such position",
            shown=False,
            directive_id=there_was[0].directive_id,
            symbol=there_was[0].symbol,
        )


def _of_shown(
    held: Sequence[PositionRecord], there: PositionReport, *, netting: bool
) -> Iterator[Difference]:
    """Yield the differences of a position that both sides know."""
    if not netting and all(lot.state is PositionState.SHOWN for lot in held):
        yield _position(held[0], there, Field.OWNER, "no deal of", f"shows {_lots(there)}")
        return
    # A lot that an operator ended is closed, whatever its deals leave.
    standing = [lot for lot in held if lot.state is not PositionState.CLOSED]
    volume = sum((lot.volume_by_deals for lot in standing), ZERO)
    if volume <= 0:
        if not netting:
            yield _position(held[0], there, Field.EXISTENCE, "no lots open in", f"shows {_lots(there)}")
        return
    first = standing[0]
    if first.symbol != there.symbol:
        yield _position(first, there, Field.SYMBOL, f"{first.symbol} as symbol of", there.symbol)
    if first.side is not there.side:
        yield _position(first, there, Field.SIDE, f"{first.side} as side of", there.side)
    elif there.volume < volume if netting else there.volume != volume:
        # Where positions are netted, the volume beyond ours may be somebody else's.
        yield _position(first, there, Field.VOLUME, f"{plain(volume)} lots open in", plain(there.volume))
    for lot in standing:
        if (lot.stop_loss, lot.take_profit) != (there.stop_loss, there.take_profit):
            ours, theirs = _levels(lot), _levels(there)
            yield _position(lot, there, Field.LEVELS, f"{ours} as levels of", theirs)
            return


def _orphan(there: PositionReport, command: CommandRecord) -> Difference:
    return Difference(
        thing=Thing.POSITION,
        number=there.identifier,
        field=Field.OWNER,
        ours="no deal of",
        theirs=f"shows {_lots(there)} with client order id {there.magic}",
        shown=True,
        directive_id=command.directive_id,
        symbol=there.symbol,
    )


def _position(lot: PositionRecord, there: PositionReport, field: Field, ours: str, theirs: str) -> Difference:
    return Difference(
        thing=Thing.POSITION,
        number=there.identifier,
        field=field,
        ours=ours,
        theirs=theirs,
        shown=True,
        directive_id=lot.directive_id,
        symbol=there.symbol,
    )


def compare_orders(
    ours: Mapping[int, OwnOrder],
    shown: Mapping[int, OrderReport],
    commands: Mapping[int, CommandRecord],
) -> list[Difference]:
    """Return every difference of orders on the broker's book.

    `ours` are those that the journal has there, `shown` the broker's, both by ticket; `commands` are ours by client
    order id.
    """
    found: list[Difference] = []
    for ticket, own in ours.items():
        there = shown.get(ticket)
        if there is None:
            words = ("on the book as", "has no such order")
            found.append(_order(own.report, own.directive_id, Field.EXISTENCE, *words, shown=False))
        else:
            found += _of_order(own, there)
    for ticket, there in shown.items():
        command = commands.get(there.magic)
        if ticket not in ours and command is not None:
            theirs = f"shows it with client order id {there.magic}"
            found.append(_order(there, command.directive_id, Field.OWNER, "not on the book as", theirs))
    return found


def _of_order(own: OwnOrder, there: OrderReport) -> Iterator[Difference]:
    here, directive_id = own.report, own.directive_id
    pairs = (
        (Field.OWNER, "client order id", str(here.magic), str(there.magic)),
        (Field.SYMBOL, "symbol", here.symbol, there.symbol),
        (Field.SIDE, "type", here.type, there.type),
        (Field.VOLUME, "lots left", plain(here.volume_current), plain(there.volume_current)),
        (Field.LEVELS, "prices", _prices(here), _prices(there)),
    )
    for field, name, ours, theirs in pairs:
        if ours != theirs:
            yield _order(there, directive_id, field, f"{ours} as {name} of", theirs)


def _order(
    report: OrderReport, directive_id: str, field: Field, ours: str, theirs: str, *, shown: bool = True
) -> Difference:
    return Difference(
        thing=Thing.ORDER,
        number=report.ticket,
        field=field,
        ours=ours,
        theirs=theirs,
        shown=shown,
        directive_id=directive_id,
        symbol=report.symbol,
    )


def _lots(position: PositionReport) -> str:
    return f"{position.side} {plain(position.volume)} lots"


def _levels(position: PositionRecord | PositionReport) -> str:
    return f"{_level(position.stop_loss)}/{_level(position.take_profit)}"


def _prices(order: OrderReport) -> str:
    prices = (order.price, order.limit_price, order.stop_loss, order.take_profit)
    return "/".join(_level(price) for price in prices) + f" until {order.expires_server_ms}"


def _level(price: Decimal | None) -> str:
    return "none" if price is None else plain(price.normalize() + 0)


# What is closed


def closable(
    lots: Iterable[PositionRecord],
    shown: Mapping[int, PositionReport],
    missing: Collection[int],
    *,
    netting: bool,
) -> list[PositionRecord]:
    """Return the lots that a CLOSE or a flatten may close, as the broker shows them; oldest first.

    `lots` are those of all positions that the journal has open or the broker shows, in whatever state. `shown` are
    positions as the broker has them now, by identifier; one that changes just now is not among them, and the
    journal counts. `missing` are the identifiers that the broker's whole list lacks.
    """
    found: list[PositionRecord] = []
    whole: set[int] = set()
    for lot in lots:
        there = shown.get(lot.identifier)
        if there is None:
            if lot.state is not PositionState.CLOSED and lot.identifier not in missing:
                found.append(lot)
        elif netting:
            # Only what the deals say is ours; on the other side nothing of it is left.
            if lot.state is not PositionState.CLOSED and lot.side is there.side:
                found.append(msgspec.structs.replace(lot, symbol=there.symbol))
        elif lot.identifier not in whole:
            # The position is one command's own: all of it is closed, also what its deals do not explain.
            whole.add(lot.identifier)
            present = msgspec.structs.replace(lot, symbol=there.symbol, side=there.side)
            found.append(with_volume(present, there.volume))
    return found


def with_volume(lot: PositionRecord, volume: Decimal) -> PositionRecord:
    """Return the lot with that open volume, in lots, as the broker shows it."""
    return msgspec.structs.replace(lot, volume_corrected=volume - lot.volume_by_deals)
