"""Fault rules: what a scripted broker does wrong, to which sends, and how often.

A rule matches order sends and spends itself: it fires at most `times` times. Every rule that matches a send
fires, so that faults combine (slow, half filled, answer lost). Rules see only what arrives: a send into a
lost connection passes them by.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from bridge.simulator.mt5.types import Retcode, TradeAction, TradeRequest


class SendKind(StrEnum):
    """What a request wants: its action, with a DEAL told apart by whether it names a position."""

    OPEN = "OPEN"
    CLOSE = "CLOSE"
    SLTP = "SLTP"
    PENDING = "PENDING"
    MODIFY = "MODIFY"
    REMOVE = "REMOVE"
    CLOSE_BY = "CLOSE_BY"

    @classmethod
    def of(cls, request: TradeRequest) -> "SendKind":
        if request.action is TradeAction.DEAL:
            return cls.CLOSE if request.position else cls.OPEN
        return cls[request.action.name]


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which sends a rule is for. An absent criterion matches all. `nth` counts the sends that meet the
    others, from 1, since the rule was added."""

    nth: int | None = None
    magic: int | None = None
    symbol: str | None = None
    kind: SendKind | None = None


class Reject(Struct, frozen=True, kw_only=True, tag="REJECT", forbid_unknown_fields=True):
    """Refuse with this retcode; nothing is executed."""

    retcode: int = Retcode.REJECT


class Requote(Struct, frozen=True, kw_only=True, tag="REQUOTE", forbid_unknown_fields=True):
    """Refuse with 10004 and the market's prices; nothing is executed."""


class LoseAnswer(Struct, frozen=True, kw_only=True, tag="LOSE_ANSWER", forbid_unknown_fields=True):
    """Execute, and lose the answer: the client reads `retcode` (10012 or 10031, no tickets), or with None
    never hears anything. No REQUEST transaction."""

    retcode: int | None = Retcode.TIMEOUT


class Latency(Struct, frozen=True, kw_only=True, tag="LATENCY", forbid_unknown_fields=True):
    """Execute at once, answer after this many milliseconds."""

    milliseconds: int


class Pace(StrEnum):
    """When an order's portions are filled: all once its price is met, or one with that quote and with each
    after it, or whenever a test says so (BrokerControl.fill) and never by themselves."""

    AT_ONCE = "AT_ONCE"
    PER_QUOTE = "PER_QUOTE"
    MANUALLY = "MANUALLY"


class Fills(Struct, frozen=True, kw_only=True, tag="FILLS", forbid_unknown_fields=True):
    """Fill in these portions (lots), one deal each, at these prices (0, or none: the market's). A pending
    order keeps the plan until its price is met. What the portions leave open is cancelled, or, of an order
    with filling RETURN, stays; a FOK order that they do not fill is killed (10006 for a market order). A
    market order that is not filled at once is answered 10008."""

    volumes: tuple[Decimal, ...] = ()
    prices: tuple[Decimal, ...] = ()
    pace: Pace = Pace.AT_ONCE


class RefuseTrigger(Struct, frozen=True, kw_only=True, tag="REFUSE_TRIGGER", forbid_unknown_fields=True):
    """Take this pending order, and turn it down when its price is met, as for want of money."""


class MoveMarket(Struct, frozen=True, kw_only=True, tag="MOVE_MARKET", forbid_unknown_fields=True):
    """Quote these prices in the request's symbol while the request is on its way: what they trigger has happened
    when it arrives."""

    bid: Decimal
    ask: Decimal


class DropTransactions(
    Struct, frozen=True, kw_only=True, tag="DROP_TRANSACTIONS", forbid_unknown_fields=True
):
    """Tell no transaction of this send."""


class DelayHistory(Struct, frozen=True, kw_only=True, tag="DELAY_HISTORY", forbid_unknown_fields=True):
    """Keep this send's order and deals out of history for this many server milliseconds."""

    milliseconds: int


Effect = (
    Reject
    | Requote
    | LoseAnswer
    | Latency
    | Fills
    | RefuseTrigger
    | MoveMarket
    | DropTransactions
    | DelayHistory
)


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault: what it is for, what it does, how often at most."""

    effect: Effect
    match: Match = Match()
    times: int = 1


def rule_fault(rule: Rule) -> str | None:
    """What is wrong with a rule beyond its types, as key and remedy; None where it can work."""
    if rule.times < 1:
        return "times: write how often it fires, 1 or more"
    if rule.match.nth is not None and rule.match.nth < 1:
        return "match.nth: write which send it is for, from 1"
    match rule.effect:
        case Latency(milliseconds=milliseconds) | DelayHistory(milliseconds=milliseconds) if milliseconds < 0:
            return "effect.milliseconds: write 0 or more"
        case MoveMarket(bid=bid, ask=ask) if not (bid.is_finite() and ask.is_finite() and 0 < bid <= ask):
            return "effect.bid: write a price above 0 that is not above the ask"
        case Fills() as fills:
            fault = fills_fault(fills)
            return f"effect.{fault}" if fault else None
    return None


def fills_fault(fills: Fills) -> str | None:
    """What is wrong with a plan of portions, as key and remedy; None where it can work."""
    none = not fills.volumes and fills.pace is not Pace.MANUALLY
    if none or not all(volume.is_finite() and volume > 0 for volume in fills.volumes):
        return "volumes: write one volume or more, each above 0"
    if fills.prices and len(fills.prices) != len(fills.volumes):
        return "prices: write one for each volume, or none"
    if not all(price.is_finite() and price >= 0 for price in fills.prices):
        return "prices: write 0 or more"
    return None
