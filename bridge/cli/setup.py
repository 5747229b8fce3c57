"""`execution-officer setup`: create the journal and link keys of a configuration. Nothing is overwritten."""

import os
import sqlite3
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

import click
from msgspec import Struct

from bridge import ownership
from bridge.cli.failure import Failure
from bridge.cli.new_configuration import example as example_text
from bridge.cli.next_steps import next_steps, trial_steps
from bridge.cli.options import config_option
from bridge.cli.tables import print_rows
from bridge.config import Config, load
from bridge.exits import ExitCode
from bridge.journal.database.file import check, create
from bridge.keys import create_link_key, create_page_key, link_key_path, load_link_key, load_page_key
from bridge.status.command_lines import WINDOWS, CommandLines


class State(StrEnum):
    """Result for one file."""

    MADE = "created"
    THERE = "exists"


class Thing(Struct, frozen=True):
    """File that a configuration names."""

    what: str
    state: State
    path: Path


@click.command()
@config_option
@click.option("--example", is_flag=True, help="Write an example configuration to FILE and exit.")
@click.option("--new-journal", is_flag=True, help="Create a journal although there are traces of a lost one.")
def setup(config_path: Path, example: bool, new_journal: bool) -> None:
    """Create the journal, the link keys and the page key of a configuration.

    Existing files are never overwritten, so it can be run again at any time, for
    example after an officer was added.
    """
    if example:
        show([_write_example(config_path)])
        line = CommandLines(config=str(config_path)).named("setup")
        click.echo(f"\nEdit it, then run: {line}")
        return
    config = load(config_path)
    show(set_up(config, new_journal=new_journal))
    show_next_steps(config)


def set_up(config: Config, *, new_journal: bool = False) -> list[Thing]:
    """Create missing files, the journal first, and return all of them with their state.

    Existing files are checked before anything is created. Raises JournalError, LinkKeyFileError and PageKeyError
    for existing files that cannot be used, and Failure.
    """
    keys = {officer.id: link_key_path(config.journal, officer.id) for officer in config.settings.officers}
    present = [path for path in keys.values() if is_there(path)]
    for path in present:
        load_link_key(path)
    page_key = config.page_key_file
    if page_key is not None and is_there(page_key):
        load_page_key(page_key)
    if config.journal.is_dir():
        raise Failure(ExitCode.CONFIG, f"journal.path = {config.journal}: is a folder; name a file in it")
    if is_there(config.journal):
        check(config.journal)
    elif not new_journal:
        _refuse_lost(config.journal, present)
    try:
        # Not left to `create`: with a file in the folder's place it would report an existing journal.
        ownership.make_folder(config.journal.parent)
        things = [Thing("journal", _make(create, config.journal), config.journal)]
        for officer, path in keys.items():
            things.append(Thing(f"link key of {officer}", _make(create_link_key, path), path))
        if page_key is not None:
            things.append(Thing("page key", _make(create_page_key, page_key), page_key))
    except (OSError, sqlite3.Error) as error:
        where = getattr(error, "filename", None) or config.journal
        raise Failure(
            ExitCode.JOURNAL_READ_ONLY,
            f"cannot create {where}: {getattr(error, 'strerror', None) or error}; check the folder's owner, "
            "permissions and free space",
        ) from error
    return things


def _refuse_lost(journal: Path, keys: list[Path]) -> None:
    """Raise Failure if there are traces of a lost journal.

    The journal is created before any key, so a key without a journal is such a trace; so is the file in which
    SQLite keeps the last commits.
    """
    log = journal.with_name(journal.name + "-wal")
    traces = [*keys, log] if log.is_file() and log.stat().st_size else keys
    if traces:
        raise Failure(
            ExitCode.JOURNAL_MISSING,
            f"the journal {journal} does not exist, but {traces[0].name} beside it shows that it did; restore it, "
            "since it records which orders were sent; or, if it never had any, run again with --new-journal",
        )


def _make(maker: Callable[[Path], object], path: Path) -> State:
    try:
        maker(path)
    except FileExistsError:  # it existed, or another set-up was faster
        return State.THERE
    return State.MADE


def is_there(path: Path) -> bool:
    """Return True if something is at the path. A broken symbolic link counts: it would not be overwritten.

    Raises Failure where this user may not look.
    """
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise Failure(
            ExitCode.JOURNAL_READ_ONLY,
            f"cannot look at {path}: {error.strerror}; check the owner and permissions of its folder",
        ) from error
    return True


def _write_example(path: Path) -> Thing:
    """Write the example to `path` unless it exists. Raises Failure."""
    try:
        with path.open("xb") as file:
            file.write(example_text().encode())
    except FileExistsError:
        return Thing("configuration", State.THERE, path)
    except OSError as error:
        raise Failure(ExitCode.CONFIG, f"cannot write {path}: {error.strerror}; check its folder") from error
    return Thing("configuration", State.MADE, path)


def show(things: list[Thing]) -> None:
    """Print each file with its state."""
    print_rows(("what", "state", "file"), [(thing.what, thing.state, str(thing.path)) for thing in things])


def show_next_steps(config: Config) -> None:
    """Print what comes after the set-up, in order."""
    click.echo("\nNext:")
    steps = next_steps(config, windows=WINDOWS, user=os.environ.get("USERNAME", "USER"))
    for number, step in enumerate(steps, 1):
        click.echo(f"{number}. {step}")
    if trial := trial_steps(config, windows=WINDOWS):
        click.echo("\nFor a trial without a Director and MetaTrader, each in a window of its own:")
        for number, step in enumerate(trial, 1):
            click.echo(f"{number}. {step}")
