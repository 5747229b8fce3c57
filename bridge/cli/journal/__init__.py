"""`execution-officer journal`: show, export and copy the journal. Its file changes by a restore alone."""

from pathlib import Path
from typing import Final

import click

from bridge.cli.group import Group, LazyCommands, Place
from bridge.cli.journal.file import JournalFile, config_option, path_option

COMMANDS: Final = {
    "list": Place(
        "bridge.cli.journal.lists", "List the newest directives, oldest of them first.", "list_directives"
    ),
    "show": Place("bridge.cli.journal.lists", "Show every step of a directive, with its time."),
    "undelivered": Place("bridge.cli.journal.lists", "List the events that the Director has not accepted."),
    "export": Place(
        "bridge.cli.journal.export",
        "Write directives, events or deals to FILE, for a spreadsheet or a program.",
        "export_rows",
    ),
    "report": Place(
        "bridge.cli.journal.report",
        "Report on a day, a week or a month: directives, fills, slippage, times, rejections, money.",
        "report_period",
    ),
    "verify": Place(
        "bridge.cli.journal.copies",
        "Verify the audit's hash chain, compare the tables with it, and check all else that a start checks.",
    ),
    "backup": Place(
        "bridge.cli.journal.copies",
        "Write a checked copy of the journal to a new FILE.",
    ),
    "restore": Place(
        "bridge.cli.journal.copies",
        "Put the backup FILE in the journal's place, while no sidecar runs.",
        "restore_backup",
    ),
}
"""Every command, in the order of --help, which imports none of them."""


@click.group(cls=Group, commands=LazyCommands(COMMANDS))
@config_option
@path_option
@click.pass_context
def journal(context: click.Context, config_path: Path | None, journal_path: Path | None) -> None:
    """Show the journal: directives, their steps, undelivered events, and the audit; back it up.

    The journal is only read, but by 'restore'. The sidecar may run meanwhile.
    """
    context.obj = JournalFile(config_path, journal_path)
