"""Presentation of a halt or flatten that is in force before the journal has it."""

import click

from bridge.status.texts import printable


def show_not_stored(why: str) -> None:
    """Print that the journal does not have it yet, and what that means; nothing for an empty reason."""
    if why:
        click.echo(
            printable(
                f"It is in force in the running sidecar, and not in the journal yet: {why}. It is stored, and what "
                "is to be closed is sent, as soon as the journal can be written; if the sidecar ends before, it is "
                "lost: give the command again before the next start. "
                "'execution-officer status' shows it until it is stored."
            ),
            err=True,
        )
