"""Allocation of a deal to the commands whose lots it opens or closes.

On a hedging account a position is one command's own. Where positions are netted, several commands, manual trades
and other programs share one, and a deal may even reverse it. So each deal is allocated:

1. Volume that a deal opens belongs to the command whose client order id it bears, else to none of ours.
2. Volume that a CLOSE of ours closes comes from the lot that it targets, then from the oldest lots.
3. Volume that a manual trade closes comes from what is not ours first: a manual trade is about its own position.
   The flatten button of the Expert Advisor is about ours.
4. A stop or a stop-out closes all there is; an opposite OPEN of ours closes the oldest lots.
5. A reversal closes everything and opens the rest.
6. A deal by which the server itself closes a position and opens it anew is no trade: it concerns every lot, by its
   volume, and closes and opens none.

Allocations sum up to the deal, to the last digit of volume and money.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, assert_never

import msgspec

from bridge.core.link.reports import DealReport
from bridge.core.trade.records import Allocation, CommandRecord
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import REASON_EXPERT, REASON_SL, REASON_SO, REASON_TP, DealEntry

FLATTEN_COMMENT: Final = "flatten"
"""Comment of the orders that the flatten button sends."""

_CENT: Final = Decimal("0.01")
_BY_SERVER: Final = frozenset({REASON_SL, REASON_TP, REASON_SO})


class Lot(msgspec.Struct, frozen=True):
    """Open volume of one command in a position."""

    client_order_id: int
    volume: Decimal
    since: int
    """Ticket of the deal that began it. An earlier deal closed nothing of this lot."""


def allocate(
    deal: DealReport,
    command: CommandRecord | None,
    lots: Sequence[Lot],
    foreign: Decimal,
    *,
    complete: bool,
    sole: int = 0,
    shown: Decimal = ZERO,
) -> tuple[Allocation, ...] | None:
    """Return the deal's allocations; None where it must wait for an earlier deal that is not known yet.

    `command` is the one of ours that made the deal. `lots` are ours in its position, oldest first, `foreign` is the
    known open volume there that is not ours. `complete` says that every earlier deal is known: volume closed beyond
    what is known belongs to `sole`, the command that has the whole position on a hedging account. With 0 it was
    opened by others before the bridge knew the account. `shown` is the volume that the broker showed of a position
    whose deals were all known then: it had changed the volume without a deal.
    """
    client_order_id = command.client_order_id if command is not None else 0
    earlier = [lot for lot in lots if lot.since < deal.ticket and lot.volume > 0]
    known = sum((lot.volume for lot in earlier), ZERO) + foreign
    match deal.entry:
        case DealEntry.IN:
            return _priced(deal, [(client_order_id, DealEntry.IN, deal.volume)])
        case DealEntry.INOUT:
            # It closes open volume, so there must be some: an earlier deal may still report it.
            if known >= deal.volume or (not known and not complete):
                return None
            closing = known
        case DealEntry.OUT | DealEntry.OUT_BY:
            if deal.volume > max(known, shown) and not complete:
                return None
            closing = deal.volume
        case _:
            assert_never(deal.entry)
    owners = [(lot.client_order_id, lot.volume) for lot in earlier]
    if command is not None and command.order.opener:
        owners.sort(key=lambda owner: owner[0] != command.order.opener)
    manually = command is None and deal.reason not in _BY_SERVER and not _by_flatten_button(deal)
    owners.insert(0 if manually else len(owners), (0, foreign))
    pieces = [(owner, DealEntry.OUT, volume) for owner, volume in _take(owners, closing, beyond=sole)]
    if deal.entry is DealEntry.INOUT:
        pieces.append((client_order_id, DealEntry.IN, deal.volume - closing))
    return _priced(deal, pieces)


def reopen(
    deal: DealReport, volumes: Mapping[int, Decimal], outstanding: Mapping[int, Decimal]
) -> tuple[Allocation, ...]:
    """Return the allocations of a deal by which the server closes the position, or opens it anew.

    `volumes` are the open volumes of the position by owner, 0 for what is not ours; `outstanding` those that such
    deals have closed and not opened yet. What opens is divided as what was closed, and what closes as what is open.
    """
    weights = outstanding if deal.entry is DealEntry.IN and any(outstanding.values()) else volumes
    owners = [owner for owner, volume in weights.items() if volume > 0] or list(weights)[:1] or [0]
    entry = DealEntry.IN if deal.entry is DealEntry.IN else DealEntry.OUT
    parts = _split(deal.volume, [weights.get(owner, ZERO) or ZERO for owner in owners])
    divided = _priced(deal, [(owner, entry, part) for owner, part in zip(owners, parts, strict=True)])
    return tuple(msgspec.structs.replace(allocation, reopens=True) for allocation in divided)


def _by_flatten_button(deal: DealReport) -> bool:
    """Return True for a deal of the Expert Advisor's flatten button, which bears no client order id."""
    return not deal.magic and deal.reason == REASON_EXPERT and deal.comment.startswith(FLATTEN_COMMENT)


