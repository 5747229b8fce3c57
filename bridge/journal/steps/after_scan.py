"""After a scan: does the journal have open what the broker has open?

A history may be late, so a difference counts only when a later scan still shows it. Then a person must know.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.reports import PositionReport, ScanReport, decode_report, report_key
from bridge.core.trade.events import system_error
from bridge.core.trade.records import PositionRecord
from bridge.core.units.decimals import ZERO
from bridge.journal.steps.step import Step
from bridge.journal.tables import holdings

MOST_POSITIONS: Final = 2048
"""As many positions as a scan can name."""


class Difference(msgspec.Struct, frozen=True):
    """One position of ours that the broker shows otherwise."""

    identifier: int
    directive_id: str
    """The directive that opened it, or its oldest part."""
    message: str


def compare_positions(step: Step, scan: ScanReport, *, netting: bool, patience: timedelta) -> None:
    """Note each difference, forget those that are gone, and raise once what has lasted for so long."""
    found = {each.identifier: each for each in _differences(step, scan, netting=netting)}
    known = {
        row["identifier"]: (datetime.fromisoformat(row["since"]), row["scan_key"])
        for row in step.connection.execute(
            "SELECT identifier, since, scan_key FROM position_mismatches"
            " WHERE officer = ? AND server = ? AND login = ?",
            step.account.key,
        )
    }
    for identifier in known.keys() - found.keys():
        step.connection.execute(
            "DELETE FROM position_mismatches WHERE officer = ? AND server = ? AND login = ? AND identifier = ?",
            (*step.account.key, identifier),
        )
    for identifier, difference in found.items():
        since, first_seen = known.get(identifier, (None, report_key(scan)))
        if since is None:
            step.connection.execute(
                "INSERT INTO position_mismatches (officer, server, login, identifier, since, scan_key)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (*step.account.key, identifier, utc_text(step.now), first_seen),
            )
        elif step.now - since >= patience:
            step.tell(
                [
                    system_error(
                        step.officer,
                        step.now,
                        code="POSITION_MISMATCH",
                        message=f"{difference.message}. Compare the account's history with "
                        f"'execution-officer journal show {difference.directive_id}'",
                        subject=f"book:{identifier}:{first_seen}",
                        directive_id=difference.directive_id,
                    )
                ]
            )


def _differences(step: Step, scan: ScanReport, *, netting: bool) -> list[Difference]:
    parts: dict[int, list[PositionRecord]] = {}
    for part in holdings.open_positions(step.connection, step.account):
        parts.setdefault(part.identifier, []).append(part)
    if len(scan.positions) >= MOST_POSITIONS:
        # A scan names no more than these: who is not named may be there all the same.
        return []
    at_broker = set(scan.positions)
    found: list[Difference] = []
    for identifier, held in parts.items():
        ours = sum((part.volume for part in held), ZERO)
        opener = held[0].directive_id
        if identifier not in at_broker:
            missing = f"the journal has {ours} lots open in position {identifier}, which the broker has not"
            found.append(Difference(identifier, opener, missing))
            continue
        seen = _as_seen(step, identifier)
        # On a netting account what is more than ours may be somebody else's.
        if seen is not None and (seen.volume < ours if netting else seen.volume != ours):
            message = (
                f"the journal has {ours} lots open in position {identifier}, and the broker {seen.volume}"
            )
            found.append(Difference(identifier, opener, message))
    return found


def _as_seen(step: Step, identifier: int) -> PositionReport | None:
    row = step.connection.execute(
        "SELECT body FROM reports WHERE officer = ? AND server = ? AND login = ? AND key = ?"
        " ORDER BY id DESC LIMIT 1",
        (*step.account.key, f"position:{identifier}"),
    ).fetchone()
    report = decode_report(row["body"].encode()) if row else None
    return report if isinstance(report, PositionReport) else None
