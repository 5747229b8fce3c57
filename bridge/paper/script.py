"""Fault rules: what a scripted broker does wrong, to which sends, and how often.

A rule matches order sends and spends itself: it fires at most `times` times. Every rule that matches a send
fires, so that faults combine (slow, half filled, answer lost). Rules see only what arrives: a send into a
lost connection passes them by.
"""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from bridge.paper.mt5 import Retcode, TradeAction, TradeRequest


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


class Fills(Struct, frozen=True, kw_only=True, tag="FILLS", forbid_unknown_fields=True):
    """Fill in these portions (lots), one deal each; what they leave open is cancelled. A FOK order that
    they do not fill is killed (10006)."""

    volumes: tuple[Decimal, ...]


class DropTransactions(
    Struct, frozen=True, kw_only=True, tag="DROP_TRANSACTIONS", forbid_unknown_fields=True
):
    """Tell no transaction of this send."""


class DelayHistory(Struct, frozen=True, kw_only=True, tag="DELAY_HISTORY", forbid_unknown_fields=True):
    """Keep this send's order and deals out of history for this many server milliseconds."""

    milliseconds: int


Effect = Reject | Requote | LoseAnswer | Latency | Fills | DropTransactions | DelayHistory


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
        case Fills(volumes=volumes) if not volumes or not all(v.is_finite() and v > 0 for v in volumes):
            return "effect.volumes: write one volume or more, each above 0"
    return None
