"""Run of all checks against each foreign implementation, and the table of results."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console as Screen
from rich.table import Table

from tests.interop.catalogue import CATALOGUE, Foreign, Served
from tests.interop.checks import CHECKS
from tests.interop.expert import BrokenError, Expert
from tests.interop.router import Router, free_port
from tests.interop.session import Session, whole_expert
from tests.mql5.builder.build import build
from tests.mql5.host.__main__ import EXPERT
from tests.native.console import Console, console
from tests.rig.packages import UnavailableError

NAMES: Final = (*(name for name, _ in CHECKS), "session", "restart")
OK, FAILED, NOT_TRIED = "ok", "FAILED", "-"


@dataclass
class Outcome:
    """Results of one implementation: one cell per check, and notes."""

    foreign: Foreign
    version: str = ""
    cells: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return FAILED in self.cells.values()


def run(names: Sequence[str]) -> int:
    """Run all peers, or those whose name contains one of `names`. Return 1 if one failed or none was available."""
    screen = Screen(stderr=True)
    chosen = [
        foreign
        for foreign in CATALOGUE
        if not names or any(name.lower() in foreign.name.lower() for name in names)
    ]
    outcomes = []
    # A build takes minutes on a busy machine: no peer's time may run meanwhile.
    library = build(EXPERT).library
    with tempfile.TemporaryDirectory() as text, console("readers", Path(text)) as program:
        for number, foreign in enumerate(chosen):
            screen.print(f"{foreign.name} ({foreign.source}) ...")
            folder = Path(text) / str(number)
            folder.mkdir()
            outcomes.append(_run_one(foreign, folder, program, library))
            screen.print(
                "  " + (", ".join(f"{name} {cell}" for name, cell in outcomes[-1].cells.items()) or "-")
            )
            for note in outcomes[-1].notes:
                screen.print(f"  {note}", markup=False, highlight=False)
    _show(outcomes)
    return 1 if any(outcome.failed for outcome in outcomes) or not any(o.version for o in outcomes) else 0


def _run_one(foreign: Foreign, folder: Path, program: Console, library: Path) -> Outcome:
    outcome = Outcome(foreign)
    package = folder / "package"
    package.mkdir()
    try:
        served = foreign.install(package)
        expert = Expert(program, free_port())
        if foreign.too_old:
            _refuse(outcome, served, folder, expert)
        else:
            _check(outcome, served, folder, expert)
            _whole(outcome, served, folder, library)
    except UnavailableError as error:
        outcome.notes.append(str(error))
    return outcome


def _refuse(outcome: Outcome, served: Served, folder: Path, expert: Expert) -> None:
    with Router(served, expert.port, folder / "router.log") as router:
        outcome.version = router.version
        try:
            outcome.notes.append(f"refused: {expert.refused()}")
            outcome.cells["handshake"] = "refused"
        except BrokenError as error:
            outcome.cells["handshake"] = FAILED
            outcome.notes.append(f"handshake: {error}")
        expert.close()


def _check(outcome: Outcome, served: Served, folder: Path, expert: Expert) -> None:
    """Run each check with its own ROUTER, so that no check inherits the state of another."""
    for name, check in CHECKS:
        with Router(served, expert.port, folder / "router.log") as router:
            outcome.version = router.version
            if name == "ping" and not router.pings:
                continue
            try:
                check(router, expert)
                outcome.cells[name] = OK
            except BrokenError as error:
                outcome.cells[name] = FAILED
                outcome.notes.append(f"{name}: {error}")
            expert.close()


def _whole(outcome: Outcome, served: Served, folder: Path, library: Path) -> None:
    """Run the complete EA: a session, and a second one after the ROUTER was killed and restarted."""
    port, log = free_port(), folder / "router.log"
    session = Session()
    with whole_expert(library, port, folder) as journal:
        for client_order_id, name in enumerate(("session", "restart"), 1001):
            with Router(served, port, log) as router:
                try:
                    session.trade(router, session.join(router), client_order_id)
                    outcome.cells[name] = OK
                except BrokenError as error:
                    outcome.cells[name] = FAILED
                    last = journal.read_text(encoding="utf-8", errors="replace").splitlines()[-1:]
                    outcome.notes.append(f"{name}: {error}; last line of the EA's log: {' '.join(last)}")
                    return


def _show(outcomes: Sequence[Outcome]) -> None:
    table = Table("peer", "from", "version", *NAMES)
    for outcome in outcomes:
        cells = [outcome.cells.get(name, NOT_TRIED) for name in NAMES]
        table.add_row(
            outcome.foreign.name, outcome.foreign.source, outcome.version or "not available", *cells
        )
    screen = Screen()
    # A table written to a file has no window width to fit.
    screen = screen if screen.is_terminal else Screen(width=200)
    screen.print(table)
    for outcome in outcomes:
        for note in outcome.notes:
            screen.print(f"{outcome.foreign.name}: {note}", markup=False, highlight=False)