def revise(deal: DealReport, allocations: Sequence[Allocation]) -> tuple[Allocation, ...]:
    """Return the allocations of a deal whose money the broker has booked anew.

    Those of an annulled deal keep the money that is still booked, and no volume.
    """
    now = tuple(
        msgspec.structs.replace(allocation, reopens=before.reopens)
        for before, allocation in zip(
            allocations,
            _priced(deal, [(each.client_order_id, each.entry, each.volume) for each in allocations]),
            strict=True,
        )
    )
    if deal.side is not None:
        return now
    return tuple(msgspec.structs.replace(allocation, volume=ZERO) for allocation in now)


def allocate_money(deal: DealReport, lots: Sequence[tuple[int, Decimal]]) -> tuple[Allocation, ...]:
    """Return the allocations of a deal that is money alone: none has volume.

    `lots` are client order ids (0 for what is not ours) and the weights by which the money is divided.
    """
    booked = deal.as_booked
    weights = [weight for _, weight in lots]
    columns = zip(
        lots,
        _split(booked.commission, weights),
        _split(booked.swap, weights),
        _split(booked.profit, weights),
        _split(booked.fee, weights),
        strict=True,
    )
    return tuple(
        Allocation(
            client_order_id=client_order_id,
            entry=DealEntry.OUT,
            volume=ZERO,
            price=deal.price,
            commission=commission,
            swap=swap,
            profit=profit,
            fee=fee,
        )
        for (client_order_id, _), commission, swap, profit, fee in columns
    )


def _take(
    owners: Sequence[tuple[int, Decimal]], volume: Decimal, *, beyond: int
) -> list[tuple[int, Decimal]]:
    """Return the volume taken from each owner in turn, and from `beyond` what none of them has."""
    taken: list[tuple[int, Decimal]] = []
    left = volume
    for owner, available in owners:
        piece = min(available, left)
        if piece > 0:
            taken.append((owner, piece))
            left -= piece
    if left > 0:
        taken = [(owner, piece + left if owner == beyond else piece) for owner, piece in taken]
        if all(owner != beyond for owner, _ in taken):
            taken.append((beyond, left))
    return taken


def _priced(deal: DealReport, pieces: Sequence[tuple[int, DealEntry, Decimal]]) -> tuple[Allocation, ...]:
    volumes = [volume for _, _, volume in pieces]
    closes = [volume if entry is DealEntry.OUT else ZERO for _, entry, volume in pieces]
    # Profit and swap belong to the volume that was closed.
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
    """Return the money divided by weight, in the finest unit that it was booked in; the last gets the remainder."""
    total = sum(weights, ZERO)
    if not money or not total:
        return [ZERO if index else money for index in range(len(weights))]
    unit = min(_CENT, Decimal(1).scaleb(int(money.as_tuple().exponent)))
    last = max(index for index, weight in enumerate(weights) if weight)
    # Adding 0 takes the sign off a zero.
    amounts = [(money * weight / total).quantize(unit) + 0 for weight in weights]
    amounts[last] = money - sum(amounts[:last] + amounts[last + 1 :], ZERO)
    return amounts
