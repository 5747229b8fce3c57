"""A journal in memory: what folding asks of its caller, and no more."""

from collections.abc import Iterable

from bridge.core.facts import (
    AnyFact,
    CommandFact,
    DealFact,
    OrderFact,
    PositionFact,
    content_hash,
    fact_key,
)
from bridge.core.folding import Scene, fold_command, fold_deal, fold_order, fold_position
from bridge.core.records import CommandRecord, Disposition, Draft, Outcome, PositionRecord
from bridge.core.reporting import event_key

from .samples import SCENE


class Book:
    """Commands, positions, deals and events. The same fact again is left out; parked deals are tried again."""

    def __init__(self, *commands: CommandRecord, scene: Scene = SCENE) -> None:
        self.commands = {command.token: command for command in commands}
        self.positions: dict[int, PositionRecord] = {}
        self.parked: list[DealFact] = []
        self.quarantined: list[str] = []
        self.held: list[str] = []
        self.events: list[Draft] = []
        """Each event once, by its key, in the order of their making."""
        self._scene = scene
        self._facts: dict[str, str] = {}
        self._deals: list[tuple[int | None, DealFact]] = []
        """(token of the command that it filled, deal)"""
        self._keys: set[str] = set()

    def take(self, facts: Iterable[AnyFact]) -> "Book":
        for fact in facts:
            key, digest = fact_key(fact), content_hash(fact)
            if self._facts.get(key) == digest:
                continue
            self._facts[key] = digest
            self._apply(fact)
        return self

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
                outcome = fold_order(fact, self.commands.get(fact.magic), self._scene)
            case PositionFact():
                outcome = fold_position(fact, self.positions.get(fact.identifier))
            case DealFact():
                outcome = self._deal(fact)
            case _:
                raise AssertionError(f"not in these stories: {fact}")
        self._keep(outcome)
        if isinstance(fact, DealFact) and outcome.disposition is Disposition.APPLIED:
            waiting, self.parked = self.parked, []
            for deal in waiting:
                self._apply(deal)

    def _deal(self, fact: DealFact) -> Outcome:
        command = self.commands.get(fact.magic)
        outcome = fold_deal(
            fact,
            command=command,
            position=self.positions.get(fact.position_id),
            command_deals=[deal for token, deal in self._deals if command and token == command.token],
            position_deals=[deal for _, deal in self._deals if deal.position_id == fact.position_id],
            scene=self._scene,
        )
        if outcome.disposition is Disposition.APPLIED:
            self._deals.append((outcome.command.token if outcome.command else None, fact))
        elif outcome.disposition is Disposition.PARKED:
            self.parked.append(fact)
        return outcome

    def _keep(self, outcome: Outcome) -> None:
        if outcome.command is not None:
            self.commands[outcome.command.token] = outcome.command
        if outcome.position is not None:
            self.positions[outcome.position.identifier] = outcome.position
        if outcome.disposition is Disposition.QUARANTINED:
            self.quarantined.append(outcome.note)
        if outcome.hold:
            self.held.append(outcome.hold)
        for draft in outcome.events:
            key = event_key(officer=self._scene.officer, server="Broker-Demo", login=12345, draft=draft)
            if key not in self._keys:
                self._keys.add(key)
                self.events.append(draft)
