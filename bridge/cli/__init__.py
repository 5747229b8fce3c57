"""Command line of execution-officer. Each command is a module and returns None or an ExitCode."""

import io
import sys
from collections.abc import Sequence
from typing import TextIO

import click

from bridge import __version__
from bridge.cli import operator
from bridge.cli.expert import expert
from bridge.cli.failure import report
from bridge.cli.group import Group
from bridge.cli.journal import journal
from bridge.cli.run import run
from bridge.cli.sandbox import sandbox_director
from bridge.cli.setup import setup
from bridge.cli.simulator import reference_terminal, simulated_broker
from bridge.cli.status import status
from bridge.exits import ExitCode
from bridge.logs import LogLevel, set_up

_PROGRAM = "execution-officer"
_EPILOG = "\b\nExit status:\n" + "\n".join(f"  {code.value:>3}  {code.meaning}" for code in ExitCode)


class _Debug:
    """Value of --debug: parsed inside the group, used outside of it where errors end."""

    on = False


@click.group(
    cls=Group,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name=_PROGRAM)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--log-json", is_flag=True, help="Log JSON lines, on a terminal too.")
@click.option(
    "--log-level",
    type=click.Choice([level.value for level in LogLevel], case_sensitive=False),
    default=LogLevel.INFO.value,
    show_default=True,
    help="Lowest level that is logged.",
)
@click.pass_obj
def cli(state: _Debug, debug: bool, log_json: bool, log_level: str) -> None:
    """Carry trade directives from a Director API to MetaTrader 5, and report their outcome.

    Answers go to stdout. The log goes to stderr: text on a terminal, JSON lines elsewhere.
    """
    state.on = debug
    set_up(LogLevel(log_level), json_lines=log_json)


for _command in (
    setup,
    run,
    status,
    *operator.COMMANDS,
    journal,
    expert,
    reference_terminal,
    simulated_broker,
    sandbox_director,
):
    cli.add_command(_command)


def invoke(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status. Every error is reported on stderr, and none is raised."""
    state = _Debug()
    try:
        code = cli.main(list(arguments), prog_name=_PROGRAM, standalone_mode=False, obj=state)
    except click.Abort:  # raised by click for Ctrl-C
        return ExitCode.INTERRUPTED
    except Exception as error:
        return report(error, debug=state.on)
    return code if isinstance(code, int) else ExitCode.OK


def _escape_unencodable(*streams: TextIO) -> None:
    """Let each stream escape what its encoding lacks: a command that has done its work must not fail at its answer.

    On Windows a pipe or a file has the code page's encoding, and a Director or broker writes some of the texts.
    """
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> None:
    """Run the command line of this process: entry point of `execution-officer` and `python -m bridge`."""
    _escape_unencodable(sys.stdout, sys.stderr)
    sys.exit(invoke(sys.argv[1:]))
