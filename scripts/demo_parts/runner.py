"""Run of the cases: issue directives, change quotes, and compare the events with those expected."""

from collections.abc import Callable, Sequence
from typing import Final

from bridge.core.director.contract import EventType
from bridge.simulator.broker.api import BrokerControl
from demo_parts.cases import Case, QuoteChange, Trigger
from demo_parts.deadline import Deadline
from demo_parts.director import DirectorClient, Emitted
from demo_parts.processes import OFFICER, Processes


class Runner:
    """One run of the cases."""

    def __init__(self, cases: Sequence[Case], quote_changes: Sequence[QuoteChange]) -> None:
        self.cases: Final = tuple(cases)
        self.emitted: Final[list[Emitted]] = []
        self.issued: Final[set[str]] = set()
        self._quote_changes: Final = tuple(quote_changes)

    def run(
        self,
        processes: Processes,
        director: DirectorClient,
        broker: BrokerControl,
        deadline: Deadline,
        on_change: Callable[[], None],
    ) -> None:
        """Run until every expected event was received, or an unexpected one was.

        Raises ProcessDiedError, DirectorError, the broker's errors, and those of `deadline`.
        """
        self._issue(None, director, broker)
        on_change()
        while not self.complete and not self.unexpected:
            processes.check()
            for emitted in director.emitted(len(self.emitted), deadline.moment()):
                self.emitted.append(emitted)
                if emitted.event.directive_id is not None:
                    trigger = Trigger(emitted.event.directive_id, emitted.event.event_type)
                    self._issue(trigger, director, broker)
            on_change()

    def receive_the_rest(self, director: DirectorClient) -> None:
        """Read the events since the last look. After the sidecar's end no further event can arrive."""
        self.emitted.extend(director.emitted(len(self.emitted), 0))

    def received(self, directive_id: str | None) -> tuple[EventType, ...]:
        """Return the types of the events of a directive, in order of arrival."""
        return tuple(
            each.event.event_type for each in self.emitted if each.event.directive_id == directive_id
        )

    @property
    def complete(self) -> bool:
        """True once exactly the expected events have arrived."""
        return not self.faults()

    @property
    def unexpected(self) -> bool:
        """True once an event has arrived that waiting cannot make right."""
        out_of_turn = any(
            received != case.expected[: len(received)]
            for case in self.cases
            if (received := self.received(case.directive_id))
        )
        return out_of_turn or bool(self._unexpected())

    def faults(self) -> list[str]:
        """Return a sentence for each missing and each unexpected event."""
        faults = []
        for case in self.cases:
            received = self.received(case.directive_id)
            if received == case.expected:
                continue
            if received == case.expected[: len(received)]:
                faults.append(f"{case.directive_id}: missing {', '.join(case.expected[len(received) :])}")
            else:
                expected, came = ", ".join(case.expected), ", ".join(received)
                faults.append(f"{case.directive_id}: expected {expected}; received: {came}")
        for emitted in self._unexpected():
            event = emitted.event
            why = f" ({event.error_code}: {event.error_message})" if event.error_code else ""
            faults.append(f"not expected: {event.event_type} of {event.directive_id or 'no directive'}{why}")
        return faults

    def _unexpected(self) -> list[Emitted]:
        known = {case.directive_id for case in self.cases}
        return [emitted for emitted in self.emitted if emitted.event.directive_id not in known]

    def _issue(self, trigger: Trigger | None, director: DirectorClient, broker: BrokerControl) -> None:
        # Quotes first: a directive that is issued at the same trigger always meets the new quotes.
        for change in self._quote_changes:
            if change.trigger == trigger:
                broker.set_quote(change.symbol, change.bid, change.ask)
        for case in self.cases:
            if case.trigger == trigger:
                director.issue(OFFICER, {"directive_id": case.directive_id, **case.directive})
                self.issued.add(case.directive_id)
