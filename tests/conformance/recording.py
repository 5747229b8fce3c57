"""What a story left behind, without times and tickets: to be the same on either terminal."""

import json
import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import msgspec

from tests.conformance.rig import Kind, StoryRig

TIMES: Final = frozenset({"occurred_at"})
TICKETS: Final = frozenset({"broker_order_id", "position_id", "deal_id"})
REQUEST_TICKETS: Final = frozenset({"magic", "order", "position", "position_by"})
_NUMBER: Final = re.compile(r"\d{6,}")
"""A ticket or a token inside a text: tickets start above a million, deals above half of one."""

Recording = dict[str, list[dict[str, Any]]]


def record(rig: StoryRig) -> Recording:
    """The events of each directive, those of none, and the requests at the broker.

    A ticket's value is dropped, and that there is one is kept.
    """
    names = {directive_id: f"directive {number}" for number, directive_id in enumerate(rig.issued, 1)}
    recorded: Recording = {name: [] for name in (*names.values(), "no directive", "requests")}
    for event in rig.director.events():
        recorded[names.get(event.directive_id or "", "no directive")].append(_event(event.body, names))
    for directive_id in rig.unordered:
        recorded[names[directive_id]].sort(key=lambda body: json.dumps(body, sort_keys=True))
    for send in rig.broker.sends():
        # Two ways to write a number are one number.
        fields = {
            name: float(value) if isinstance(value, Decimal) else value
            for name, value in msgspec.structs.asdict(send.request).items()
        }
        recorded["requests"].append({**_plain(fields, REQUEST_TICKETS, names), "executed": send.executed})
    return recorded


def compare(mine: Recording, other: Recording) -> list[str]:
    """Where they differ: list, number, field and both values."""
    return [line for part in mine.keys() | other.keys() for line in _differences(part, mine, other)]


def meet(folder: Path, story: str, kind: Kind, recording: Recording) -> list[str]:
    """Keep a recording, and compare it to the other terminal's where that is there already."""
    # One of two that end together may compare, or both: never neither.
    scratch = folder / f"{story}.{kind}.{os.getpid()}"
    scratch.write_text(json.dumps(recording), encoding="utf-8")
    os.replace(scratch, folder / f"{story}.{kind}.json")
    texts = [folder / f"{story}.{each}.json" for each in Kind]
    if not all(text.exists() for text in texts):
        return []
    paper, native = (json.loads(text.read_text(encoding="utf-8")) for text in texts)
    return compare(paper, native)


def _event(body: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return _plain({name: value for name, value in body.items() if name not in TIMES}, TICKETS, names)


def _plain(fields: dict[str, Any], tickets: frozenset[str], names: dict[str, str]) -> dict[str, Any]:
    return {
        name: bool(value) if name in tickets else _text(value, names) if isinstance(value, str) else value
        for name, value in fields.items()
    }


def _text(text: str, names: dict[str, str]) -> str:
    for directive_id, name in names.items():
        text = text.replace(directive_id, name)
    return _NUMBER.sub("#", text)


def _differences(part: str, paper: Recording, native: Recording) -> Iterator[str]:
    ours, theirs = paper.get(part, []), native.get(part, [])
    if len(ours) != len(theirs):
        yield f"{part}: paper has {len(ours)}, native {len(theirs)}: {ours} {theirs}"
        return
    for number, (one, two) in enumerate(zip(ours, theirs, strict=True), 1):
        what = one.get("event_type", "")
        for field in sorted(one.keys() | two.keys()):
            if one.get(field, "absent") != two.get(field, "absent"):
                yield (
                    f"{part}, {number} {what}: {field} is {one.get(field, 'absent')!r} on paper, "
                    f"{two.get(field, 'absent')!r} on native"
                )
