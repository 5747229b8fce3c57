"""Command lines of the operator commands, one module for each; the recipe is in `bridge.sidecar.operator`."""

from typing import Final

import click

from bridge.cli.operator.dismiss import dismiss
from bridge.cli.operator.flatten import flatten
from bridge.cli.operator.halt import halt
from bridge.cli.operator.rebind import rebind
from bridge.cli.operator.recover import recover
from bridge.cli.operator.resolve import resolve
from bridge.cli.operator.resume import resume
from bridge.cli.operator.retry import retry
from bridge.cli.operator.writeoff import writeoff

COMMANDS: Final[tuple[click.Command, ...]] = (
    halt,
    resume,
    flatten,
    resolve,
    writeoff,
    retry,
    dismiss,
    recover,
    rebind,
)
"""Every operator command, in the order of --help."""
