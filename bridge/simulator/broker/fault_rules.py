"""Fault rules: faults that a test injects into the trade server, the sends that they apply to, and how often.

A rule applies to order sends that arrive at the server, at most `times` times. Every rule that matches a send
fires, so that faults combine (slow, partially filled, answer lost). A send into a lost connection does not arrive
and is not counted. `docs/simulated-broker.md` describes each fault with an example.
"""

from collections.abc import Container
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from msgspec import Struct

from bridge.core.units.decimals import AmountError, check_amount
from bridge.simulator.mt5.types import Retcode, TradeAction, TradeRequest


class SendKind(StrEnum):
    """Purpose of a request: its action, with DEAL divided by whether the request names a position."""

    OPEN = "OPEN"
    CLOSE = "CLOSE"
    SLTP = "SLTP"
    PENDING = "PENDING"
    MODIFY = "MODIFY"
    REMOVE = "REMOVE"
    CLOSE_BY = "CLOSE_BY"

    @classmethod
    def of(cls, request: TradeRequest) -> "SendKind | None":
        """Return the kind of a request; None where the server does not know the action and will refuse it."""
        if request.action is TradeAction.DEAL:
            return cls.CLOSE if request.position else cls.OPEN
        return _KINDS.get(request.action)


_KINDS = {
    TradeAction.SLTP: SendKind.SLTP,
    TradeAction.PENDING: SendKind.PENDING,
    TradeAction.MODIFY: SendKind.MODIFY,
    TradeAction.REMOVE: SendKind.REMOVE,
    TradeAction.CLOSE_BY: SendKind.CLOSE_BY,
}


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Criteria of the sends that a rule applies to; an absent one matches all sends."""

    nth: int | None = None
    """Number of the send among those that meet the other criteria since the rule was added, from 1."""
    magic: int | None = None
    """Magic of the request."""
    symbol: str | None = None
    """Symbol of the order or position that the request names (MODIFY, REMOVE, SLTP, CLOSE_BY), else its own."""
    kind: SendKind | None = None
    """OPEN, CLOSE, SLTP, PENDING, MODIFY, REMOVE or CLOSE_BY."""


class Reject(Struct, frozen=True, kw_only=True, tag="REJECT", forbid_unknown_fields=True):
    """Refuse; nothing is executed."""

    retcode: int = Retcode.REJECT
    """Return code of the refusal; any number."""


class Requote(Struct, frozen=True, kw_only=True, tag="REQUOTE", forbid_unknown_fields=True):
    """Refuse with REQUOTE (10004) and the market's prices; nothing is executed."""


class LoseAnswer(Struct, frozen=True, kw_only=True, tag="LOSE_ANSWER", forbid_unknown_fields=True):
    """Execute, and lose the answer. No REQUEST transaction is sent."""

    retcode: int | None = Retcode.TIMEOUT
    """Return code that the client gets, without tickets: 10012 (TIMEOUT) or 10031 (CONNECTION); null for no
    answer at all."""


class Latency(Struct, frozen=True, kw_only=True, tag="LATENCY", forbid_unknown_fields=True):
    """Execute at once, and delay the answer."""

    milliseconds: int
    """Delay of the answer."""


class Pace(StrEnum):
    """Times at which an order's portions are filled."""

    AT_ONCE = "AT_ONCE"
    """All portions, once the order's price is met."""
    PER_QUOTE = "PER_QUOTE"
    """The first portion once the price is met, one more with each quote after it."""
    MANUALLY = "MANUALLY"
    """Only when a test fills them (BrokerControl.fill)."""


class Fills(Struct, frozen=True, kw_only=True, tag="FILLS", forbid_unknown_fields=True):
    """Fill the order in portions, one deal each. A pending order keeps the plan until its price is met. The rest
    of the volume is cancelled, or stays live on an order with filling RETURN; a FOK order that the portions do
    not fill is not executed (a market order is answered REJECT). A market order that is not filled at once is
    answered PLACED."""

    volumes: tuple[Decimal, ...] = ()
    """Volumes of the portions, in lots; may be empty with pace MANUALLY only."""
    prices: tuple[Decimal, ...] = ()
    """Price of each portion; 0, or no prices at all, for the market's."""
    pace: Pace = Pace.AT_ONCE
    """AT_ONCE: all portions once the price is met. PER_QUOTE: one then, and one with each further quote.
    MANUALLY: only by the control `fill`."""


class RefuseTrigger(Struct, frozen=True, kw_only=True, tag="REFUSE_TRIGGER", forbid_unknown_fields=True):
    """Accept this pending order, and reject it when its price is met, as where there is no money."""


class MoveMarket(Struct, frozen=True, kw_only=True, tag="MOVE_MARKET", forbid_unknown_fields=True):
    """Quote other prices just before the request arrives: the orders and stops that they reach have been executed
    by then. The symbol is found as for `match.symbol`; without a known symbol nothing is quoted. A
    bid of 0 or below needs a `match.symbol` with negative_quotes."""

    bid: Decimal
    """Bid; above 0, unless the symbol has negative_quotes."""
    ask: Decimal
    """Ask; not below the bid."""


class DropStops(Struct, frozen=True, kw_only=True, tag="DROP_STOPS", forbid_unknown_fields=True):
    """Execute, and lose levels on the way: the order has them, and the position that it opens has not."""

    sl: bool = True
    """Lose the stop loss."""
    tp: bool = True
    """Lose the take profit."""


