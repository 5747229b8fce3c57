"""`execution-officer expert`: install the Expert Advisor in a terminal, compare it, or copy its sources."""

import os
import subprocess
import sys
from pathlib import Path

import click

from bridge import ownership
from bridge.cli.expert import metaeditor, preset, sources, terminals
from bridge.cli.expert.terminals import Terminal
from bridge.cli.failure import Failure
from bridge.cli.group import Group
from bridge.cli.look import look
from bridge.cli.options import FILE, command_lines, config_option
from bridge.config import Config, load
from bridge.exits import ExitCode
from bridge.keys import link_key_path, load_link_key
from bridge.status.command_lines import CommandLines

_WINDOWS = sys.platform == "win32"


class _Expert(Group):
    """Group whose first argument may be a folder: `expert FOLDER` is `expert copy FOLDER`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        return super().resolve_command(ctx, args if args[0] in self.commands else ["copy", *args])


data_dir_option = click.option(
    "--data-dir",
    type=FILE,
    metavar="FOLDER",
    help="The terminal's data folder, where it is not to be looked for.",
)


@click.group(cls=_Expert, context_settings={"ignore_unknown_options": True})
def expert() -> None:
    """Install the Expert Advisor in a terminal, or copy its sources into FOLDER.

    'expert FOLDER' is 'expert copy FOLDER'.
    """


@expert.command()
@click.argument("folder", type=FILE)
@click.option("--force", is_flag=True, help="Replace existing files.")
def copy(folder: Path, force: bool) -> None:
    """Copy the Expert Advisor's sources into FOLDER.

    FOLDER is the terminal's MQL5 folder: in the terminal, File > Open Data Folder, then MQL5. Compile
    Experts/ExecutionOfficer/ExecutionOfficer.mq5 there with MetaEditor (F7).
    """
    there = [folder / name for name in sources.FOLDERS if (folder / name).exists()]
    if there and not force:
        raise Failure(
            ExitCode.FAILED, f"{there[0]} exists already; give --force to replace it, or move it away"
        )
    if not folder.is_dir():
        raise Failure(
            ExitCode.FAILED,
            f"FOLDER {folder} does not exist; give the MQL5 folder (in the terminal: File > Open Data Folder)",
        )
    _copy(folder)
    click.echo("Next: compile ExecutionOfficer.mq5 in MetaEditor; the README beside it explains its inputs.")


@expert.command()
@config_option
@click.option("--officer", metavar="ID", help="Officer of the terminal, where the configuration has several.")
@data_dir_option
@click.option("--yes", is_flag=True, help="Ask nothing: take the only terminal that is found.")
def install(config_path: Path, officer: str | None, data_dir: Path | None, yes: bool) -> ExitCode:
    """Install the Expert Advisor in a terminal, with a preset of the officer's inputs.

    Terminals are looked for on Windows and in Wine prefixes. The sources there are replaced; the terminal's ledger
    and settings stay. Compiled where the terminal's MetaEditor is on this machine.
    """
    config = load(config_path)
    chosen = _officer(config, officer)
    key = load_link_key(link_key_path(config.journal, chosen))
    terminal = _choose(data_dir, yes=yes)
    _copy(terminal.mql5)
    file = terminal.mql5 / "Presets" / preset.name(chosen)
    _write_private(file, preset.encode(preset.inputs(chosen, key, config.settings.link.endpoint)))
    click.echo(f"wrote {file}, which has the link key: readable by its owner alone")
    compiled = _compile(terminal)
    click.echo("\nNext:")
    for number, step in enumerate(
        _steps(config, chosen, command_lines(config_path), compiled=compiled is True), 1
    ):
        click.echo(f"{number}. {step}")
    return ExitCode.FAILED if compiled is False else ExitCode.OK


@expert.command()
@config_option
@data_dir_option
def status(config_path: Path, data_dir: Path | None) -> ExitCode:
    """Compare what is installed, and what the running terminals said, with the sources of this version.

    Exit status 13 where something differs.
    """
    shipped, differs = sources.shipped_program(), False
    click.echo(f"this version has {shipped}")
    for terminal in [_at(data_dir)] if data_dir else _find():
        changed = sources.different(terminal.mql5)
        installed = (terminal.mql5 / sources.MAIN).exists()
        if not installed:
            verdict = "not installed"
        elif changed:
            again = command_lines(config_path).named("expert install")
            verdict = f"{len(changed)} files differ, such as {changed[0]}; run: {again}"
        elif not sources.is_compiled(terminal.mql5):
            verdict = "the same sources, not compiled since; compile them in MetaEditor (F7)"
        else:
            verdict = "the same sources, compiled"
        differs = differs or (installed and verdict != "the same sources, compiled")
        click.echo(f"{terminal.name}, {terminal.data}: {verdict}")
    journal = look(load(config_path)).journal
    for each in journal.officers if journal else ():
        other = bool(each.program) and each.program != shipped
        differs = differs or other
        said = each.program or "nothing yet"
        click.echo(f"the last terminal of {each.officer} said: {said}{', which is another' if other else ''}")
    return ExitCode.ATTENTION if differs else ExitCode.OK


def _copy(mql5: Path) -> None:
    try:
        for made in sources.copy(mql5):
            click.echo(f"copied {made}")
    except OSError as error:
        raise Failure(
            ExitCode.FAILED, f"cannot write into {mql5}: {error}; check its owner and free space"
        ) from error


def _officer(config: Config, given: str | None) -> str:
    ids = [officer.id for officer in config.settings.officers]
    if given is None and len(ids) == 1:
        return ids[0]
    if given in ids:
        return str(given)
    found = "several officers" if given is None else f'no officer "{given}"'
    raise Failure(
        ExitCode.USAGE, f"the configuration has {found}; give --officer with one of: {', '.join(ids)}"
    )


def _find() -> list[Terminal]:
    return terminals.find(Path.home(), os.environ, windows=_WINDOWS)


def _at(data: Path) -> Terminal:
    terminal = terminals.at(data)
    if terminal is None:
        raise Failure(
            ExitCode.USAGE,
            f"{data} is no data folder of MetaTrader 5: it has no folder MQL5; in the terminal, File > Open Data "
            "Folder shows the right one",
        )
    return terminal


def _choose(data_dir: Path | None, *, yes: bool) -> Terminal:
    """Return the terminal to install in: the given one, the only one, or the one that the operator chooses."""
    if data_dir is not None:
        return _at(data_dir)
    found = _find()
    if not found:
        raise Failure(
            ExitCode.FAILED,
            "no data folder of MetaTrader 5 was found; start the terminal once, or name the folder with --data-dir "
            "(in the terminal: File > Open Data Folder)",
        )
    for number, terminal in enumerate(found, 1):
        click.echo(f"{number}. {terminal.name}: {terminal.data}")
    if yes and len(found) > 1:
        raise Failure(ExitCode.USAGE, f"{len(found)} terminals were found; name the one with --data-dir")
    if yes:
        return found[0]
    number = click.prompt("Install in which terminal", type=click.IntRange(1, len(found)), err=True)
    return found[number - 1]


def _write_private(file: Path, content: bytes) -> None:
    try:
        ownership.make_folder(file.parent)
        file.unlink(missing_ok=True)
        ownership.make_private(file, file.parent)
        file.write_bytes(content)
    except OSError as error:
        raise Failure(ExitCode.FAILED, f"cannot write {file}: {error}; check its folder") from error


def _compile(terminal: Terminal) -> bool | None:
    """Compile, and show the messages. Return False where it failed, None where there is no MetaEditor to run."""
    start = metaeditor.command(terminal.program, windows=_WINDOWS)
    if not start:
        return None
    try:
        log = metaeditor.compile_source(start, terminal.mql5 / sources.MAIN, terminal.mql5)
    except (OSError, subprocess.TimeoutExpired) as error:
        click.echo(f"MetaEditor could not be run: {error}", err=True)
        return False
    for message in log.messages:
        click.echo(message)
    result = (
        "its log has no result" if log.errors is None else f"{log.errors} errors, {log.warnings} warnings"
    )
    click.echo(f"MetaEditor: {result}")
    return log.errors == 0


def _steps(config: Config, officer: str, lines: CommandLines, *, compiled: bool) -> list[str]:
    """Return what remains to be clicked, in order."""
    address = config.settings.link.endpoint.removeprefix("tcp://")
    host = address.rpartition(":")[0]
    compile_step = "In MetaEditor (F4), open Experts/ExecutionOfficer/ExecutionOfficer.mq5 and press F7."
    return [
        *([] if compiled else [compile_step]),
        "In the terminal, Tools > Options > Expert Advisors: tick 'Allow Algo Trading' and 'Allow WebRequest for "
        f"listed URL'; add the rows {host} and {address}, with Enter after each.",
        "File > Exit, and start the terminal again: a killed terminal does not store its settings.",
        "Attach ExecutionOfficer to one chart; in tab Common tick 'Allow Algo Trading'; in tab Inputs press Load, "
        f"and choose {preset.name(officer)}.",
        "Press the 'Algo Trading' button of the toolbar.",
        f"See that it is connected: {lines.named('doctor')}",
    ]
