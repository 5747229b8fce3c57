"""The story at work: issue at each cue, move the market at each cue, and compare what the Director hears."""

from collections.abc import Callable, Sequence
from typing import Final

from bridge.core.director.contract import EventType
from bridge.simulator.broker.api import BrokerControl
from demo_parts.director import DirectorClient, Emitted
from demo_parts.patience import Patience
from demo_parts.stage import OFFICER, Stage
from demo_parts.story import Act, Cue, Move


class Play:
    """One performance of a story."""

    def __init__(self, acts: Sequence[Act], moves: Sequence[Move]) -> None:
        self.acts: Final = tuple(acts)
        self.emitted: Final[list[Emitted]] = []
        self.issued: Final[set[str]] = set()
        self._moves: Final = tuple(moves)

    def run(
        self,
        stage: Stage,
        director: DirectorClient,
        broker: BrokerControl,
        patience: Patience,
        on_change: Callable[[], None],
    ) -> None:
        """Play until everything expected was heard, or something else was.

        Raises ProcessDiedError, DirectorError, the broker's errors, and what patience raises.
        """
        self._give(None, director, broker)
        on_change()
        while not self.complete and not self.surprised:
            stage.check()
            for emitted in director.emitted(len(self.emitted), patience.moment()):
                self.emitted.append(emitted)
                if emitted.event.directive_id is not None:
                    cue = Cue(emitted.event.directive_id, emitted.event.event_type)
                    self._give(cue, director, broker)
            on_change()

    def hear_the_rest(self, director: DirectorClient) -> None:
        """Take in what came since. After the sidecar's end nothing more can come, so this is all."""
        self.emitted.extend(director.emitted(len(self.emitted), 0))

    def heard(self, directive_id: str | None) -> tuple[EventType, ...]:
        """What the Director was told of a directive, in order."""
        return tuple(
            each.event.event_type for each in self.emitted if each.event.directive_id == directive_id
        )

    @property
    def complete(self) -> bool:
        """Whether exactly what was expected came."""
        return not self.faults()

    @property
    def surprised(self) -> bool:
        """Whether something came that no waiting can make right."""
        out_of_turn = any(
            heard != act.expected[: len(heard)]
            for act in self.acts
            if (heard := self.heard(act.directive_id))
        )
        return out_of_turn or bool(self._strangers())

    def faults(self) -> list[str]:
        """What is missing, and what should not be there: a sentence each."""
        faults = []
        for act in self.acts:
            heard = self.heard(act.directive_id)
            if heard == act.expected:
                continue
            if heard == act.expected[: len(heard)]:
                faults.append(f"{act.directive_id}: missing {', '.join(act.expected[len(heard) :])}")
            else:
                expected, came = ", ".join(act.expected), ", ".join(heard)
                faults.append(f"{act.directive_id}: expected {expected}; came: {came}")
        for emitted in self._strangers():
            event = emitted.event
            why = f" ({event.error_code}: {event.error_message})" if event.error_code else ""
            faults.append(f"not expected: {event.event_type} of {event.directive_id or 'no directive'}{why}")
        return faults

    def _strangers(self) -> list[Emitted]:
        known = {act.directive_id for act in self.acts}
        return [emitted for emitted in self.emitted if emitted.event.directive_id not in known]

    def _give(self, cue: Cue | None, director: DirectorClient, broker: BrokerControl) -> None:
        # The market first: a directive that is issued at the same cue meets the new quotes, every time.
        for move in self._moves:
            if move.cue == cue:
                broker.set_quote(move.symbol, move.bid, move.ask)
        for act in self.acts:
            if act.cue == cue:
                director.issue(OFFICER, {"directive_id": act.directive_id, **act.directive})
                self.issued.add(act.directive_id)
