"""`execution-officer journal`: show and back up the journal. Reads only; the sidecar may run meanwhile."""

import sys
from datetime import datetime, timedelta
from pathlib import Path

import click
import msgspec

from bridge.cli.failure import Failure
from bridge.cli.group import Group
from bridge.cli.journal_file import JournalFile, config_option, path_option, with_journal
from bridge.cli.moments import DURATION, MOMENT
from bridge.cli.options import FILE, json_option
from bridge.cli.tables import print_table
from bridge.clock import SystemClock
from bridge.config import windows_paths
from bridge.exits import ExitCode
from bridge.journal.database import backup_note
from bridge.journal.database.backup import back_up
from bridge.journal.database.backup_note import BackupNote
from bridge.journal.database.file import check
from bridge.journal.views import lists as queries
from bridge.status.reading import journal_at
from bridge.status.texts import clock_time
from bridge.status.timeline import content, what


@click.group(cls=Group)
@config_option
@path_option
@click.pass_context
def journal(context: click.Context, config_path: Path | None, journal_path: Path | None) -> None:
    """Show the journal: directives, their steps, undelivered events, and the audit; back it up.

    The journal is only read. The sidecar may run meanwhile.
    """
    context.obj = JournalFile(config_path, journal_path)


@journal.command("list")
@click.option("--officer", metavar="ID", help="Only this officer's.")
@click.option("--symbol", metavar="NAME", help="Only in this symbol, by the Director's name.")
@click.option("--state", metavar="STATE", help="Only in this state, such as WORKING or UNKNOWN.")
@click.option("--since", type=MOMENT, metavar="TIME", help="Only those received since then (UTC).")
@click.option("--last", type=DURATION, metavar="DURATION", help="Only those of the last 30min, 2h or 7d.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=queries.PAGE,
    show_default=True,
    metavar="NUMBER",
    help="Most directives to list: the newest.",
)
@click.option(
    "--before", type=click.IntRange(min=1), metavar="PLACE", help="Only those before this place in the inbox."
)
@json_option
@with_journal
def list_directives(
    path: Path,
    officer: str | None,
    symbol: str | None,
    state: str | None,
    since: datetime | None,
    last: timedelta | None,
    limit: int,
    before: int | None,
    as_json: bool,
) -> None:
    """List the newest directives, oldest of them first. The last line says how to list those before them."""
    if since is not None and last is not None:
        raise click.UsageError("--since and --last exclude each other; give one of them.")
    with journal_at(path) as db:
        rows = queries.directives(
            db,
            officer=officer,
            symbol=symbol,
            state=state,
            since=SystemClock().now() - last if last is not None else since,
            before=before,
            limit=limit,
        )
    if as_json:
        _print_json(rows)
        return
    several = len({row.officer for row in rows}) > 1
    print_table(
        f"{len(rows)} directives" + (f" of {rows[0].officer}" if rows and not several else ""),
        ("place", "received (UTC)", "officer", "directive", "what", "state", "undelivered", "error"),
        (
            (
                str(row.place),
                clock_time(row.received_at, fraction=False),
                row.officer if several else "",
                row.directive_id,
                what(row),
                row.state,
                str(row.undelivered or ""),
                row.error_message,
            )
            for row in rows
        ),
    )
    if len(rows) == limit:
        click.echo(f"There may be more: list them with --before {rows[0].place}, and the same other options.")


@journal.command()
@click.argument("directive_id")
@click.option("--officer", metavar="ID", help="Officer, where several have a directive with that id.")
@json_option
@with_journal
def show(path: Path, directive_id: str, officer: str | None, as_json: bool) -> None:
    """Show every step of a directive, with its time."""
    with journal_at(path) as db:
        rows = queries.timeline(db, directive_id, officer)
    if not rows:
        raise Failure(
            ExitCode.FAILED,
            f'unknown directive "{directive_id}": the journal {path} does not have it; '
            "'execution-officer journal list' shows all",
        )
    if as_json:
        _print_json(rows)
        return
    print_table(
        f"Directive {directive_id}",
        ("seq", "time (UTC)", "step", "what", "content"),
        ((str(row.seq), clock_time(row.at), row.kind, row.subject, content(row.body)) for row in rows),
    )


@journal.command()
@json_option
@with_journal
def undelivered(path: Path, as_json: bool) -> None:
    """List the events that the Director has not accepted."""
    with journal_at(path) as db:
        rows = queries.undelivered(db)
    if as_json:
        _print_json(rows)
        return
    print_table(
        f"{len(rows)} undelivered events",
        (
            "id",
            "created (UTC)",
            "officer",
            "directive",
            "event",
            "state",
            "refusals",
            "dismissed (UTC)",
            "last error",
        ),
        (
            (
                str(row.id),
                clock_time(row.created_at, fraction=False),
                row.officer,
                row.directive_id or "",
                row.event_type,
                row.state,
                str(row.refusals or ""),
                clock_time(row.dismissed_at, fraction=False) if row.dismissed_at else "",
                row.last_error,
            )
            for row in rows
        ),
    )


@journal.command()
@json_option
@with_journal
def verify(path: Path, as_json: bool) -> ExitCode:
    """Verify the audit's hash chain, compare the tables with it, and check all else that a start checks.

    Exit status 12: the chain is broken, or a table differs from the audit. 7: the next start will refuse the
    journal.
    """
    with journal_at(path) as db:
        verdict = queries.verify(db)
    if not verdict.broken and not verdict.differs:
        # All else that the next start will check: pages, schema, words, mark.
        check(path)
    if as_json:
        _print_json(verdict)
    elif verdict.broken:
        click.echo(f"The audit's hash chain is broken: {verdict.broken}. Restore a backup to compare.")
    else:
        click.echo(f"The audit's hash chain is intact: {verdict.rows} rows.")
    if not as_json and verdict.differs:
        click.echo(f"A table differs from the audit: {verdict.differs}.")
    if not as_json and verdict.foreign:
        click.echo(f"Not the bridge's own, and left alone: {', '.join(verdict.foreign)}.")
    return ExitCode.CHAIN_BROKEN if verdict.broken or verdict.differs else ExitCode.OK


@journal.command()
@click.argument("target", type=FILE, metavar="FILE")
@json_option
@with_journal
def backup(path: Path, target: Path, as_json: bool) -> None:
    """Write a checked copy of the journal to a new FILE. The sidecar may run meanwhile.

    The copy is one state of the journal, complete as a single file, and can be restored under the journal's name. A
    file that exists is never overwritten.

    Example: execution-officer journal backup journal-2026-11-29.db
    """
    if sys.platform == "win32" and (found := windows_paths.copy_problem(str(target))):
        rule, remedy = found
        raise Failure(ExitCode.FAILED, f"the backup {target} {rule}; {remedy}")
    begun = SystemClock().now()
    made = back_up(path, target)
    try:
        backup_note.write(path, BackupNote(file=str(target.absolute()), bytes=made.bytes, at=begun))
    except OSError as error:
        click.echo(f"The backup is whole. 'execution-officer doctor' will not know of it: {error}", err=True)
    if as_json:
        _print_json(made)
        return
    click.echo(f"{made.file}: {made.bytes:,} bytes, {made.audit_rows:,} rows of the audit, checked.")


def _print_json(value: object) -> None:
    click.echo(msgspec.json.encode(value))
