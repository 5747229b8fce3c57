"""Faults at work: the rules in force, and what they do to one send."""

from msgspec import Struct

from bridge.simulator.broker.fault_rules import (
    DelayHistory,
    DropTransactions,
    Fills,
    Latency,
    LoseAnswer,
    Match,
    MoveMarket,
    RefuseTrigger,
    Reject,
    Requote,
    Rule,
    SendKind,
)
from bridge.simulator.mt5.types import Retcode, TradeRequest


class ActiveRule(Struct, kw_only=True):
    """A rule with its counts: sends that met its criteria, and how often it fired."""

    rule: Rule
    seen: int = 0
    fired: int = 0

    def fires(self, request: TradeRequest) -> bool:
        """Count this send, and say whether the rule is for it."""
        match = self.rule.match
        if self.fired >= self.rule.times or not _meets(match, request):
            return False
        self.seen += 1
        if match.nth is not None and self.seen != match.nth:
            return False
        self.fired += 1
        return True


def _meets(match: Match, request: TradeRequest) -> bool:
    return (
        (match.magic is None or match.magic == request.magic)
        and (match.symbol is None or match.symbol == request.symbol)
        and (match.kind is None or match.kind is SendKind.of(request))
    )


class Faults(Struct, kw_only=True):
    """What happens to one send. Of two effects of a kind, the later rule's counts; latencies add up."""

    retcode: int | None = None
    lost: LoseAnswer | None = None
    latency_ms: int = 0
    fills: Fills | None = None
    trigger_refused: bool = False
    moved: MoveMarket | None = None
    untold: bool = False
    history_delay_ms: int = 0


def faults_of(rules: list[ActiveRule], request: TradeRequest) -> Faults:
    """Let every rule see the send; gather what those that fire do."""
    faults = Faults()
    for active in rules:
        if not active.fires(request):
            continue
        match active.rule.effect:
            case Reject(retcode=retcode):
                faults.retcode = retcode
            case Requote():
                faults.retcode = Retcode.REQUOTE
            case LoseAnswer() as lost:
                faults.lost = lost
            case Latency(milliseconds=milliseconds):
                faults.latency_ms += milliseconds
            case Fills() as fills:
                faults.fills = fills
            case RefuseTrigger():
                faults.trigger_refused = True
            case MoveMarket() as moved:
                faults.moved = moved
            case DropTransactions():
                faults.untold = True
            case DelayHistory(milliseconds=milliseconds):
                faults.history_delay_ms = milliseconds
    return faults
