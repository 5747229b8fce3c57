"""The demo from end to end: a folder, the stage, the story, the verdict."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bridge.simulator.broker.api import BrokerGone, BrokerTimeout, ControlError
from bridge.simulator.broker.rpc.client import connect_broker
from demo_parts.director import DirectorClient, DirectorError
from demo_parts.display import Display
from demo_parts.journal import JournalFailedError, JournalRow, read_journal
from demo_parts.outcome import Outcome
from demo_parts.patience import InterruptedDemoError, Patience, TimeUpError
from demo_parts.play import Play
from demo_parts.process import ProcessDiedError
from demo_parts.stage import Stage
from demo_parts.story import ACTS, MOVES, SCENARIO

DEADLINE_S: Final = 60.0
OK: Final = 0
FAILED: Final = 1

_NO_ANSWER: Final = (DirectorError, BrokerGone, BrokerTimeout)
_FAILURES: Final = (*_NO_ANSWER, ControlError, TimeUpError, ProcessDiedError, JournalFailedError)


def perform(keep: Path | None, *, as_json: bool) -> int:
    """Play the demo in the empty folder `keep`, or in one that is removed, and return the exit status.

    Its processes have ended then, however it went.
    """
    display = None if as_json else Display()
    patience = Patience(DEADLINE_S)
    with patience.heeding_signals(), _folder(keep) as folder:
        outcome = _play(folder, patience, display)
        outcome.show(display, kept=keep is not None)
    return outcome.status


def _play(folder: Path, patience: Patience, display: Display | None) -> Outcome:
    """Everything that happens in the folder."""
    play = Play(ACTS, MOVES)
    journal = folder / "journal.db"
    rows: dict[str, JournalRow] = {}
    troubles: list[str] = []
    try:
        with Stage(folder, patience) as stage:
            if display is not None:
                display.say("Starting sandbox Director, simulated broker, sidecar and reference terminal ...")
            stage.build(SCENARIO)
            director = DirectorClient(stage.director_url, stage.api_key)
            try:
                with connect_broker(stage.broker_endpoint) as broker, _following(play, display) as on_change:
                    play.run(stage, director, broker, patience, on_change)
            except _NO_ANSWER:
                # Where one of them died, its log says more than who missed it.
                stage.check()
                raise
            # Before the verdict: an event too many would come now.
            stage.end_sidecar()
            play.hear_the_rest(director)
        rows = read_journal(journal)
    except InterruptedDemoError as error:
        return Outcome(play, journal=journal, rows=rows, troubles=[str(error)], status=error.status)
    except _FAILURES as error:
        troubles.append(str(error))
    troubles.extend(play.faults())
    # Only then: where events are missing, the journal cannot but differ.
    troubles = troubles or list(_disagreements(play, rows))
    status = FAILED if troubles else OK
    return Outcome(play, journal=journal, rows=rows, troubles=troubles, status=status)


def _disagreements(play: Play, rows: dict[str, JournalRow]) -> Iterator[str]:
    """Where the journal does not say what the Director heard."""
    for act in play.acts:
        row = rows.get(act.directive_id)
        if row is None:
            yield f"{act.directive_id}: not in the journal"
        elif row.undelivered or row.events != len(act.expected):
            yield (
                f"{act.directive_id}: the journal has {row.events} events, {row.undelivered} of them undelivered; "
                f"the Director received {len(act.expected)}"
            )


@contextmanager
def _following(play: Play, display: Display | None) -> Iterator[Callable[[], None]]:
    """What shows the play's changes."""
    if display is None:
        yield lambda: None
        return
    with display.following(play) as on_change:
        yield on_change


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.absolute()
        return
    # A file that a virus scanner holds open must not turn a good end into a bad one.
    with tempfile.TemporaryDirectory(prefix="execution-officer-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)
