"""`execution-officer expert`: copy the Expert Advisor's sources to a place where MetaEditor finds them."""

import re
import shutil
from importlib import resources
from pathlib import Path
from typing import Final

import click

from bridge.cli.failure import Failure
from bridge.cli.options import FILE
from bridge.exits import ExitCode

_FOLDERS = ("Experts/ExecutionOfficer", "Include/ExecutionOfficer")
_MAIN: Final = "Experts/ExecutionOfficer/ExecutionOfficer.mq5"
_PROGRAM: Final = re.compile(r'^#define PROGRAM "([^"]+)"', re.MULTILINE)


@click.command()
@click.argument("folder", type=FILE)
@click.option("--force", is_flag=True, help="Replace existing files.")
def expert(folder: Path, force: bool) -> None:
    """Copy the Expert Advisor's sources into FOLDER.

    FOLDER is the terminal's MQL5 folder: in the terminal, File > Open Data Folder, then MQL5. Compile
    Experts/ExecutionOfficer/ExecutionOfficer.mq5 there with MetaEditor (F7).
    """
    source = _sources()
    targets = {source / name: folder / name for name in _FOLDERS}
    there = [target for target in targets.values() if target.exists()]
    if there and not force:
        raise Failure(
            ExitCode.FAILED, f"{there[0]} exists already; give --force to replace it, or move it away"
        )
    if not folder.is_dir():
        raise Failure(
            ExitCode.FAILED,
            f"FOLDER {folder} does not exist; give the MQL5 folder (in the terminal: File > Open Data Folder)",
        )
    for origin, target in targets.items():
        shutil.copytree(origin, target, dirs_exist_ok=True)
        click.echo(f"copied {target}")
    shutil.copy(source / "README.md", folder / _FOLDERS[0] / "README.md")
    click.echo("Next: compile ExecutionOfficer.mq5 in MetaEditor; the README beside it explains its inputs.")


def shipped_program() -> str:
    """Return name and version of the Expert Advisor of this version, as its hello has them; empty without them."""
    try:
        text = (_sources() / _MAIN).read_text(encoding="utf-8")
    except OSError:
        return ""
    found = _PROGRAM.search(text)
    return found[1] if found else ""


def _sources() -> Path:
    """Return the folder of the sources: in the installed package, or in the checkout."""
    package = Path(str(resources.files("bridge")))
    installed = package / "mql5"
    return installed if installed.is_dir() else package.parent / "mql5"
