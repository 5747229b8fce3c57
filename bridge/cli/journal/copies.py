"""`execution-officer journal verify` and `backup`."""

import sys
from pathlib import Path

import click
import msgspec

from bridge.cli.failure import Failure
from bridge.cli.journal.file import with_journal
from bridge.cli.options import FILE, json_option
from bridge.clock import SystemClock
from bridge.config import windows_paths
from bridge.exits import ExitCode
from bridge.journal.database import backup_note
from bridge.journal.database.backup import back_up
from bridge.journal.database.backup_note import BackupNote
from bridge.journal.database.file import check
from bridge.journal.views import lists
from bridge.status.reading import journal_at


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
        click.echo(f"The audit's hash chain is broken: {verdict.broken}. Restore a backup to compare.")
    else:
        click.echo(f"The audit's hash chain is intact: {verdict.rows} rows.")
    if not as_json and verdict.differs:
        click.echo(f"A table differs from the audit: {verdict.differs}.")
    if not as_json and verdict.foreign:
        click.echo(f"Not the bridge's own, and left alone: {', '.join(verdict.foreign)}.")
    return ExitCode.CHAIN_BROKEN if verdict.broken or verdict.differs else ExitCode.OK


@click.command()
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
        click.echo(msgspec.json.encode(made))
        return
    click.echo(f"{made.file}: {made.bytes:,} bytes, {made.audit_rows:,} rows of the audit, checked.")
