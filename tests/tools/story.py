"""A sidecar that trades, and the checks of one tool on its journal."""

import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from bridge.exits import ExitCode
from bridge.journal.database.file import open_reader
from tests.rig.rig import CLOSED, OPENED, Rig
from tests.tools.tool import COPY, JOURNAL, LOCKED, SQL, Copy, Installed, Rows, Write

POSITIONS: Final = (
    "SELECT identifier, symbol, volume_in, price_open, client_order_id FROM open_positions"
    " WHERE volume_in = '0.02' ORDER BY identifier"
)
EVENTS: Final = (
    "SELECT id, event_type, created_at FROM event_overview ORDER BY CAST(id AS INTEGER) DESC LIMIT 3"
)
COMMAND_S: Final = 60
TRIES: Final = 50
"""Attempts at a write that meets one of the sidecar's."""
PAUSE_S: Final = 0.3
MOST_ISSUED: Final = 8
"""Directives that are carried out while one command runs; more could expire on a busy machine."""
STANDING: Final = 3
"""Number of positions that stay open."""


class BrokenError(Exception):
    """A check failed. The message says what was seen."""


class Story:
    """One rig for all tools; directives are carried out during every check."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self._rig = rig
        self._folder = folder
        self._copies = 0
        rig.start()
        for _ in range(STANDING):
            rig.open(quantity=0.02)

    # Checks

    def read(self, tool: Installed) -> None:
        """Let the tool read the open positions and the last events while directives are carried out."""
        if not tool.read:
            return
        [(last, *_), *_] = self._rows(EVENTS)
        with self._trading():
            events = self._answer(tool, tool.read, EVENTS)
            positions = self._answer(tool, tool.read, POSITIONS)
        known = self._rows("SELECT id, event_type, created_at FROM events")
        if len(events) != 3 or not set(events) <= set(known) or int(events[0][0]) < int(last):
            raise BrokenError(f"it read the events {events}, and the journal had event {last} before")
        standing = self._rows(POSITIONS)
        if positions != standing or len(standing) != STANDING:
            raise BrokenError(f"it read the positions {positions}, and the journal has {standing}")

    def write(self, tool: Installed) -> None:
        """Let the tool change the file while directives are carried out."""
        for write in tool.writes:
            with self._trading():
                self._write(tool, write)
        self._trade()

    def stale(self, tool: Installed) -> None:
        """Show that the tool's other way to read misses what is committed, or gives another number."""
        if tool.wrong:
            answer = {row[-1] for row in self._answer(tool, tool.wrong, POSITIONS)}
            if not answer.isdisjoint({row[-1] for row in self._rows(POSITIONS)}):
                raise BrokenError(f"it gives right numbers now: {answer}")
        if tool.stale:
            # While a reader holds a snapshot, what comes later stays in the log.
            with closing(sqlite3.connect(self._rig.journal.path, isolation_level=None)) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM events").fetchone()
                self._trade()
                [(last, *_), *_] = self._rows(EVENTS)
                seen = self._answer(tool, tool.stale, EVENTS)
            if seen and int(seen[0][0]) >= int(last):
                raise BrokenError("it sees what is in the log now")

    def verify(self, tool: Installed) -> None:
        """Check that `journal verify` is right, and that the sidecar starts again."""
        del tool
        self._verify()
        self._stop()
        self._start()
        self._trade()

    def copy(self, tool: Installed) -> None:
        """Let the tool copy the journal; the sidecar must start on the copy, and go on trading."""
        for copy in tool.copies:
            self._restore(tool, copy)

    # Parts

    def _restore(self, tool: Installed, copy: Copy) -> None:
        self._copies += 1
        path = self._folder / f"copy-{self._copies}.db"
        self._run(tool, copy.command, **{COPY: str(path)})
        if not path.is_file():
            raise BrokenError(f"{copy.name}: it made no copy")
        self._stop()
        journal = self._rig.journal.path
        shutil.copyfile(path, journal)
        if copy.unmarked:
            refused = self._rig.bridge("run", "--config", str(self._rig.config_path))
            code, said = refused.exited(), "\n".join(refused.log)
            statement = said.partition("SQL statement: ")[2].strip()
            if code != ExitCode.JOURNAL_DAMAGED or not statement.startswith("PRAGMA application_id"):
                raise BrokenError(f"{copy.name}: run ended with {code}: {said}")
            with closing(sqlite3.connect(journal)) as connection:
                connection.execute(statement)
        self._start()
        self._verify()
        self._trade()

    def _verify(self) -> None:
        process = self._rig.bridge("journal", "--config", str(self._rig.config_path), "verify")
        if process.exited() != ExitCode.OK:
            raise BrokenError(f"journal verify: {' '.join(process.log)}")

    def _stop(self) -> None:
        self._rig.sidecar.terminate()
        if (code := self._rig.sidecar.exited()) != ExitCode.OK:
            raise BrokenError(f"the sidecar ended with {code}")

    def _start(self) -> None:
        mark = self._rig.terminal.mark
        self._rig.start_sidecar()
        self._rig.terminal.line("session_established", since=mark)

    def _trade(self) -> None:
        """Open a position and close it."""
        opening = self._rig.open()
        self._rig.emitted(self._rig.issue("CLOSE", target_directive_id=opening), *CLOSED)

    @contextmanager
    def _trading(self) -> Iterator[None]:
        """Issue directives while the body runs; wait until all of them are carried out."""
        issued: list[str] = []
        over = threading.Event()

        def issue() -> None:
            while len(issued) < MOST_ISSUED and not over.wait(PAUSE_S):
                issued.append(self._rig.issue("OPEN_LONG"))

        thread = threading.Thread(target=issue)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
        for opening in issued:
            self._rig.emitted(opening, *OPENED)
        for close in [self._rig.issue("CLOSE", target_directive_id=opening) for opening in issued]:
            self._rig.emitted(close, *CLOSED)

    def _write(self, tool: Installed, write: Write) -> None:
        words = [self._fill(word, {}) for word in write.command]
        for _ in range(TRIES):
            done = self._call(tool, words)
            said = f"{done.stdout}{done.stderr}"
            # A tool that read before it writes is refused at once where the sidecar has committed in between.
            if write.refused or LOCKED not in said:
                break
        if write.refused and (done.returncode == 0 or write.refused not in said):
            raise BrokenError(f"{' '.join(words[1:])} was not refused: {said[-200:]}")
        if not write.refused and done.returncode:
            raise BrokenError(f"{' '.join(words[1:])}: {said[-200:]}")

    def _answer(self, tool: Installed, command: Sequence[str], query: str) -> Rows:
        text = self._run(tool, command, **{SQL: tool.encode(query)})
        try:
            return tool.parse(text)
        except (ValueError, IndexError) as error:
            raise BrokenError(f"it printed {text[:300]!r}: {error}") from None

    def _run(self, tool: Installed, command: Sequence[str], **given: str) -> str:
        words = [self._fill(word, given) for word in command]
        done = self._call(tool, words)
        if done.returncode:
            raise BrokenError(f"{words[0]} ended with {done.returncode}: {done.stderr[-300:]}")
        return done.stdout

    def _call(self, tool: Installed, words: Sequence[str]) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, **tool.environ}
        try:
            return subprocess.run(
                words, cwd=self._folder, env=environ, capture_output=True, text=True, timeout=COMMAND_S
            )
        except subprocess.TimeoutExpired as error:
            raise BrokenError(f"{words[0]} did not end within {COMMAND_S} s") from error

    def _fill(self, word: str, given: dict[str, str]) -> str:
        for name, value in {JOURNAL: str(self._rig.journal.path), **given}.items():
            word = word.replace(name, value)
        return word

    def _rows(self, query: str) -> Rows:
        with open_reader(self._rig.journal.path) as connection:
            return [tuple(str(value) for value in row) for row in connection.execute(query)]


CHECKS: Final[Sequence[tuple[str, Callable[[Story, Installed], None]]]] = (
    ("read", Story.read),
    ("pitfall", Story.stale),
    ("write", Story.write),
    ("start", Story.verify),
    ("copy", Story.copy),
)
