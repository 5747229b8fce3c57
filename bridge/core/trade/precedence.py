"""Precedence: what goes before what, and what waits for what.

A directive that closes, changes or cancels goes before those that open. It waits only for what it is about.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

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


def sendable_first(
    items: Iterable[Item], settings: OfficerSettings, now: datetime
) -> tuple[list[Item], list[Item]]:
    """Return a poll's items in two parts, each in its order: those that may be sent, and those that never can be.

    Items with the same id stay together: the first of them stands.
    """
    parts: tuple[list[Item], list[Item]] = ([], [])
    known: dict[str | None, bool] = {}
    for item in items:
        sendable = known.get(item.directive_id)
        if sendable is None:
            sendable = known[item.directive_id] = _is_sendable(item, settings, now)
        parts[not sendable].append(item)
    return parts


def _is_sendable(item: Item, settings: OfficerSettings, now: datetime) -> bool:
    try:
        return item.directive is not None and validation.check(item.directive, settings, now, now) is None
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
