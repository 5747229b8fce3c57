"""Wait of `execution-officer flatten --wait`: until the flatten of each officer has ended."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Final

import click

from bridge.config import Config
from bridge.exits import ExitCode
from bridge.journal.operator.halt import Flattened
from bridge.journal.views.flattens import FlattenProgress, progress
from bridge.status.reading import connection_at
from bridge.status.texts import printable

LOOK_S: Final = 0.2
"""Seconds between two looks at the journal."""


def wait(config: Config, flattens: Sequence[Flattened], symbol: str, limit_s: float | None) -> ExitCode:
    """Wait until each flatten has ended, at most `limit_s` seconds; print the outcomes.

    Return the exit status.
    """
    began, left, status = time.monotonic(), list(flattens), ExitCode.OK
    with connection_at(config.journal) as connection:
        while True:
            over = limit_s is not None and time.monotonic() - began >= limit_s
            for each in tuple(left):
                state = _look(connection, config, each, symbol)
                if state.ended:
                    left.remove(each)
                if state.ended or over:
                    click.echo(f"{each.officer}: {printable(_outcome(state, limit_s))}")
                if state.ended and not state.flat:
                    status = ExitCode.FLATTEN_ABORTED
            if not left:
                return status
            if over:
                return ExitCode.FLATTEN_UNFINISHED
            time.sleep(LOOK_S)


def _look(
    connection: sqlite3.Connection, config: Config, flattened: Flattened, symbol: str
) -> FlattenProgress:
    settings = config.settings.officer(flattened.officer)
    if settings is None:
        raise ValueError(f"officer {flattened.officer} is none of the configuration's")
    return progress(connection, settings, flattened.directive_id, symbol)


def _outcome(state: FlattenProgress, limit_s: float | None) -> str:
    """Return the outcome as one line: what was done, and what is left for which reason."""
    done = f"{state.done} {'close or cancel' if state.done == 1 else 'closes and cancels'} took effect"
    if state.flat:
        return f"everything is closed and cancelled; {done}."
    left = [
        f"{what}{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"
        for what, numbers in (("position", state.positions), ("order", state.orders))
        if numbers
    ]
    reason = f"; last refusal: {state.last_refusal}" if state.last_refusal else ""
    lost = f"; the journal lacks {', '.join(map(str, state.lost))}: see 'recover'" if state.lost else ""
    rest = f"{done}; left: {' and '.join(left) or 'nothing that is known'}{lost}{reason}."
    if not state.ended:
        return f"not ended after {limit_s:g} s, and goes on; {rest}"
    why = "opens were resumed" if state.code == "RESUMED" else "it was given up"
    return f"ended early, since {why}; {rest}"
