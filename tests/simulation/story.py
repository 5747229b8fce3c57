"""Stories: what happens in one run and when, as data that is drawn from a seed, so that parts can be left out."""

from decimal import Decimal
from random import Random
from typing import Any, Final

import msgspec

SYMBOLS: Final = {"EURUSD": ("1.09500", 5), "GBPUSD": ("1.27100", 5), "USDJPY": ("149.500", 3)}
"""By symbol, a price and its digits."""

DIRECTOR_FAULTS: Final = (
    "old list",
    "reordered list",
    "repeated items",
    "short list",
    "torn body",
    "taken, and answered with an error",
    "unreachable",
    "error",
    "answer lost",
    "slow",
)
SIDECAR_POINTS: Final = (
    "poll.answered",
    "journal.intake.before_commit",
    "journal.intake.committed",
    "journal.dispatch.before_commit",
    "journal.dispatch.committed",
    "dispatch.committed",
    "dispatch.sent",
    "reports.received",
    "journal.reports.before_commit",
    "journal.reports.committed",
    "reports.acknowledged",
    "post.answered",
    "journal.delivered.before_commit",
    "journal.delivered.committed",
    "delivered.committed",
    "journal.session.before_commit",
    "journal.session.committed",
    "journal.status_request.committed",
)
TERMINAL_POINTS: Final = (
    "terminal.intent_written",
    "terminal.order_sent",
    "terminal.result_written",
    "terminal.before_FileWriteArray",
    "terminal.before_FileFlush",
    "terminal.after_FileFlush",
    "terminal.before_SocketSend",
)
"""The last four are calls of the Expert Advisor alone."""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens: a directive that the Director issues, or a fault."""

    at_s: float
    kind: str
    for_s: float = 0.0
    """Duration of a fault that lasts."""
    what: dict[str, Any] = {}
    seat: int = 0
    """Number of the officer that it concerns, where it concerns one."""

    def __str__(self) -> str:
        lasting = f" for {self.for_s:.1f} s" if self.for_s else ""
        given = ", ".join(f"{name} {value}" for name, value in self.what.items() if value is not None)
        return f"{self.at_s:8.3f} s  [{self.seat + 1}] {self.kind}{lasting}{': ' if given else ''}{given}"


class SeatTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One officer with its account and its terminal."""

    netting: bool
    expert: bool
    """True: its terminal runs the Expert Advisor; False: it is the reference terminal."""

    def __str__(self) -> str:
        account = "a netting account" if self.netting else "a hedging account"
        return f"{account} in {'the Expert Advisor' if self.expert else 'the reference terminal'}"


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    seed: int
    seats: tuple[SeatTerms, ...]
    acts: tuple[Act, ...]
    faults_until_s: float
    """Time by which every fault has ended."""

    @property
    def directives(self) -> int:
        """Number of directives that are issued."""
        return sum(act.kind == "directive" for act in self.acts)

    def spell(self) -> str:
        """Return the story for people."""
        seats = [f"  [{number}] {terms}" for number, terms in enumerate(self.seats, start=1)]
        return "\n".join([f"seed {self.seed}", *seats, *map(str, self.acts)])


