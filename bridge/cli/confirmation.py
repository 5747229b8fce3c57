"""Confirmation by a person, before what a command cannot take back."""

import sys

import click


def confirm(question: str, *, err: bool = False) -> None:
    """Return once the question is agreed to. Raises click.Abort for another answer, and where there is none.

    `err`: it is asked on stderr.
    """
    try:
        agreed = click.confirm(question, err=err)
    except click.Abort:
        if not sys.stdin.isatty():
            click.echo("\nError: stdin is no terminal, so that nobody can be asked; give --yes", err=True)
        raise
    if not agreed:
        raise click.Abort
