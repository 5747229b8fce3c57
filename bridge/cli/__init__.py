"""Command line of execution-officer. Each command is a module and returns None or an ExitCode."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TextIO, TypeVar, cast

import click

from bridge import __version__
from bridge.cli.group import Group, LazyCommands, Place
from bridge.exits import ExitCode
from bridge.log_codes import LogLevel

F = TypeVar("F", bound=Callable[..., Any])

COMMANDS: Final = {
    "init": Place("bridge.cli.init", "Make a new installation: configuration, journal and link keys."),
    "setup": Place(
        "bridge.cli.setup", "Create the journal, the link keys and the page key of a configuration."
    ),
    "run": Place("bridge.cli.run", "Run the sidecar until SIGTERM or Ctrl-C."),
    "status": Place(
        "bridge.cli.status",
        "Show the state of sidecar, terminals and journal, whether the sidecar runs or not.",
    ),
    "doctor": Place(
        "bridge.cli.doctor",
        "Check everything that trading needs, and show the remedy of what is wrong.",
    ),
    "halt": Place("bridge.cli.operator.halt", "Refuse opens until 'execution-officer resume'."),
    "resume": Place(
        "bridge.cli.operator.resume",
        "Lift halts, those of 'halt' and 'flatten' and those that the bridge set by itself.",
    ),
    "flatten": Place(
        "bridge.cli.operator.flatten",
        "Close all positions and cancel all pending orders of the bridge, and halt.",
    ),
    "resolve": Place(
        "bridge.cli.operator.resolve", "State the outcome of an unresolved command of DIRECTIVE_ID."
    ),
    "writeoff": Place(
        "bridge.cli.operator.writeoff",
        "End POSITION in the journal: the broker no longer has it, and shows no deal that closed it.",
    ),
    "retry": Place("bridge.cli.operator.retry", "Offer events again that the Director refused for good."),
    "dismiss": Place(
        "bridge.cli.operator.dismiss", "Mark the refused events of each DIRECTIVE, or --all, as seen."
    ),
    "recover": Place(
        "bridge.cli.operator.recover", "Show the orders of ours that the journal lacks, after a loss."
    ),
    "rebind": Place("bridge.cli.operator.rebind", "Lift the quarantine of an officer."),
    "journal": Place(
        "bridge.cli.journal",
        "Show the journal: directives, their steps, undelivered events, and the audit; back it up.",
    ),
    "expert": Place(
        "bridge.cli.expert", "Install the Expert Advisor in a terminal, or copy its sources into FOLDER."
    ),
    "alerts": Place("bridge.cli.alerts", "Try out the messages of [alerts]."),
    "service": Place("bridge.cli.service", "Install the sidecar as a service, start it and stop it."),
    "reference-terminal": Place("bridge.cli.simulator", "Run a reference terminal until Ctrl-C."),
    "simulated-broker": Place("bridge.cli.simulator", "Run a simulated broker until Ctrl-C."),
    "sandbox-director": Place("bridge.cli.sandbox", "Run a sandbox Director until Ctrl-C."),
}
"""Every command, in the order of --help, which imports none of them: that would take most of a second."""
_PROGRAM = "execution-officer"
_EPILOG = "\b\nExit status:\n" + "\n".join(f"  {code.value:>3}  {code.meaning}" for code in ExitCode)


class _Debug:
    """Value of --debug: parsed inside the group, used outside of it where errors end."""

    on = False


def _number(name: str, metavar: str, default: int, most: int, text: str) -> Callable[[F], F]:
    """Return an option that takes a whole number from 1 on."""
    return click.option(
        name,
        type=click.IntRange(1, most),
        default=default,
        show_default=True,
        metavar=metavar,
        help=text,
    )


@click.group(
    cls=Group,
    commands=LazyCommands(COMMANDS),
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
@click.option(
    "--log-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Append the log and errors to FILE, not to stderr: for a service manager that keeps no log.",
)
@_number("--log-file-size", "MB", 10, 10_000, "Size at which FILE becomes FILE.1, and a new one is begun.")
@_number("--log-file-keep", "NUMBER", 5, 1_000, "Old files that are kept: FILE.1 is the newest.")
@click.pass_obj
def cli(
    state: _Debug,
    debug: bool,
    log_json: bool,
    log_level: str,
    log_file: Path | None,
    log_file_size: int,
    log_file_keep: int,
) -> None:
    """Carry trade directives from a Director API to MetaTrader 5, and report their outcome.

    Answers go to stdout. The log goes to stderr: text on a terminal, JSON lines elsewhere.
    """
    # Not at the top: for --help it is not needed.
    from bridge.logs import set_up

    state.on = debug
    if log_file is not None:
        sys.stderr = _appending(log_file, log_file_size, log_file_keep)
    set_up(LogLevel(log_level), json_lines=log_json)


def _appending(path: Path, megabytes: int, keep: int) -> TextIO:
    """Return the log file, opened. Raises click.UsageError."""
    # Not at the top: for --help it is not needed.
    from bridge.journal.database.header import begins_as_database
    from bridge.log_file import MEGABYTE, LogFile

    try:
        if path.is_file() and begins_as_database(path):
            raise click.UsageError(f"--log-file {path} is a database, such as a journal; name another file.")
        return cast(TextIO, LogFile(path, max_bytes=megabytes * MEGABYTE, kept=keep))
    except OSError as error:
        raise click.UsageError(
            f"--log-file {path} cannot be written: {error.strerror}; name another file."
        ) from error


def invoke(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit status. Every error is reported on stderr, and none is raised."""
    state = _Debug()
    try:
        code = cli.main(list(arguments), prog_name=_PROGRAM, standalone_mode=False, obj=state)
    except click.Abort:  # raised by click for Ctrl-C
        return ExitCode.INTERRUPTED
    except Exception as error:
        # Not at the top: it knows the errors of every part of the program.
        from bridge.cli.failure import report

        return report(error, debug=state.on)
    return code if isinstance(code, int) else ExitCode.OK


def _open_absent_streams() -> None:
    """Open the null device for each standard stream that is absent, as in some services and under pythonw.exe."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # open as long as the process


def _escape_unencodable(*streams: TextIO) -> None:
    """Let each stream escape what its encoding lacks: a command that has done its work must not fail at its answer.

    On Windows a pipe or a file has the code page's encoding, and a Director or broker writes some of the texts.
    """
    for stream in streams:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> None:
    """Run the command line of this process: entry point of `execution-officer` and `python -m bridge`."""
    _open_absent_streams()
    _escape_unencodable(sys.stdout, sys.stderr)
    sys.exit(invoke(sys.argv[1:]))
