"""Groups of commands: refuse an unknown command by name, and import a command only where it is used."""

import importlib
from collections.abc import Iterator, Mapping, MutableMapping
from typing import NamedTuple

import click


class Place(NamedTuple):
    """Place of a command, and its line in --help: so that the list of all imports none of them."""

    module: str
    line: str
    function: str = ""
    """Name of its function, where that is not its own name with underscores."""


class LazyCommands(MutableMapping[str, click.Command]):
    """Commands by name, each imported when it is used first."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self.places = dict(places)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            place = self.places[name]
            module = importlib.import_module(place.module)
            self._loaded[name] = getattr(module, place.function or name.replace("-", "_"))
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        self.places.pop(name, None)
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self.places | self._loaded)

    def __len__(self) -> int:
        return len(self.places | self._loaded)


class Group(click.Group):
    """Click group whose commands keep their order, and whose error for an unknown one lists the known ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of the commands. The lines of lazy ones are known without them."""
        places = self.commands.places if isinstance(self.commands, LazyCommands) else {}
        limit = formatter.width - 6 - max((len(name) for name in self.commands), default=0)
        rows = []
        for name in self.commands:
            place = places.get(name)
            # A command without a body: click itself shortens the line.
            command = self.commands[name] if place is None else click.Command(name, help=place.line)
            rows.append((name, command.get_short_help_str(limit)))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names. Raises click.UsageError for an unknown one."""
        name = args[0]
        if name not in self.commands and not name.startswith("-"):
            raise click.UsageError(f'unknown command "{name}"; supported: {", ".join(self.commands)}', ctx)
        return super().resolve_command(ctx, args)
