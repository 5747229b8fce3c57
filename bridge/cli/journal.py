"""`execution-officer journal`: show and back up the journal. Reads only; the sidecar may run meanwhile."""

import sys
from pathlib import Path

import click
import msgspec

from bridge.cli.failure import Failure
from bridge.cli.group import Group
from bridge.cli.options import FILE, json_option
from bridge.cli.reading import journal_at
from bridge.cli.tables import print_table
from bridge.clock import SystemClock
from bridge.config import load, windows_paths
from bridge.exits import ExitCode
from bridge.journal.database import backup_note
from bridge.journal.database.backup import back_up
from bridge.journal.database.backup_note import BackupNote
from bridge.journal.database.file import check
from bridge.journal.views import lists as queries

_SHOWN = 160
"""Characters of a body that the timeline shows. --json has all of it."""


@click.group(cls=Group)
@click.option(
    "--config", "config_path", type=FILE, metavar="FILE", help="Configuration that names the journal."
)
@click.option("--path", type=FILE, metavar="FILE", help="The journal's file, instead of a configuration.")
@click.pass_context
def journal(context: click.Context, config_path: Path | None, path: Path | None) -> None:
    """Show the journal: directives, their steps, undelivered events, and the audit; back it up.

    The journal is only read. The sidecar may run meanwhile.
    """
    if config_path is not None and path is not None:
        raise click.UsageError("--config and --path exclude each other; give one of them.")
    context.obj = path or load(config_path or Path("bridge.toml")).journal


@journal.command("list")
@click.option("--officer", metavar="ID", help="Only this officer's.")
@click.option("--state", metavar="STATE", help="Only in this state, such as WORKING or UNKNOWN.")
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
@click.pass_obj
def list_directives(
    path: Path, officer: str | None, state: str | None, limit: int, before: int | None, as_json: bool
) -> None:
    """List the newest directives, oldest of them first. The last line says how to list those before them."""
    with journal_at(path) as db:
        rows = queries.directives(db, officer=officer, state=state, before=before, limit=limit)
    if as_json:
        _print_json(rows)
        return
    print_table(
        f"{len(rows)} directives",
        (
            "place",
            "received",
            "officer",
            "directive",
            "action",
            "symbol",
            "state",
            "commands",
            "events",
            "undelivered",
            "error",
        ),
        (
            (
                str(row.place),
                row.received_at,
                row.officer,
                row.directive_id,
                row.action or "",
                row.symbol or "",
                row.state,
                str(row.commands),
                str(row.events),
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
@click.pass_obj
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
        ("seq", "time", "step", "what", "body"),
        ((str(row.seq), row.at, row.kind, row.subject, _short(row.body)) for row in rows),
    )


@journal.command()
@json_option
@click.pass_obj
def undelivered(path: Path, as_json: bool) -> None:
    """List the events that the Director has not accepted."""
    with journal_at(path) as db:
        rows = queries.undelivered(db)
    if as_json:
        _print_json(rows)
        return
    print_table(
        f"{len(rows)} undelivered events",
        ("id", "created", "officer", "directive", "event", "state", "refusals", "dismissed", "last error"),
        (
            (
                str(row.id),
                row.created_at,
                row.officer,
                row.directive_id or "",
                row.event_type,
                row.state,
                str(row.refusals or ""),
                row.dismissed_at or "",
                _short(row.last_error),
            )
            for row in rows
        ),
    )


@journal.command()
@json_option
@click.pass_obj
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
@click.pass_obj
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


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
