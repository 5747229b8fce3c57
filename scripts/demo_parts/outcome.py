"""Outcome of the demo: as text, or as one JSON object for programs."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from demo_parts.display import Display
from demo_parts.journal import JournalRow
from demo_parts.runner import Runner


class Outcome:
    """Events received, states in the journal, and errors found."""

    def __init__(
        self,
        runner: Runner,
        *,
        journal: Path,
        rows: Mapping[str, JournalRow],
        troubles: Sequence[str],
        status: int,
    ) -> None:
        self.status = status
        """Exit status."""
        self._runner = runner
        self._journal = journal
        self._rows = rows
        self._troubles = list(troubles)

    def show(self, display: Display | None, *, kept: bool) -> None:
        """Write it to stdout: as text through a display, as JSON without one. Errors are written to stderr, too."""
        if display is None:
            # Bytes: JSON is UTF-8, whatever the console's encoding.
            sys.stdout.buffer.write(msgspec.json.encode(self._json()) + b"\n")
        else:
            self._show_text(display, kept=kept)
        sys.stdout.flush()
        for trouble in self._troubles:
            print(f"Error: {trouble}", file=sys.stderr)

    def _show_text(self, display: Display, *, kept: bool) -> None:
        display.show_events(self._runner)
        if self._rows:
            states = (f"{case.directive_id} {self._state(case.directive_id)}" for case in self._runner.cases)
            display.say(f"States in the journal: {', '.join(states)}.")
        if kept:
            display.show_kept(self._journal, self._runner.cases[0].directive_id)
        else:
            display.say("Journal, logs and configuration were in a temporary folder, which is removed.")
            display.say("To look into them: python3 scripts/demo.py --keep FOLDER")
        if self._troubles:
            display.say("FAILED: not everything is as expected.")
        else:
            count = len(self._runner.emitted)
            display.say(
                f"OK: the Director received the {count} events that it should, in order, and no other."
            )

    def _state(self, directive_id: str) -> str | None:
        row = self._rows.get(directive_id)
        return row.state if row is not None else None

    def _json(self) -> dict[str, object]:
        found: dict[str, object] = {
            "ok": not self._troubles,
            "journal": str(self._journal),
            "directives": [
                {
                    "directive_id": case.directive_id,
                    "state": self._state(case.directive_id),
                    "events": self._runner.received(case.directive_id),
                }
                for case in self._runner.cases
            ],
            # As they arrived, with all digits.
            "events": [emitted.raw for emitted in self._runner.emitted],
        }
        if self._troubles:
            found["errors"] = self._troubles
        return found
