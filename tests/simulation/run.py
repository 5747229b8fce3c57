"""One run of a story: lived through in a temporary folder, and checked."""

import shutil
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Final

import msgspec

from tests.simulation.checker import check
from tests.simulation.story import Story
from tests.simulation.world import World, dump

MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder of its own in it; a file system without a disk
"""Folder whose files are synced without waiting for a disk."""


class Result(msgspec.Struct, kw_only=True):
    """Outcome of one run."""

    seed: int
    directives: int
    violations: list[str]
    counts: dict[str, int]
    """Faults that struck, by kind."""
    ended_after_s: float | None
    digest: str
    """Hash of the trace."""
    trace: list[str]
    journal: str
    """Content of the journal, as text."""


def run(story: Story, *, keep: bool = False) -> Result:
    """Live through the story and check it. `keep`: with the trace and the journal's content."""
    folder = Path(tempfile.mkdtemp(prefix="simulation-", dir=MEMORY if MEMORY.is_dir() else None))
    world = World(story, folder)
    try:
        try:
            evidence = world.run()
            violations = world.sidecar.errors + check(evidence)
            ended_after_s = evidence[0].ended_after_s
        except Exception:
            # An error in a step of a process that nothing caught, or that no time passes any more.
            violations, ended_after_s = [traceback.format_exc()], None
        counts: Counter[str] = world.counts + world.director.counts + world.network.counts
        return Result(
            seed=story.seed,
            directives=story.directives,
            violations=violations,
            counts=dict(sorted(counts.items())),
            ended_after_s=ended_after_s,
            digest=world.digest,
            trace=world.lines if keep else [],
            journal=dump(world.journal) if keep else "",
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
