"""How the demo went: for a person as text, for a program as one JSON object."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from demo_parts.display import Display
from demo_parts.journal import JournalRow
from demo_parts.play import Play


class Outcome:
    """What was heard, what the journal says of it, and what is wrong."""

    def __init__(
        self,
        play: Play,
        *,
        journal: Path,
        rows: Mapping[str, JournalRow],
        troubles: Sequence[str],
        status: int,
    ) -> None:
        self.status = status
        """The exit status."""
        self._play = play
        self._journal = journal
        self._rows = rows
        self._troubles = list(troubles)

    def show(self, display: Display | None, *, kept: bool) -> None:
        """Write it to stdout: as text through a display, as JSON without one. Troubles go to stderr, too."""
        if display is None:
            # Bytes: JSON is UTF-8, whatever the console's encoding.
            sys.stdout.buffer.write(msgspec.json.encode(self._json()) + b"\n")
        else:
            self._show_text(display, kept=kept)
        sys.stdout.flush()
        for trouble in self._troubles:
            print(f"Error: {trouble}", file=sys.stderr)

    def _show_text(self, display: Display, *, kept: bool) -> None:
        display.show_events(self._play)
        if self._rows:
            states = (f"{act.directive_id} {self._state(act.directive_id)}" for act in self._play.acts)
            display.say(f"States in the journal: {', '.join(states)}.")
        if kept:
            display.show_kept(self._journal, self._play.acts[0].directive_id)
        else:
            display.say("Journal, logs and configuration were in a temporary folder, which is removed.")
            display.say("To look into them: python3 scripts/demo.py --keep FOLDER")
        if self._troubles:
            display.say("FAILED: not everything is as it should be.")
        else:
            count = len(self._play.emitted)
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
                    "directive_id": act.directive_id,
                    "state": self._state(act.directive_id),
                    "events": self._play.heard(act.directive_id),
                }
                for act in self._play.acts
            ],
            # Digit for digit as they came.
            "events": [emitted.raw for emitted in self._play.emitted],
        }
        if self._troubles:
            found["errors"] = self._troubles
        return found
