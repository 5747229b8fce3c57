"""Health for those who start processes and route requests: alive, and ready.

Alive: every worker makes progress. It is the condition under which the watchdog of a service manager is fed. Ready:
the journal can be written and the link is bound, so that directives are taken and carried out.
"""

from bridge.sidecar.onlooker import Parts


def dead(parts: Parts) -> str:
    """Return the reason for which the process should be started again; empty while it is alive."""
    return f"no progress: {', '.join(parts.watch.overdue)}" if parts.watch.overdue else ""


def unready(parts: Parts) -> str:
    """Return the reason for which nothing is carried out; empty where the sidecar is ready.

    A terminal or a Director that is away is no such reason: the sidecar waits for it.
    """
    runtime = parts.runtime
    runtime.look_at_journal()
    return runtime.journal_lost or runtime.journal_trouble or dead(parts)
