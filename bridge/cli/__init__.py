"""The command line. Each command is a module of its own here, and returns None or an ExitCode."""

import sys
from collections.abc import Sequence

import click

from bridge import __version__
from bridge.cli.dismiss import dismiss
from bridge.cli.expert import expert
from bridge.cli.failure import report
from bridge.cli.flatten import flatten
from bridge.cli.halt import halt
from bridge.cli.journal import journal
from bridge.cli.rebind import rebind
from bridge.cli.resolve import resolve
from bridge.cli.resume import resume
from bridge.cli.retry import retry
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
    """Whether --debug was given: known inside the group, wanted where its errors end up."""

    on = False


@click.group(
    epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name=_PROGRAM)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--log-json", is_flag=True, help="Log JSON lines, on a terminal too.")
@click.option(
    "--log-level",
    type=click.Choice([level.value for level in LogLevel], case_sensitive=False),
    default=LogLevel.INFO.value,
    show_default=True,
    help="The least weight that is logged.",
)
@click.pass_obj
def cli(state: _Debug, debug: bool, log_json: bool, log_level: str) -> None:
    """Carry trade directives from a Director API to MetaTrader 5, and report what became of them.

    Answers go to stdout, the log goes to stderr: text on a terminal, JSON lines elsewhere.
    """
    state.on = debug
    set_up(LogLevel(log_level), json_lines=log_json)


cli.add_command(setup)
cli.add_command(run)
cli.add_command(status)
cli.add_command(halt)
cli.add_command(resume)
cli.add_command(flatten)
cli.add_command(resolve)
cli.add_command(retry)
cli.add_command(dismiss)
cli.add_command(journal)
cli.add_command(rebind)
cli.add_command(expert)
cli.add_command(reference_terminal)
cli.add_command(simulated_broker)
cli.add_command(sandbox_director)


def invoke(arguments: Sequence[str]) -> int:
    """Run a command line, and return its exit status. Errors are reported on stderr, and end here."""
    state = _Debug()
    try:
        code = cli.main(list(arguments), prog_name=_PROGRAM, standalone_mode=False, obj=state)
    except click.Abort:  # click's word for Ctrl-C
        return ExitCode.INTERRUPTED
    except Exception as error:
        return report(error, debug=state.on)
    return code if isinstance(code, int) else ExitCode.OK


def main() -> None:
    """The entry point of `execution-officer` and of `python -m bridge`."""
    sys.exit(invoke(sys.argv[1:]))