class DropTransactions(
    Struct, frozen=True, kw_only=True, tag="DROP_TRANSACTIONS", forbid_unknown_fields=True
):
    """Send no transaction of this request."""


class DelayHistory(Struct, frozen=True, kw_only=True, tag="DELAY_HISTORY", forbid_unknown_fields=True):
    """Keep this send's order and deals out of history for a time."""

    milliseconds: int
    """Delay, in milliseconds of server time."""


Effect = (
    Reject
    | Requote
    | LoseAnswer
    | Latency
    | Fills
    | RefuseTrigger
    | MoveMarket
    | DropStops
    | DropTransactions
    | DelayHistory
)


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault, and the sends that it applies to."""

    effect: Effect
    """The fault."""
    match: Match = Match()
    """The sends that it applies to; all by default."""
    times: int = 1
    """Number of times that it fires at most, from 1."""


def rule_fault(rule: Rule, negative: Container[str] = ()) -> str | None:
    """Return the first field of a rule that cannot work, as 'field value rule; remedy'; None for a good rule.
    `negative` holds the symbols whose quotes may be negative."""
    if rule.times < 1:
        return f"times {rule.times} is below 1; write how often the rule fires"
    if rule.match.nth is not None and rule.match.nth < 1:
        return f"match.nth {rule.match.nth} is below 1; write the number of the send, from 1"
    match rule.effect:
        case Latency(milliseconds=milliseconds) | DelayHistory(milliseconds=milliseconds):
            below = milliseconds < 0
            return f"effect.milliseconds {milliseconds} is below 0; write 0 or more" if below else None
        case MoveMarket(bid=bid, ask=ask):
            fault = quote_fault(bid, ask, negative=rule.match.symbol in negative)
        case Fills() as fills:
            fault = fills_fault(fills)
        case DropStops(sl=sl, tp=tp):
            return None if sl or tp else "effect.sl false with tp false loses nothing; write one as true"
        case Reject() | Requote() | LoseAnswer() | RefuseTrigger() | DropTransactions():
            return None
        case unknown:
            assert_never(unknown)
    return fault and f"effect.{fault}"


def fills_fault(fills: Fills) -> str | None:
    """Return the first field of a plan of portions that cannot work; None for a good plan."""
    if not fills.volumes and fills.pace is not Pace.MANUALLY:
        return f"volumes is empty with pace {fills.pace}; write one volume or more"
    for volume in fills.volumes:
        if _bad(volume) or not volume:
            return f"volumes {volume} is no volume above 0; write lots above 0"
    if fills.prices and len(fills.prices) != len(fills.volumes):
        count = f"{len(fills.prices)} for {len(fills.volumes)} volumes"
        return f"prices has {count}; write one price for each volume, or none"
    for price in fills.prices:
        if _bad(price):
            return f"prices {price} is no price; write 0 (the market's) or more"
    return None


def quote_fault(bid: Decimal, ask: Decimal, *, negative: bool = False) -> str | None:
    """Return what is wrong with a quote; None where 0 < bid <= ask, or bid <= ask where it may be negative."""
    if not _amount(bid) or not _amount(ask) or bid > ask:
        return f"bid {bid} with ask {ask}: both must be numbers, the bid not above the ask; correct them"
    if bid <= 0 and not negative:
        return (
            f"bid {bid} with ask {ask}: the bid must be above 0 and not above the ask; correct them, or set"
            " negative_quotes of the symbol"
        )
    return None


def _amount(value: Decimal) -> bool:
    """Return whether a value is an ordinary number."""
    try:
        check_amount(value)
    except AmountError:
        return False
    return True


def _bad(amount: Decimal) -> bool:
    return not _amount(amount) or amount < 0


class ActiveRule(Struct, kw_only=True):
    """A rule in force, the number of sends that met its criteria, and how often it fired."""

    rule: Rule
    seen: int = 0
    fired: int = 0

    def fires(self, request: TradeRequest, symbol: str) -> bool:
        """Count a send of this symbol, and return whether the rule applies to it."""
        match = self.rule.match
        if self.fired >= self.rule.times or not _matches(match, request, symbol):
            return False
        self.seen += 1
        if match.nth is not None and self.seen != match.nth:
            return False
        self.fired += 1
        return True


def _matches(match: Match, request: TradeRequest, symbol: str) -> bool:
    return (
        (match.magic is None or match.magic == request.magic)
        and (match.symbol is None or match.symbol == symbol)
        and (match.kind is None or match.kind is SendKind.of(request))
    )


class Faults(Struct, kw_only=True):
    """Faults of one send. Of two effects of a kind the later rule's counts; latencies add up."""

    retcode: int | None = None
    lost: LoseAnswer | None = None
    latency_ms: int = 0
    fills: Fills | None = None
    refuse_trigger: bool = False
    move_market: MoveMarket | None = None
    drop_stops: DropStops | None = None
    drop_transactions: bool = False
    history_delay_ms: int = 0


def faults_of(rules: list[ActiveRule], request: TradeRequest, symbol: str) -> Faults:
    """Count a send of this symbol in every rule, and return the faults of the rules that fire."""
    faults = Faults()
    for active in rules:
        if not active.fires(request, symbol):
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
                faults.refuse_trigger = True
            case MoveMarket() as moved:
                faults.move_market = moved
            case DropStops() as dropped:
                faults.drop_stops = dropped
            case DropTransactions():
                faults.drop_transactions = True
            case DelayHistory(milliseconds=milliseconds):
                faults.history_delay_ms = milliseconds
            case unknown:
                assert_never(unknown)
    return faults
