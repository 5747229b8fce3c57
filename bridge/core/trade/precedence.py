"""Precedence: what goes before what, and what waits for what.

A directive that closes, changes or cancels goes before those that open. It waits only for what it is about.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from bridge.core.director.actions import Intent, UnknownActionError, opening_side, rule_of
from bridge.core.director.contract import Directive, EventType
from bridge.core.director.poll import Item
from bridge.core.link.messages import CommandKind
from bridge.core.settings import OfficerSettings
from bridge.core.trade import validation
from bridge.core.units.mt5_terms import Side

ABOUT_NO_TRADE: Final = (EventType.DIRECTIVE_RECEIVED, EventType.ORDER_REJECTED)
"""Types of events that wait for those of other directives, which are about a live order or position."""


class InOrder(NamedTuple):
    """Items of a poll in the order in which they are stored: three parts, each in the Director's order."""

    overtaking: list[Item]
    """Closes, changes and cancels that wait for no other item: they go before the opens."""
    sendable: list[Item]
    """All others that may be sent."""
    hopeless: list[Item]
    """Those that can never be sent."""


def in_order(items: Iterable[Item], settings: OfficerSettings, now: datetime) -> InOrder:
    """Return a poll's items in the order in which they are stored. Items with the same id stay together: the first
    of them stands.

    One without a target never overtakes an open: only the terminal knows which names mean one symbol.
    """
    ordered = InOrder([], [], [])
    known: dict[str | None, list[Item]] = {}
    waiting = WaitingInSymbol()
    for item in items:
        part = known.get(item.directive_id)
        if part is None:
            part = known[item.directive_id] = _part(ordered, item, waiting, settings, now)
        part.append(item)
    return ordered


def _part(
    ordered: InOrder, item: Item, waiting: "WaitingInSymbol", settings: OfficerSettings, now: datetime
) -> list[Item]:
    """Return the part that the item belongs to. `waiting`: the items of `sendable`, of all symbols."""
    directive = item.directive
    if directive is None or not _is_sendable(directive, settings, now):
        return ordered.hopeless
    opens = rule_of(directive.action).intent is Intent.OPEN
    # As on a netting account, where more is waited for: without a target, for everything.
    if opens or waiting.hold_up(directive, netting=True, opens_stopped=False):
        waiting.add(directive)
        return ordered.sendable
    return ordered.overtaking


def _is_sendable(directive: Directive, settings: OfficerSettings, now: datetime) -> bool:
    try:
        return validation.check(directive, settings, now, now) is None
    except UnknownActionError:
        return False


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """Command of an earlier directive in the same symbol that may still change what there is, planned or not."""

    kind: CommandKind
    side: Side
    """Side of its order."""
    sent: bool
    """True where the terminal may have it."""
    of_target: bool
    """True where it is the later directive's target, or about what that target opened or ordered."""


def holds_up(later: Directive, earlier: Earlier, *, netting: bool, opens_stopped: bool) -> bool:
    """Return True where a CLOSE, MODIFY or CANCEL must wait for the earlier command in its symbol.

    It waits for what it is about: sent before that, it would miss what is opened next. On a netting account one
    position is shared, and an order on its way may change its volume and levels. `opens_stopped`: opens are paused
    or halted, so that one that was not sent stays where it is.
    """
    opens = earlier.kind is CommandKind.OPEN
    if opens and not earlier.sent and opens_stopped:
        return False
    if later.target_directive_id is not None:
        return earlier.of_target or (netting and (earlier.sent or not opens))
    return netting or not opens or rule_of(later.action).side in (None, earlier.side)


class WaitingInSymbol:
    """Directives of one symbol that wait for their turn, in the order in which they came."""

    def __init__(self) -> None:
        self._open_sides: set[Side] = set()
        self._openers: set[str] = set()
        self._targets: set[str | None] = set()
        self._closes = False

    @property
    def closes(self) -> bool:
        """True where a close is among them."""
        return self._closes

    def add(self, directive: Directive) -> None:
        """Add a directive that waits."""
        intent = rule_of(directive.action).intent
        if intent is Intent.OPEN:
            self._open_sides.add(opening_side(directive.action))
            self._openers.add(directive.directive_id)
            return
        self._targets.add(directive.target_directive_id)
        self._closes = self._closes or intent is Intent.CLOSE

    def hold_up(self, later: Directive, *, netting: bool, opens_stopped: bool) -> bool:
        """Return True where one of them holds up the later directive, as `holds_up`."""
        target = later.target_directive_id
        waiting = [
            Earlier(kind=CommandKind.OPEN, side=side, sent=False, of_target=target in self._openers)
            for side in self._open_sides
        ]
        if self._targets:
            of_target = None in self._targets or target in self._targets
            waiting.append(Earlier(kind=CommandKind.CLOSE, side=Side.SELL, sent=False, of_target=of_target))
        return any(
            holds_up(later, earlier, netting=netting, opens_stopped=opens_stopped) for earlier in waiting
        )
