"""A Director in memory that misbehaves: it repeats, reorders, is slow, and errs after having taken an event."""

import json
from collections import Counter
from random import Random
from typing import Any, Final, NamedTuple, TypeVar

from bridge.core.director.responses import Failed, FailureKind, Polled, Posted, classify_status
from tests.simulation.clock import SimulatedClock
from tests.simulation.schedule import US, Life, Schedule

TIMEOUT_S: Final = 10.0


Answer = TypeVar("Answer", Polled, Posted, Failed)


class Arrival(NamedTuple):
    """One event that the Director took, in the order of arrival."""

    at_us: int
    officer: str
    key: str
    body: str


class SimulatedDirector:
    """The Director itself: what it lists, and what arrived."""

    def __init__(self, schedule: Schedule, clock: SimulatedClock, random: Random) -> None:
        self.schedule = schedule
        self.clock = clock
        self.random = random
        self.directives: dict[tuple[str, str], dict[str, Any]] = {}
        """By officer and id, in the order of issue."""
        self.received: set[tuple[str, str]] = set()
        """Officers and ids of directives for which DIRECTIVE_RECEIVED has arrived."""
        self.arrivals: list[Arrival] = []
        self.faults: Counter[str] = Counter()
        """Faults in force, by name; each counts its present causes."""
        self.counts: Counter[str] = Counter()

    def issue(self, officer: str, directive: dict[str, Any]) -> None:
        """List a directive from now on."""
        self.directives[officer, directive["directive_id"]] = directive

    def has(self, fault: str, chance: float) -> bool:
        """Return True where the fault strikes now."""
        if not self.faults[fault] or self.random.random() >= chance:
            return False
        self.counts[f"Director: {fault}"] += 1
        return True

    def listing(self, officer: str) -> str:
        """Return the body of the answer to one poll of an officer."""
        every = {key: each for key, each in self.directives.items() if key[0] == officer}
        listed = [each for key, each in every.items() if key not in self.received]
        if self.has("old list", 0.5):
            listed = list(every.values())
        if self.has("reordered list", 0.7):
            self.random.shuffle(listed)
        if listed and self.has("repeated items", 0.7):
            listed += self.random.choices(listed, k=2)
        if listed and self.has("short list", 0.5):
            listed = listed[: self.random.randrange(len(listed))]
        body = json.dumps({"directives": listed})
        return body[: self.random.randrange(len(body))] if self.has("torn body", 0.5) else body

    def take(self, key: str, body: bytes) -> None:
        """Take an event in, whatever the sender is answered."""
        event = json.loads(body)
        self.arrivals.append(Arrival(self.schedule.now, event["reported_by"], key, body.decode()))
        if event["event_type"] == "DIRECTIVE_RECEIVED":
            self.received.add((event["reported_by"], event["directive_id"]))


class DirectorPort:
    """Client of the Director for one life of the sidecar (`bridge.sidecar.ports.Director`)."""

    def __init__(self, director: SimulatedDirector, life: Life) -> None:
        self._director = director
        self._life = life

    async def poll(self, officer: str) -> Polled | Failed:
        director = self._director
        failure = await self._way()
        if failure is not None:
            return failure
        body = director.listing(officer)
        date = director.clock.now().replace(microsecond=0)
        return await self._back(Polled(body, date))

    async def post(self, body: bytes, idempotency_key: str) -> Posted | Failed:
        director, life = self._director, self._life
        failure = await self._way()
        if failure is not None:
            return failure
        # Under way: it arrives, whatever becomes of the sidecar meanwhile.
        delay = director.random.randrange(100, 5_000)
        director.schedule.after(delay, None, lambda: director.take(idempotency_key, body))
        await director.clock.sleep((delay + 1) / US)
        assert life.alive
        if director.has("taken, and answered with an error", 0.5):
            return await self._back(_status(director.random.choice([500, 502, 503, 504])))
        return await self._back(Posted(f"evt_{len(director.arrivals)}"))

    async def _way(self) -> Failed | None:
        """Wait for the request's way; return a failure before it arrives."""
        director = self._director
        if director.has("unreachable", 1.0):
            await director.clock.sleep(director.random.choice([0.001, 2.0, TIMEOUT_S]))
            return Failed(FailureKind.NETWORK, None, "unreachable")
        await director.clock.sleep(director.random.randrange(200, 20_000) / US)
        if director.has("error", 0.6):
            return _status(director.random.choice([500, 502, 503, 429, 408]))
        return None

    async def _back(self, answer: Answer) -> Answer | Failed:
        """Wait for the answer's way; it may be lost."""
        director = self._director
        if director.has("answer lost", 0.5):
            await director.clock.sleep(TIMEOUT_S)
            return Failed(FailureKind.NETWORK, None, "no complete answer in time")
        slow = director.random.uniform(0.5, TIMEOUT_S - 1) if director.has("slow", 0.6) else 0.0
        await director.clock.sleep(slow + director.random.randrange(200, 20_000) / US)
        return answer


def _status(status: int) -> Failed:
    kind = classify_status(status)
    assert kind is not None
    return Failed(kind, status, f"status {status}", 1.0 if status == 429 else None)
