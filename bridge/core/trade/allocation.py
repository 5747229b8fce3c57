"""Whose volume a deal opens or closes: the quantity ledger of a position.

On a hedging account a position is one command's own. Where positions are netted, several commands, and people or
other programs, share one, and a deal may even reverse it. So each deal is divided into shares:

1. What a deal puts on belongs to the command that it bears the token of, else to nobody of ours.
2. What a close of ours takes off comes from the part that it was meant for, then from the oldest parts.
3. What somebody else takes off by hand comes from what is not ours first: who trades by hand means his own. The
   flatten button of the Expert Advisor means ours.
4. A stop or a stop-out ends all there is; an opposite open of ours nets the oldest parts.
5. A reversal closes everything and puts on the rest.

Shares sum up to the deal, to the last digit of volume and money.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.link.reports import DealReport
from bridge.core.trade.records import Allocation, CommandRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import REASON_EXPERT, REASON_SL, REASON_SO, REASON_TP, DealEntry

FLATTEN_COMMENT: Final = "flatten"
"""What the button's orders bear as their comment."""

_CENT: Final = Decimal("0.01")
_SERVERS_OWN: Final = frozenset({REASON_SL, REASON_TP, REASON_SO})


class Lot(msgspec.Struct, frozen=True):
    """What is open of one command's part of the position."""

    client_order_id: int
    volume: Decimal
    since: int
    """Ticket of the deal that began it. What a deal before that one took off was not of this part."""


def allocate(
    deal: DealReport,
    command: CommandRecord | None,
    holdings: Sequence[Lot],
    foreign: Decimal,
    *,
    complete: bool,
) -> tuple[Allocation, ...] | None:
    """The deal's shares; None where it must wait for an earlier deal that is not known yet.

    `command` is the one of ours that made the deal. `holdings` are our parts of its position, oldest first,
    `foreign` what is known to be open there and not ours. `complete` says that every earlier deal is known: what
    is closed beyond all that we know of was somebody else's from before our time.
    """
    client_order_id = command.client_order_id if command is not None else 0
    if deal.entry is DealEntry.IN:
        return _priced(deal, [(client_order_id, DealEntry.IN, deal.volume)])
    before = [holding for holding in holdings if holding.since < deal.ticket and holding.volume > 0]
    known = sum((holding.volume for holding in before), ZERO) + foreign
    closing = known if deal.entry is DealEntry.INOUT else deal.volume
    if deal.entry is DealEntry.INOUT:
        # It closes what is open, so something must be: what is not known yet may come with an earlier deal.
        if known >= deal.volume or (not known and not complete):
            return None
    elif closing > known and not complete:
        return None
    parts = [(holding.client_order_id, holding.volume) for holding in before]
    if command is not None and command.order.opener:
        parts.sort(key=lambda part: part[0] != command.order.opener)
    manually = command is None and deal.reason not in _SERVERS_OWN and not _by_the_button(deal)
    parts.insert(0 if manually else len(parts), (0, foreign))
    pieces = [(owner, DealEntry.OUT, volume) for owner, volume in _take(parts, closing)]
    if deal.entry is DealEntry.INOUT:
        pieces.append((client_order_id, DealEntry.IN, deal.volume - closing))
    return _priced(deal, pieces)


def _by_the_button(deal: DealReport) -> bool:
    """The Expert Advisor's flatten button sends without a token, and closes what is ours alone."""
    return not deal.magic and deal.reason == REASON_EXPERT and deal.comment.startswith(FLATTEN_COMMENT)


def revise(deal: DealReport, allocations: Sequence[Allocation]) -> tuple[Allocation, ...]:
    """The shares of a deal whose money the broker has booked anew. Those of one that it has annulled keep the money
    that is still booked, and no volume."""
    now = _priced(
        deal,
        [(allocation.client_order_id, allocation.entry, allocation.volume) for allocation in allocations],
    )
    if deal.side is not None:
        return now
    return tuple(msgspec.structs.replace(allocation, volume=ZERO) for allocation in now)


def _take(parts: Sequence[tuple[int, Decimal]], volume: Decimal) -> list[tuple[int, Decimal]]:
    taken: list[tuple[int, Decimal]] = []
    left = volume
    for owner, there in parts:
        piece = min(there, left)
        if piece > 0:
            taken.append((owner, piece))
            left -= piece
    if left > 0:
        # Nobody's of ours, and put on before we knew the account.
        taken.append((0, left))
    return taken


def _priced(deal: DealReport, pieces: Sequence[tuple[int, DealEntry, Decimal]]) -> tuple[Allocation, ...]:
    volumes = [volume for _, _, volume in pieces]
    closes = [volume if entry is DealEntry.OUT else ZERO for _, entry, volume in pieces]
    # What was earned, and held overnight, belongs to what was closed.
    earned = closes if any(closes) else volumes
    columns = zip(
        pieces,
        _split(deal.commission, volumes),
        _split(deal.swap, earned),
        _split(deal.profit, earned),
        _split(deal.fee, volumes),
        strict=True,
    )
    return tuple(
        Allocation(
            client_order_id=client_order_id,
            entry=entry,
            volume=volume,
            price=deal.price,
            commission=commission,
            swap=swap,
            profit=profit,
            fee=fee,
        )
        for (client_order_id, entry, volume), commission, swap, profit, fee in columns
    )


def _split(money: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The money by weight, in the finest unit that it was booked in; the last weight gets what rounding left."""
    total = sum(weights, ZERO)
    if not money or not total:
        return [ZERO if index else money for index in range(len(weights))]
    unit = min(_CENT, Decimal(1).scaleb(int(money.as_tuple().exponent)))
    last = max(index for index, weight in enumerate(weights) if weight)
    # Adding 0 takes the sign off a zero.
    parts = [(money * weight / total).quantize(unit) + 0 for weight in weights]
    parts[last] = money - sum(parts[:last] + parts[last + 1 :], ZERO)
    return parts
