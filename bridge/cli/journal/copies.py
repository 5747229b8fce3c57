"""`execution-officer journal verify`, `backup` and `restore`."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
import msgspec
from sqlite_utils import Database

from bridge.cli.confirmation import confirm
from bridge.cli.failure import Failure
from bridge.cli.journal.file import with_journal
from bridge.cli.options import FILE, json_option
from bridge.clock import SystemClock
from bridge.config import windows_paths
from bridge.exits import ExitCode
from bridge.journal.database import audit, backup_note
from bridge.journal.database.backup import back_up
from bridge.journal.database.backup_folder import Retention, file_in, superfluous
from bridge.journal.database.backup_note import BackupNote
from bridge.journal.database.file import check
from bridge.journal.database.restore import restore
from bridge.journal.tables import officers
from bridge.journal.views import lists
from bridge.journal.views.status import status as status_of
from bridge.status.reading import journal_at
from bridge.status.texts import printable

_MOST_DAYS: Final = 36_500


@click.command()
@json_option
@with_journal
def verify(path: Path, as_json: bool) -> ExitCode:
    """Verify the audit's hash chain, compare the tables with it, and check all else that a start checks.

    Exit status 12: the chain is broken, or a table differs from the audit. 7: the next start will refuse the
    journal.
    """
    with journal_at(path) as db:
        verdict = lists.verify(db)
    if not verdict.broken and not verdict.differs:
        # All else that the next start will check: pages, schema, words, mark.
        check(path)
    if as_json:
        click.echo(msgspec.json.encode(verdict))
    elif verdict.broken:
        click.echo(
            printable(f"The audit's hash chain is broken: {verdict.broken}. Restore a backup to compare.")
        )
    else:
        click.echo(f"The audit's hash chain is intact: {verdict.rows} rows.")
    if not as_json and verdict.differs:
        click.echo(printable(f"A table differs from the audit: {verdict.differs}."))
    if not as_json and verdict.foreign:
        click.echo(printable(f"Not the bridge's own, and left alone: {', '.join(verdict.foreign)}."))
    return ExitCode.CHAIN_BROKEN if verdict.broken or verdict.differs else ExitCode.OK


@click.command()
@click.argument("target", type=FILE, metavar="FILE")
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="NUMBER",
    help="FILE is a folder: keep so many of the newest backups in it.",
)
@click.option(
    "--keep-days",
    type=click.IntRange(min=1, max=_MOST_DAYS),
    metavar="DAYS",
    help="FILE is a folder: keep the backups of the last so many days.",
)
@json_option
@with_journal
def backup(path: Path, target: Path, keep: int | None, keep_days: int | None, as_json: bool) -> None:
    """Write a checked copy of the journal to a new FILE. The sidecar may run meanwhile.

    The copy is one state of the journal, complete as a single file, and can be restored. A file that exists is
    never overwritten. Where FILE is a folder, the copy is named by its time.

    With --keep or --keep-days the backups in the folder that neither keeps are removed, once the new one is whole.

    Example: execution-officer journal backup --keep 7 --keep-days 30 /backup/journal
    """
    retention, folder = Retention(newest=keep, days=keep_days), target
    begun = SystemClock().now()
    if target.is_dir():
        target = file_in(folder, path, begun)
    elif retention != Retention():
        raise click.UsageError(
            f"--keep and --keep-days are for a folder, and {target} is none; make it first."
        )
    if sys.platform == "win32" and (found := windows_paths.copy_problem(str(target))):
        rule, remedy = found
        raise Failure(ExitCode.FAILED, f"the backup {target} {rule}; {remedy}")
    made = back_up(path, target)
    try:
        backup_note.write(path, BackupNote(file=str(target.absolute()), bytes=made.bytes, at=begun))
    except OSError as error:
        click.echo(f"The backup is whole. 'execution-officer doctor' will not know of it: {error}", err=True)
    if as_json:
        click.echo(msgspec.json.encode(made))
    else:
        click.echo(f"{made.file}: {made.bytes:,} bytes, {made.audit_rows:,} rows of the audit, checked.")
    if retention != Retention():
        _remove(superfluous(folder.iterdir(), path, retention, begun))


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        try:
            file.unlink()
        except OSError as error:
            click.echo(
                f"The backup {file} is not needed any more, and cannot be removed: {error.strerror}", err=True
            )
        else:
            click.echo(f"{file}: removed.", err=True)


@click.command("restore")
@click.argument("source", type=FILE, metavar="FILE")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@with_journal
def restore_backup(path: Path, source: Path, yes: bool, as_json: bool) -> None:
    """Put the backup FILE in the journal's place, while no sidecar runs.

    It is checked as 'journal verify' does, and copied; FILE itself stays. The journal that it replaces is kept
    beside it under another name, with its write-ahead log. A log that was left over is moved away, too.

    Example: execution-officer journal restore /backup/journal/journal-20261130T200000Z.db
    """

    def agreed(staged: Path) -> bool:
        with journal_at(staged) as db:
            for line in _outlook(db, staged):
                click.echo(printable(line), err=True)
        if not yes:
            confirm(f"Put it in the place of {path}?", err=True)
        return True

    done = restore(source, path, SystemClock().now(), agreed=agreed)
    if done is None:
        raise click.Abort
    if as_json:
        click.echo(msgspec.json.encode(done))
        return
    click.echo(
        f"{done.file}: {done.bytes:,} bytes, {done.audit_rows:,} rows of the audit, restored and checked."
    )
    for kept in done.kept:
        click.echo(f"{kept}: kept.")
    click.echo("Next: start the sidecar, connect the terminal, then run 'execution-officer recover'.")


def _outlook(db: Database, staged: Path) -> Iterator[str]:
    """Yield the state of the backup, and what will happen once terminals connect."""
    status = status_of(db, staged)
    yield f"The backup is of {audit.last_at(db.conn) or 'a journal without any entry'}."
    marks = officers.ledger_marks(db.conn)
    for each in status.officers:
        if each.officer not in marks:
            yield f"{each.officer}: bound to no terminal yet; its first terminal binds it."
            continue
        yield (
            f"{each.officer}: account {each.login} at {each.server}. Where the terminal's ledger goes beyond mark "
            f"{marks[each.officer]}, orders were sent after this backup: at its handshake the officer is "
            "quarantined, and nothing is sent until 'recover' and 'rebind'."
        )
        yield (
            f"{each.officer}: {_counted(each.events_queued, 'event')} will be posted, each under its earlier key. "
            f"{_counted(each.directives_waiting, 'directive')} and "
            f"{_counted(each.commands_planned + each.commands_in_flight, 'command')} wait: the broker is searched "
            "for each before anything is sent."
        )
    if status.unresolved:
        yield f"{_counted(len(status.unresolved), 'command')} of open outcome will be asked about again."
    yield "A directive that the Director still lists is compared with the broker before it is sent."


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
