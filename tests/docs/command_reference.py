"""Reference of the commands: each one's --help, as it is printed."""

from collections.abc import Iterator
from typing import Any, Final

import click

from bridge.cli import cli

PROGRAM: Final = "execution-officer"
WIDTH: Final = 100
"""Columns; a narrower terminal wraps the lines sooner."""


def command_reference() -> str:
    """Return a section for each command, in the order of --help."""
    return "".join(_section(command, context) for command, context in commands(cli, None, PROGRAM))


def commands(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[tuple[click.Command, click.Context]]:
    """Yield the command and all below it, each with the context in which its help is printed."""
    settings: dict[str, Any] = dict(command.context_settings)
    settings["terminal_width"] = WIDTH
    context = click.Context(command, info_name=name, parent=parent, **settings)
    yield command, context
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            yield from commands(command.commands[child], context, child)


def _section(command: click.Command, context: click.Context) -> str:
    depth = context.command_path.count(" ")
    mark = "#" * (1 + max(depth, 1))
    return f"{mark} `{context.command_path}`\n\n```\n{command.get_help(context)}\n```\n\n"
