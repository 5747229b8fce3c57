"""Run of all checks with each tool, and the table of results."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console as Screen
from rich.table import Table

from tests.rig.fork_server import ForkServer
from tests.rig.packages import UnavailableError
from tests.rig.rig import Rig
from tests.tools.catalogue import CATALOGUE
from tests.tools.story import CHECKS, BrokenError, Story
from tests.tools.tool import Installed, Tool

OK: Final = "ok"
FAILED: Final = "FAILED"


@dataclass
class Outcome:
    """Results of one tool: one cell per check, and notes."""

    tool: Tool
    cells: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def run(names: Sequence[str]) -> int:
    """Run all tools, or those whose name contains one of `names`. Return 1 if one failed or none was available."""
    screen = Screen(stderr=True)
    chosen = [
        tool for tool in CATALOGUE if not names or any(name.lower() in tool.name.lower() for name in names)
    ]
    outcomes = []
    with tempfile.TemporaryDirectory() as text, ForkServer() as fork_server:
        for number, tool in enumerate(chosen):
            screen.print(f"{tool.name} ({tool.source}) ...")
            folder = Path(text) / str(number)
            outcome = Outcome(tool)
            _run_one(outcome, folder, fork_server)
            outcomes.append(outcome)
            screen.print("  " + (", ".join(f"{name} {cell}" for name, cell in outcome.cells.items()) or "-"))
            for note in outcome.notes:
                screen.print(f"  {note}", markup=False, highlight=False)
    _show(outcomes)
    failed = any(FAILED in outcome.cells.values() for outcome in outcomes)
    return 1 if failed or not any(outcome.cells for outcome in outcomes) else 0


def _run_one(outcome: Outcome, folder: Path, fork_server: ForkServer) -> None:
    package, world = folder / "package", folder / "world"
    package.mkdir(parents=True)
    world.mkdir()
    try:
        installed = outcome.tool.install(package)
    except UnavailableError as error:
        outcome.notes.append(f"not available: {error}")
        return
    with closing(Rig(world, fork_server)) as rig:
        story = Story(rig, folder)
        for name, check in CHECKS:
            if not _has(installed, name):
                continue
            try:
                check(story, installed)
                outcome.cells[name] = OK
            except (AssertionError, BrokenError) as error:
                outcome.cells[name] = FAILED
                outcome.notes.append(f"{name}: {error}")
                return
        rig.stop()


def _has(tool: Installed, check: str) -> bool:
    """Return True where the tool does what the check is about."""
    about = {
        "read": tool.read,
        "pitfall": [*tool.stale, *tool.wrong],
        "write": tool.writes,
        "copy": tool.copies,
    }
    return bool(about.get(check, True))


def _show(outcomes: Sequence[Outcome]) -> None:
    names = [name for name, _ in CHECKS]
    table = Table("tool", "from", *names)
    for outcome in outcomes:
        cells = [outcome.cells.get(name, "-") for name in names]
        table.add_row(outcome.tool.name, outcome.tool.source, *cells)
    screen = Screen()
    # A table written to a file has no window width to fit.
    screen = screen if screen.is_terminal else Screen(width=160)
    screen.print(table)
    for outcome in outcomes:
        for note in outcome.notes:
            screen.print(f"{outcome.tool.name}: {note}", markup=False, highlight=False)
