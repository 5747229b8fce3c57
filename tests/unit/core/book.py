"""A journal in memory: what folding asks of its caller, and no more."""

from collections.abc import Iterable
from decimal import Decimal

from bridge.core.link.reports import (
    AnyFact,
    CommandFact,
    ConnectionFact,
    DealFact,
    OrderFact,
    PositionFact,
    TroubleFact,
    content_hash,
    fact_key,
)
from bridge.core.trade.apply_deals import PositionBook, fold_deal, revise_deal
from bridge.core.trade.apply_reports import (
    Scene,
    fold_command,
    fold_connection,
    fold_order,
    fold_position,
    fold_trouble,
)
from bridge.core.trade.events import event_key
from bridge.core.trade.records import CommandRecord, Disposition, Draft, Outcome, PositionRecord, Share
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry
from tests.unit.core.samples import SCENE


class Book:
    """Commands, positions, deals and events. The same fact again is left out; parked deals are tried again."""

    def __init__(self, *commands: CommandRecord, scene: Scene = SCENE, netting: bool = False) -> None:
        self.commands = {command.token: command for command in commands}
        self.parts: dict[tuple[int, int], PositionRecord] = {}
        """By identifier and token of the opener, in the order in which they began."""
        self.parked: list[DealFact] = []
        self.quarantined: list[str] = []
        self.held: list[str] = []
        self.halted: list[str] = []
        self.events: list[Draft] = []
        """Each event once, by its key, in the order of their making."""
        self._scene = scene
        self._netting = netting
        self._facts: dict[str, str] = {}
        self._orders: dict[int, OrderFact] = {}
        self._deals: dict[int, DealFact] = {}
        """Those that count, by ticket."""
        self._fills: dict[int, int] = {}
        """By deal: the command that it filled."""
        self._shares: dict[int, tuple[Share, ...]] = {}
        """By deal."""
        self._position: dict[int, int] = {}
        """By deal: the position that its shares are of."""
        self._keys: set[str] = set()

    def take(self, facts: Iterable[AnyFact]) -> "Book":
        for fact in facts:
            key, digest = fact_key(fact), content_hash(fact)
            if self._facts.get(key) == digest:
                continue
            self._facts[key] = digest
            self._apply(fact)
        return self

    def complete(self) -> "Book":
        """Every earlier deal is known by now: what still waits is what was put on before our time."""
        waiting, self.parked = self.parked, []
        for deal in waiting:
            self._keep(self._deal(deal, complete=True))
        return self

    @property
    def positions(self) -> dict[int, PositionRecord]:
        """By identifier, where each is one command's own."""
        assert not self._netting
        return {identifier: part for (identifier, _), part in self.parts.items()}

    def foreign(self, identifier: int) -> Decimal:
        """What is open in the position and not ours."""
        shares = self._shares_of(identifier).get(0, [])
        signed = [share.volume if share.entry is DealEntry.IN else -share.volume for share in shares]
        return sum(signed, ZERO)

    @property
    def told(self) -> list[tuple[str | None, str]]:
        """(directive, event type) of each event, in order."""
        return [(draft.event.directive_id, draft.event.event_type) for draft in self.events]

    @property
    def keys(self) -> set[tuple[str | None, str, str]]:
        return {(draft.event.directive_id, draft.event.event_type, draft.subject) for draft in self.events}

    def _apply(self, fact: AnyFact) -> None:
        match fact:
            case CommandFact():
                outcome = fold_command(fact, self.commands.get(fact.token), self._scene)
            case OrderFact():
                before = self._orders.get(fact.ticket)
                outcome = fold_order(fact, self.commands.get(fact.magic), self._scene, before=before)
                self._orders[fact.ticket] = fact
            case PositionFact():
                parts = [
                    part for (identifier, _), part in self.parts.items() if identifier == fact.identifier
                ]
                outcome = fold_position(fact, parts, self._scene, explained=False)
            case DealFact():
                outcome = self._deal(fact)
            case ConnectionFact():
                outcome = fold_connection(fact, self._scene)
            case TroubleFact():
                outcome = fold_trouble(fact, self._scene)
            case _:
                raise AssertionError(f"not in these stories: {fact}")
        self._keep(outcome)
        if isinstance(fact, DealFact) and outcome.disposition is Disposition.APPLIED:
            waiting, self.parked = self.parked, []
            for deal in sorted(waiting, key=lambda each: each.ticket):
                self._apply(deal)

    def _deal(self, fact: DealFact, *, complete: bool = False) -> Outcome:
        counted = self._deals.get(fact.ticket)
        if counted is not None:
            filled = self._fills.get(fact.ticket)
            outcome = revise_deal(
                fact,
                counted,
                shares=self._shares.get(fact.ticket, ()),
                book=self._book(counted.position_id, without=fact.ticket),
                maker=self.commands[filled] if filled else None,
                scene=self._scene,
            )
            self._deals[fact.ticket], self._shares[fact.ticket] = fact, outcome.shares
            return outcome
        command = self.commands.get(fact.magic)
        outcome = fold_deal(
            fact,
            command=command,
            command_deals=[
                self._deals[ticket]
                for ticket, token in self._fills.items()
                if command and token == command.token
            ],
            book=self._book(fact.position_id, without=fact.ticket, complete=complete),
            scene=self._scene,
        )
        if outcome.disposition is Disposition.APPLIED:
            self._deals[fact.ticket] = fact
        elif outcome.disposition is Disposition.PARKED:
            self.parked.append(fact)
        if outcome.command is not None:
            self._fills[fact.ticket] = outcome.command.token
        self._position[fact.ticket] = fact.position_id
        if outcome.shares:
            self._shares[fact.ticket] = outcome.shares
        return outcome

    def _book(self, identifier: int, *, without: int, complete: bool = False) -> PositionBook:
        shares = self._shares_of(identifier, without)
        return PositionBook(
            parts=[part for (position, _), part in self.parts.items() if position == identifier],
            began={
                share.token: deal
                for deal in sorted(self._shares, reverse=True)
                if deal != without and self._position[deal] == identifier
                for share in self._shares[deal]
            },
            foreign=shares.pop(0, []),
            shares=shares,
            netting=self._netting,
            complete=complete,
        )

    def _shares_of(self, identifier: int, without: int = 0) -> dict[int, list[Share]]:
        found: dict[int, list[Share]] = {}
        for deal, shares in sorted(self._shares.items()):
            if deal != without and self._position[deal] == identifier:
                for share in shares:
                    found.setdefault(share.token, []).append(share)
        return found

    def _keep(self, outcome: Outcome) -> None:
        assert bool(outcome.note) is (outcome.disposition is Disposition.QUARANTINED)
        if outcome.command is not None:
            self.commands[outcome.command.token] = outcome.command
        for part in outcome.positions:
            self.parts[part.identifier, part.token] = part
        if outcome.disposition is Disposition.QUARANTINED:
            self.quarantined.append(outcome.note)
        if outcome.hold:
            self.held.append(outcome.hold)
        if outcome.halt:
            self.halted.append(outcome.halt)
        for draft in outcome.events:
            key = event_key(officer=self._scene.officer, server="Broker-Demo", login=12345, draft=draft)
            if key not in self._keys:
                self._keys.add(key)
                self.events.append(draft)