def draw(seed: int, *, expert: bool | None = None) -> Story:
    """Return the story of a seed. `expert`: all terminals run the EA, or none does; None: by the seed."""
    random = Random(f"story {seed}")  # noqa: S311 - chosen to be repeated
    length = random.uniform(40, 120)
    seats = tuple(
        SeatTerms(netting=random.random() < 0.5, expert=random.random() < 0.3)
        for _ in range(random.choice([1, 1, 1, 2, 3]))
    )
    acts: list[Act] = []
    bursts = Random(f"bursts {seed}")  # noqa: S311 - chosen to be repeated
    moments = [bursts.uniform(1, length * 0.9) for _ in range(4)] if bursts.random() < 0.35 else []
    for seat in range(len(seats)):
        opened: list[tuple[str, str]] = []
        # In the order of time: a close has a target that was ordered before it. Officers share the ids.
        count = random.randrange(10, 30) // len(seats)
        times = sorted(round(random.uniform(1, length * 0.9), 3) for _ in range(count))
        if moments:
            # Many at once: commands wait for one another in the terminal, and some for too long.
            times = sorted(round(bursts.choice(moments) + bursts.uniform(0, 0.5), 3) for _ in times)
        for number, at in enumerate(times):
            life_s = bursts.choice([3, 5, 10, 300]) if moments else None
            acts.append(_directive(random, f"d{number:02}", at, opened, seat, life_s))
    faults = random.choices([0, 4, 8, 16, 32], [1, 2, 3, 3, 2])[0]
    kinds = random.sample(FAULTS, random.randrange(1, len(FAULTS)))
    for _ in range(faults):
        at = round(random.uniform(0.5, length), 3)
        acts.append(_fault(random, random.choice(kinds), at, random.randrange(len(seats))))
    acts.sort(key=lambda act: act.at_s)
    end = max([length, *(act.at_s + act.for_s for act in acts)])
    if expert is not None:
        seats = tuple(SeatTerms(netting=terms.netting, expert=expert) for terms in seats)
    return Story(seed=seed, seats=seats, acts=tuple(acts), faults_until_s=round(end, 3))


def _directive(
    random: Random, name: str, at: float, opened: list[tuple[str, str]], seat: int, life_s: int | None
) -> Act:
    symbol = random.choice(list(SYMBOLS))
    base, digits = SYMBOLS[symbol]
    pip = Decimal(10) ** (1 - digits)
    price = Decimal(base)
    kind = random.choices(["market", "pending", "close", "modify", "cancel"], [10, 4, 6, 2, 2])[0]
    fields: dict[str, Any] = {"directive_id": name, "symbol": symbol, "order_type": "MARKET"}
    if kind in ("market", "pending") or not opened:
        long = random.random() < 0.5
        fields["action"] = "OPEN_LONG" if long else "OPEN_SHORT"
        fields["quantity"] = str(Decimal(random.randrange(1, 30)) / 100)
        if kind == "pending":
            fields["order_type"] = random.choice(["LIMIT", "STOP"])
            below = long == (fields["order_type"] == "LIMIT")
            price += pip * random.randrange(2, 30) * (-1 if below else 1)
            fields["price"] = str(price)
        side = 1 if long else -1
        if random.random() < 0.5:
            fields["stop_loss"] = str(price - side * pip * random.randrange(8, 60))
        if random.random() < 0.5:
            fields["take_profit"] = str(price + side * pip * random.randrange(8, 60))
        if random.random() < 0.1:
            fields["quantity"] = random.choice(["0.005", "-1", "500"])
        opened.append((name, symbol))
    else:
        target, symbol = random.choice(opened)
        fields["symbol"] = symbol
        base, digits = SYMBOLS[symbol]
        pip = Decimal(10) ** (1 - digits)
        if random.random() < 0.7:
            fields["target_directive_id"] = target
        match kind:
            case "close":
                fields["action"] = random.choice(["CLOSE", "CLOSE", "CLOSE", "CLOSE_LONG", "CLOSE_SHORT"])
                if random.random() < 0.4:
                    fields["quantity"] = str(Decimal(random.randrange(1, 15)) / 100)
            case "modify":
                fields["action"] = random.choice(["MODIFY", "MODIFY_SL", "MODIFY_TP"])
                level = "take_profit" if fields["action"] == "MODIFY_TP" else "stop_loss"
                fields[level] = str(Decimal(base) + pip * random.randrange(-80, 80))
            case _:
                fields["action"] = "CANCEL"
    life = random.choice([300, 300, 300, 60, 20, 5])
    return Act(at_s=at, kind="directive", what={**fields, "life_s": life_s or life}, seat=seat)


