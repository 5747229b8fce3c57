"""The demo from end to end: its folder, processes, cases and outcome."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bridge.simulator.broker.api import BrokerGone, BrokerTimeout, ControlError
from bridge.simulator.broker.rpc.client import connect_broker
from demo_parts.cases import CASES, QUOTE_CHANGES, SCENARIO
from demo_parts.deadline import Deadline, InterruptedDemoError, TimeUpError
from demo_parts.director import DirectorClient, DirectorError
from demo_parts.display import Display
from demo_parts.journal import JournalFailedError, JournalRow, read_journal
from demo_parts.outcome import Outcome
from demo_parts.process import ProcessDiedError
from demo_parts.processes import Processes
from demo_parts.runner import Runner

DEADLINE_S: Final = 60.0
OK: Final = 0
FAILED: Final = 1

_NO_ANSWER: Final = (DirectorError, BrokerGone, BrokerTimeout)
_FAILURES: Final = (*_NO_ANSWER, ControlError, TimeUpError, ProcessDiedError, JournalFailedError)


def run_demo(keep: Path | None, *, as_json: bool, deadline_s: float) -> int:
    """Run the demo in the empty folder `keep`, or in one that is removed, and return the exit status.

    Its processes have ended then, whatever the outcome.
    """
    display = None if as_json else Display()
    deadline = Deadline(deadline_s)
    with deadline.noting_signals(), _folder(keep) as folder:
        outcome = _run(folder, deadline, display)
        outcome.show(display, kept=keep is not None)
    return outcome.status


def _run(folder: Path, deadline: Deadline, display: Display | None) -> Outcome:
    """Run everything that uses the folder."""
    runner = Runner(CASES, QUOTE_CHANGES)
    journal = folder / "journal.db"
    rows: dict[str, JournalRow] = {}
    troubles: list[str] = []
    try:
        with Processes(folder, deadline) as processes:
            if display is not None:
                display.say("Starting sandbox Director, simulated broker, sidecar and reference terminal ...")
            processes.build(SCENARIO)
            director = DirectorClient(processes.director_url, processes.api_key)
            try:
                with (
                    connect_broker(processes.broker_endpoint) as broker,
                    _following(runner, display) as on_change,
                ):
                    runner.run(processes, director, broker, deadline, on_change)
            except _NO_ANSWER:
                # If one of the processes died, its log explains more than the error of its peer.
                processes.check()
                raise
            # Before the comparison: an unexpected event would arrive now.
            processes.end_sidecar()
            runner.receive_the_rest(director)
        rows = read_journal(journal, deadline)
    except InterruptedDemoError as error:
        return Outcome(runner, journal=journal, rows=rows, troubles=[str(error)], status=error.status)
    except _FAILURES as error:
        troubles.append(str(error))
    troubles.extend(runner.faults())
    # Only without other faults: if events are missing, the journal differs anyway.
    troubles = troubles or list(_disagreements(runner, rows))
    status = FAILED if troubles else OK
    return Outcome(runner, journal=journal, rows=rows, troubles=troubles, status=status)


def _disagreements(runner: Runner, rows: dict[str, JournalRow]) -> Iterator[str]:
    """Yield each difference between the journal and the events that the Director received."""
    for case in runner.cases:
        row = rows.get(case.directive_id)
        if row is None:
            yield f"{case.directive_id}: not in the journal"
        elif row.undelivered or row.events != len(case.expected):
            yield (
                f"{case.directive_id}: the journal has {row.events} events, {row.undelivered} of them undelivered; "
                f"the Director received {len(case.expected)}"
            )


@contextmanager
def _following(runner: Runner, display: Display | None) -> Iterator[Callable[[], None]]:
    """Yield the function that shows the progress."""
    if display is None:
        yield lambda: None
        return
    with display.following(runner) as on_change:
        yield on_change


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.absolute()
        return
    # A file that a virus scanner keeps open must not turn a success into a failure.
    with tempfile.TemporaryDirectory(prefix="execution-officer-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)
