"""What a story left behind, without times and tickets: to be the same on either terminal."""

import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from tests.conformance.rig import StoryRig
from tests.rig.world import OFFICER

DROPPED: Final = frozenset({"occurred_at", "reported_by"})
TICKETS: Final = frozenset({"broker_order_id", "position_id", "deal_id", "order_expires_at"})
"""Of these, and of a request's, only that there is a value is kept. A time is one's own as a ticket is."""
REQUEST_TICKETS: Final = frozenset({"magic", "order", "position", "position_by", "expiration"})
_NUMBER: Final = re.compile(r"\d{6,}")
"""A ticket or a token inside a text: tickets start above a million, deals above half of one."""
_MOMENT: Final = re.compile(r"\d{4}[-.]\d\d[-.]\d\d[T ]\d\d:\d\d:\d\d(\.\d+Z)?")
"""A time inside a text, as we or as MetaTrader write it."""

Recording = dict[str, list[dict[str, Any]]]


def record(rig: StoryRig, officer: str = OFFICER) -> Recording:
    """The events of each directive of the officer's, those of none, and the requests at its broker.

    A ticket's value is dropped; that there is one is kept.
    """
    names = {
        directive_id: f"directive {number}" for number, directive_id in enumerate(rig.issued[officer], 1)
    }
    recorded: Recording = {name: [] for name in (*names.values(), "no directive", "requests")}
    for event in rig.director.events():
        if event.body["reported_by"] == officer:
            recorded[names.get(event.directive_id or "", "no directive")].append(_event(event.body, names))
    for directive_id in rig.unordered & names.keys():
        recorded[names[directive_id]].sort(key=lambda body: json.dumps(body, sort_keys=True))
    for send in rig.brokers[officer].sends():
        # Two ways to write a number are one number.
        fields = {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in msgspec.structs.asdict(send.request).items()
        }
        recorded["requests"].append({**_plain(fields, REQUEST_TICKETS, names), "executed": send.executed})
    return recorded


def without(recording: Recording, fields: set[tuple[str, str]]) -> Recording:
    """The recording without these: of a request, or of events of a type, and which field."""
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


def meet(folder: Path, story: str, teller: str, recording: Recording) -> list[str]:
    """Keep a recording, and say where it differs from those of the same story that are there already."""
    # Of two that end together one compares, or both: never neither.
    scratch = folder / f"{teller}.{os.getpid()}"
    scratch.write_text(json.dumps(recording), encoding="utf-8")
    (folder / story).mkdir(exist_ok=True)
    os.replace(scratch, folder / story / teller)
    mine = Emitted(teller, json.loads(json.dumps(recording)))
    others = (path for path in sorted((folder / story).iterdir()) if path.name != teller)
    return [
        line
        for path in others
        for line in differences(mine, Emitted(path.name, json.loads(path.read_text(encoding="utf-8"))))
    ]


class Emitted(NamedTuple):
    """A recording, and whose it is."""

    teller: str
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


def differences(one: Emitted, other: Emitted) -> Iterator[str]:
    """Where two recordings differ: list, number, field and both values."""
    for part in sorted(one.recording.keys() | other.recording.keys()):
        ours, theirs = one.recording.get(part, []), other.recording.get(part, [])
        if len(ours) != len(theirs):
            yield f"{part}: {one.teller} has {ours}, {other.teller} has {theirs}"
            continue
        for number, (mine, yours) in enumerate(zip(ours, theirs, strict=True), 1):
            what = mine.get("event_type", "")
            for field in sorted(mine.keys() | yours.keys()):
                here, there = mine.get(field, "absent"), yours.get(field, "absent")
                if here != there:
                    yield f"{part}, {number} {what}: {field}: {here!r} on {one.teller}, {there!r} on {other.teller}"
