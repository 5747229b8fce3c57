"""Checks of the sidecar's process."""

from collections.abc import Iterator
from datetime import datetime

from bridge import __version__
from bridge.cli.doctor.finding import Finding, ok, warning, wrong
from bridge.cli.doctor.observed import Observed
from bridge.status.texts import ago


def sidecar(seen: Observed) -> Iterator[Finding]:
    """Check that a sidecar of this version runs and answers."""
    live = seen.look.sidecar
    if live is not None:
        started = datetime.fromisoformat(live.started_at)
        value = (
            f"version {live.version}, process {live.pid}, since {started:%Y-%m-%d %H:%M} UTC "
            f"({ago(live.started_at, seen.now)})"
        )
        if live.version == __version__:
            yield ok("sidecar", value)
        else:
            yield warning(
                "sidecar", f"{value}; this command has version {__version__}", "restart the sidecar"
            )
    elif seen.look.unanswered:
        yield wrong(
            "sidecar",
            f"it {seen.look.unanswered}",
            "read its log; if it hangs, end it and start it again, which loses nothing",
        )
    else:
        yield warning(
            "sidecar",
            f"none runs: {seen.look.nobody}",
            f"start it: {seen.lines.named('run')}, or execution-officer service start",
            no_sidecar=True,
        )
