"""Reports of a test: what a terminal reports about deals, orders and positions must be the same on both."""

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from bridge.core.trade.records import Disposition
from tests.conformance.rig import ConformanceRig
from tests.rig.deadline import Deadline

_RECORDS: Final = ("deal", "order", "position")
_PRESENT: Final = ("magic", "comment")
"""Fields of which only the presence is compared: ids of orders and directives differ from run to run."""
_LOOK_S: Final = 0.1

Body = dict[str, Any]


def reports(rig: ConformanceRig) -> list[Body]:
    """Return the last report of each deal, order and position without its times, and every trouble. A terminal need
    not see each state in between."""
    troubles = [{"trouble": body["code"]} for body in _bodies(rig, "trouble").values()]
    return [
        *(_comparable(body) for kind in _RECORDS for _, body in sorted(_bodies(rig, kind).items())),
        *sorted(troubles, key=lambda trouble: str(trouble["trouble"])),
    ]


def reported(rig: ConformanceRig, kind: str, **fields: object) -> Body:
    """Wait until the last report of a record of this kind has these values, and return it. Numbers are compared as
    numbers; None is an absent field."""
    deadline = Deadline()
    while True:
        mark = rig.sidecar.mark
        bodies = _bodies(rig, kind).values()
        for body in bodies:
            if all(_plain(body.get(name)) == _plain(value) for name, value in fields.items()):
                return body
        assert not deadline.over, f"waited for a {kind} with {fields}; reported: {list(bodies)}"
        rig.sidecar.any_line(since=mark, within=_LOOK_S)


def _bodies(rig: ConformanceRig, kind: str) -> dict[tuple[object, ...], Body]:
    """Return the last report of each record of a kind."""
    last: dict[tuple[object, ...], Body] = {}
    query = "SELECT login, server, key, body, disposition FROM reports WHERE kind = ? ORDER BY id"
    for row in rig.journal.rows(query, kind):
        # An order's key holds its state, and a revision has the key of the first report.
        subject = ":".join(row["key"].split(":")[: 2 if kind in _RECORDS else None])
        usable = row["disposition"] != Disposition.UNUSABLE
        last[row["server"], row["login"], subject] = {**json.loads(row["body"]), "usable": usable}
    return last


def _comparable(body: Body) -> Body:
    return {
        name: bool(value) if name in _PRESENT else _plain(value)
        for name, value in body.items()
        if not name.endswith("_server_ms") and name != "usable"
    }


def _plain(value: object) -> object:
    """A decimal as a number, since 0.1 and 0.10 are the same; any other value as it is."""
    if isinstance(value, bool) or value is None:
        return value
    try:
        return float(Decimal(str(value)))
    except InvalidOperation:
        return value
