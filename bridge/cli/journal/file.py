"""Options that name the journal's file, before the subcommand of `journal` or behind it. --help reads no file."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
from msgspec import Struct

from bridge.cli.options import DEFAULT_CONFIG, FILE

R = TypeVar("R")

config_option = click.option(
    "--config", "config_path", type=FILE, metavar="FILE", help="Configuration that names the journal."
)
path_option = click.option(
    "--path",
    "journal_path",
    type=FILE,
    metavar="FILE",
    help="The journal's file, instead of a configuration.",
)


class JournalFile(Struct, frozen=True):
    """Options that name the journal; None for one that is not given."""

    config: Path | None
    path: Path | None

    def find(self) -> Path:
        """Return the journal's path. Raises click.UsageError for both options, and ConfigError."""
        if self.config is not None and self.path is not None:
            raise click.UsageError("--config and --path exclude each other; give one of them.")
        if self.path is not None:
            return self.path
        # Not at the top: --help needs no configuration.
        from bridge.config import load

        return load(self.config or DEFAULT_CONFIG).journal


def with_journal(command: Callable[..., R]) -> Callable[..., R]:
    """Give a subcommand both options, and its function the journal's `path`. What stands behind the subcommand
    counts."""

    def found(
        before: JournalFile, /, config_path: Path | None, journal_path: Path | None, **arguments: object
    ) -> R:
        behind = JournalFile(config_path, journal_path)
        return command((before if behind == JournalFile(None, None) else behind).find(), **arguments)

    # With its name, its help and the options that it has already.
    functools.update_wrapper(found, command)
    return config_option(path_option(click.pass_obj(found)))
