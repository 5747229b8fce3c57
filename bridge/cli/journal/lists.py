"""`execution-officer journal list`, `show` and `undelivered`. They only read; the sidecar may run meanwhile."""

from datetime import datetime, timedelta
from pathlib import Path

import click
import msgspec

from bridge.cli.failure import Failure
from bridge.cli.journal.file import with_journal
from bridge.cli.moments import DURATION, MOMENT
from bridge.cli.options import json_option
from bridge.cli.tables import print_table
from bridge.clock import SystemClock
from bridge.exits import ExitCode
from bridge.journal.views import lists as queries
from bridge.status.reading import journal_at
from bridge.status.texts import clock_time
from bridge.status.timeline import what


@click.command("list")
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
        click.echo(msgspec.json.encode(rows))
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


@click.command()
@click.argument("directive_id")
@click.option("--officer", metavar="ID", help="Officer, where several have a directive with that id.")
@json_option
@with_journal
def show(path: Path, directive_id: str, officer: str | None, as_json: bool) -> None:
    """Show every step of a directive, with its time."""
    # Not at the top: with it comes the status of the sidecar, which no other list needs.
    from bridge.journal.views.executions import Executions
    from bridge.status.activity import steps_table
    from bridge.status.holders import held, holders_table

    with journal_at(path) as db:
        rows = queries.timeline(db, directive_id, officer)
        executions = Executions(db.conn)
        ways = [
            held(each.received_at, executions.of(each.officer, directive_id))
            for each in queries.one_directive(db, officer, directive_id)
        ]
    if not rows:
        raise Failure(
            ExitCode.FAILED,
            f'unknown directive "{directive_id}": the journal {path} does not have it; '
            "'execution-officer journal list' shows all",
        )
    if as_json:
        click.echo(msgspec.json.encode(rows))
        return
    print_table(*steps_table(directive_id, rows))
    # Of several officers each has a way of its own, and the tables would look alike.
    if len(ways) == 1 and ways[0]:
        print_table(*holders_table(ways[0]))


@click.command()
@json_option
@with_journal
def undelivered(path: Path, as_json: bool) -> None:
    """List the events that the Director has not accepted."""
    with journal_at(path) as db:
        rows = queries.undelivered(db)
    if as_json:
        click.echo(msgspec.json.encode(rows))
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
