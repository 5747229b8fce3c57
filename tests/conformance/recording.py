"""Events and requests of a test, without times and tickets: they must be the same on both terminals."""

import itertools
import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from tests.conformance.rig import REQUESTS, ConformanceRig
from tests.rig.world import OFFICER

DROPPED: Final = frozenset({"occurred_at", "reported_by"})
TICKETS: Final = frozenset({"broker_order_id", "position_id", "deal_id", "order_expires_at"})
"""Event fields of which only the presence is compared: tickets and times differ from run to run."""
REQUEST_TICKETS: Final = frozenset({"magic", "order", "position", "position_by", "expiration"})
_NUMBER: Final = re.compile(r"\d{6,}")
"""A ticket or a client order id inside a text: tickets start above a million, deals above half of one."""
_MOMENT: Final = re.compile(r"\d{4}[-.]\d\d[-.]\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?")
"""A time inside a text, in ISO 8601 or as MetaTrader writes it."""

JUMPED: Final = "this machine's clock jumped"
"""Beginning of the text of an event about the machine itself: a virtual machine that is moved or saved jumps."""

Recording = dict[str, list[dict[str, Any]]]


def record(rig: ConformanceRig, officer: str = OFFICER) -> Recording:
    """Return the events of each directive of the officer, those of no directive, and the requests at its broker.

    Of a ticket only its presence is kept. What concerns the machine alone is left out: no story of both terminals
    moves its clock.
    """
    names = {
        directive_id: f"directive {number}" for number, directive_id in enumerate(rig.issued[officer], 1)
    }
    recorded: Recording = {name: [] for name in (*names.values(), "no directive", REQUESTS)}
    for event in rig.director.events():
        if event.body["reported_by"] == officer and not is_of_the_machine(event.body):
            recorded[names.get(event.directive_id or "", "no directive")].append(_event(event.body, names))
    for directive_id in rig.unordered & {*names, ""}:
        name = names.get(directive_id, "no directive")
        recorded[name].sort(key=lambda body: json.dumps(body, sort_keys=True))
    for send in rig.brokers[officer].sends():
        # 0.1 and 0.10 are the same number.
        fields = {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in msgspec.structs.asdict(send.request).items()
        }
        recorded[REQUESTS].append({**_plain(fields, REQUEST_TICKETS, names), "executed": send.executed})
    if REQUESTS in rig.unordered:
        recorded[REQUESTS].sort(key=lambda body: json.dumps(body, sort_keys=True))
    return recorded


def is_of_the_machine(body: dict[str, Any]) -> bool:
    """Return True for an event that neither terminal nor Director has caused."""
    return body.get("error_code") == "CLOCK" and str(body.get("error_message")).startswith(JUMPED)


def without(recording: Recording, fields: set[tuple[str, str]]) -> Recording:
    """Return the recording without these fields: (`request` or an event type, field)."""
    return {
        part: [
            {
                name: value
                for name, value in body.items()
                if (body.get("event_type", "request"), name) not in fields
            }
            for body in bodies
        ]
        for part, bodies in recording.items()
    }


def compare(folder: Path, test: str, terminal: str, recording: Recording) -> list[str]:
    """Store a recording; return its differences from the recordings of the same test on other terminals."""
    # Stored before it is compared: of two that end at once, at least one compares.
    scratch = folder / f"{terminal}.{os.getpid()}"
    scratch.write_text(json.dumps(recording), encoding="utf-8")
    (folder / test).mkdir(exist_ok=True)
    os.replace(scratch, folder / test / terminal)
    mine = Recorded(terminal, json.loads(json.dumps(recording)))
    others = (path for path in sorted((folder / test).iterdir()) if path.name != terminal)
    return [
        line
        for path in others
        for line in differences(mine, Recorded(path.name, json.loads(path.read_text(encoding="utf-8"))))
    ]


class Recorded(NamedTuple):
    """A recording, and the terminal of which it is."""

    terminal: str
    recording: Recording


def _event(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return _plain({name: value for name, value in body.items() if name not in DROPPED}, TICKETS, names)


def _plain(fields: dict[str, Any], tickets: frozenset[str], names: dict[str, str]) -> dict[str, Any]:
    return {
        name: bool(value) if name in tickets else _text(value, names) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _text(text: str, names: dict[str, str]) -> str:
    for directive_id, name in names.items():
        text = text.replace(directive_id, name)
    return _NUMBER.sub("#", _MOMENT.sub("@", text))


def differences(one: Recorded, other: Recorded) -> Iterator[str]:
    """Yield the differences of two recordings: list, number, field and both values."""
    for part in sorted(one.recording.keys() | other.recording.keys()):
        ours, theirs = one.recording.get(part, []), other.recording.get(part, [])
        if len(ours) != len(theirs):
            pairs = enumerate(itertools.zip_longest(ours, theirs, fillvalue="nothing"), 1)
            number, (here, there) = next((at, pair) for at, pair in pairs if pair[0] != pair[1])
            yield (
                f"{part}: {len(ours)} on {one.terminal}, {len(theirs)} on {other.terminal}; the first difference "
                f"is number {number}: {here} on {one.terminal}, {there} on {other.terminal}"
            )
            continue
        for number, (mine, yours) in enumerate(zip(ours, theirs, strict=True), 1):
            what = mine.get("event_type", "")
            for field in sorted(mine.keys() | yours.keys()):
                here, there = mine.get(field, "absent"), yours.get(field, "absent")
                if here != there:
                    yield (
                        f"{part}, {number} {what}: {field}: "
                        f"{here!r} on {one.terminal}, {there!r} on {other.terminal}"
                    )