FAULTS: Final = (
    "Director",
    "kill sidecar",
    "kill sidecar at",
    "kill terminal",
    "kill terminal at",
    "stop sidecar",
    "stop terminal",
    "break link",
    "half-open link",
    "slow link",
    "disconnect broker",
    "broker does not answer",
    "slow timer",
    "slow disk",
    "unwritable journal",
    "rule",
    "manual trade",
    "price jump",
    "late cost",
    "stop-out",
    "clock jump",
    "annulled deal",
    "close-by",
    "closed market",
    "trading forbidden",
    "reopened position",
    "deposit",
    "copied terminal",
    "full disk",
    "Director clock jump",
    "weekend",
    "late deal",
    "summer time",
    "power failure",
    "restored journal",
    "restored ledger",
    "restored machine",
)
RULES: Final = (
    "REJECT",
    "REQUOTE",
    "LOSE_ANSWER",
    "LOSE_ANSWER",
    "LOSE_ANSWER",
    "LATENCY",
    "FILLS",
    "REFUSE_TRIGGER",
    "DROP_STOPS",
    "DROP_TRANSACTIONS",
    "DELAY_HISTORY",
)
"""Effects of fault rules. A lost answer comes more often: after it a command must not be repeated."""


def _fault(random: Random, kind: str, at: float, seat: int) -> Act:
    lasting = round(
        random.choice([random.uniform(0.05, 2), random.uniform(2, 10), random.uniform(10, 45)]), 3
    )
    what: dict[str, Any] = {}
    match kind:
        case "Director":
            what = {"fault": random.choice(DIRECTOR_FAULTS)}
        case "kill sidecar at":
            what = {"point": random.choice(SIDECAR_POINTS), "after": random.choice([1, 1, 1, 2, 3])}
        case "kill terminal at":
            what = {"point": random.choice(TERMINAL_POINTS), "after": random.choice([1, 1, 2])}
        case "break link":
            lasting, what = 0.0, {"lose": random.random() < 0.5}
        case "rule":
            lasting, what = 0.0, _rule(random)
        case "manual trade":
            what = {
                "symbol": random.choice(list(SYMBOLS)),
                "buy": random.random() < 0.5,
                "volume": str(Decimal(random.randrange(1, 20)) / 100),
                "action": random.choice(
                    ["open", "open", "close", "close ours", "cancel ours", "modify ours"]
                ),
            }
            lasting = 0.0
        case "price jump":
            what, lasting = {"symbol": random.choice(list(SYMBOLS)), "pips": random.randrange(-60, 60)}, 0.0
        case "late cost":
            what, lasting = {"commission": str(-Decimal(random.randrange(0, 500)) / 100)}, 0.0
        case "stop-out" | "annulled deal" | "close-by" | "reopened position" | "deposit":
            lasting = 0.0
        case "clock jump" | "Director clock jump":
            what = {"seconds": random.choice([-1, 1]) * random.choice([10, 45, 600, 3_600, 86_400])}
        case "restored journal" | "restored ledger" | "restored machine":
            what = {"fresh": random.random() < 0.3}
        case "weekend":
            what = {"gap_pips": random.randrange(-120, 120)}
        case "summer time":
            what, lasting = {"hours": random.choice([-1, 1])}, 0.0
        case "closed market":
            what = {"symbol": random.choice(list(SYMBOLS))}
    return Act(at_s=at, kind=kind, for_s=lasting, what=what, seat=seat)


def _rule(random: Random) -> dict[str, Any]:
    effect = random.choice(RULES)
    given: dict[str, Any] = {"effect": effect, "times": random.randrange(1, 4)}
    match effect:
        case "REJECT":
            given["retcode"] = random.choice([10006, 10007, 10013, 10018, 10019, 10024, 10011])
        case "LOSE_ANSWER":
            given["retcode"] = random.choice([10012, 10031, None, None])
        case "LATENCY":
            given["milliseconds"] = random.choice([500, 3_000, 8_000, 20_000])
        case "FILLS":
            given["volumes"] = [
                str(Decimal(random.randrange(1, 8)) / 100) for _ in range(random.randrange(1, 4))
            ]
            given["pace"] = random.choice(["AT_ONCE", "AT_ONCE", "PER_QUOTE"])
        case "DELAY_HISTORY":
            given["milliseconds"] = random.choice([500, 3_000, 12_000])
    return given
