"""`execution-officer init`: a new configuration from a few answers, with its journal and link keys."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import click
import msgspec

from bridge import ownership
from bridge.cli.failure import Failure
from bridge.cli.new_configuration import Answers, configuration
from bridge.cli.options import command_lines, config_option
from bridge.cli.setup import State, Thing, is_there, set_up, show, show_next_steps
from bridge.config import Config, ConfigError, read
from bridge.console import is_console
from bridge.exits import ExitCode


@click.command()
@config_option
@click.option("--director", metavar="URL", help="Base of the Director's API.")
@click.option("--api-key-env", metavar="NAME", help="Environment variable that holds the API key.")
@click.option(
    "--api-key-file",
    metavar="KEYFILE",
    help="File that holds the API key instead; a relative path starts at the configuration's folder.",
)
@click.option(
    "--officer", "officers", metavar="ID", multiple=True, help="Officer; several are given one by one."
)
@click.option(
    "--journal",
    metavar="JOURNAL",
    help="Path of the journal, beside which the link keys are made.  [default: journal.db]",
)
@click.option("--link", metavar="ENDPOINT", help="Address for terminals.  [default: tcp://127.0.0.1:5760]")
def init(
    config_path: Path,
    director: str | None,
    api_key_env: str | None,
    api_key_file: str | None,
    officers: tuple[str, ...],
    journal: str | None,
    link: str | None,
) -> None:
    """Make a new installation: configuration, journal and link keys.

    It asks the Director's address, the place of the API key and the officers, where no option gives them. The
    configuration explains every setting. No existing file is overwritten; an error leaves everything as it was.
    """
    _refuse_existing(config_path)
    source = Path(os.path.abspath(config_path))
    answers = _ask(
        source,
        Answers(api_key_env=api_key_env, api_key_file=api_key_file, journal=journal, link=link),
        director,
        officers,
    )
    config = _checked(source, answers)
    made = _write(source, configuration(answers))
    try:
        things = set_up(config)
    except BaseException:
        source.unlink()
        raise
    show([made, *things])
    show_next_steps(config)


def _refuse_existing(path: Path) -> None:
    if path.is_dir():
        raise Failure(ExitCode.CONFIG, f"--config {path}: is a folder; name a file in it")
    if is_there(path):
        remedy = f"'{command_lines(path).named('setup')}' makes what it lacks"
        raise Failure(
            ExitCode.CONFIG,
            f"--config {path}: exists already, and init overwrites no file; {remedy}, or name another file",
        )


def _ask(source: Path, answers: Answers, director: str | None, officers: tuple[str, ...]) -> Answers:
    """Return the answers, with those of the person where no option gave one. Raises click.UsageError."""
    key_known = answers.api_key_env is not None or answers.api_key_file is not None
    options = [("--director URL", director is not None), ("--officer ID", bool(officers))]
    options.append(("--api-key-env NAME or --api-key-file KEYFILE", key_known))
    if missing := [option for option, given in options if not given]:
        _require_terminal(missing)

    def asked(question: str, default: str | None, made: Callable[[str], Answers]) -> Answers:
        """Return the answers with one more, asked until it is right."""

        def convert(text: str) -> Answers:
            changed = made(text.strip())
            try:
                # The key's place is asked after the others, and is checked with each.
                _checked(source, _with_some_key(changed))
            except ConfigError as error:
                raise click.UsageError(str(error.problems[0])) from error
            return changed

        answer: Answers = click.prompt(question, default=default, value_proc=convert, err=True)
        return answer

    def replaced(field: str) -> Callable[[str], Answers]:
        return lambda text: msgspec.structs.replace(answers, **{field: text})

    if director is not None:
        answers = replaced("director")(director)
    else:
        answers = asked(
            "Director's address, such as https://director.example.com", None, replaced("director")
        )
    if not key_known:
        place = click.prompt(
            "API key in an environment variable or in a file",
            type=click.Choice(["variable", "file"]),
            default="variable",
            err=True,
        )
        question, default, field = (
            ("Name of the variable, and not the key itself", "DIRECTOR_API_KEY", "api_key_env")
            if place == "variable"
            else ("Path of the file", "director.key", "api_key_file")
        )
        answers = asked(question, default, replaced(field))
    if officers:
        return msgspec.structs.replace(answers, officers=officers)
    return asked(
        "Officer ids at the Director, with blanks between them",
        "eo-001",
        lambda text: msgspec.structs.replace(
            answers, officers=tuple(text.replace(",", " ").split()) or ("",)
        ),
    )


def _require_terminal(missing: list[str]) -> None:
    if not is_console(sys.stdin):
        raise click.UsageError(
            f"stdin is no terminal, so that nothing can be asked; give also {', '.join(missing)}."
        )


def _with_some_key(answers: Answers) -> Answers:
    if answers.api_key_env is None and answers.api_key_file is None:
        return msgspec.structs.replace(answers, api_key_env="DIRECTOR_API_KEY")
    return answers


def _checked(source: Path, answers: Answers) -> Config:
    """Return the configuration with these answers. Raises ConfigError."""
    return read(source, configuration(answers).encode())


def _write(path: Path, text: str) -> Thing:
    """Write a new file, and leave none that is not whole. Raises Failure."""
    try:
        ownership.make_folder(path.parent)
        with path.open("xb") as file:
            try:
                ownership.give(file.fileno(), path.parent)
                file.write(text.encode())
                file.flush()
            except OSError:
                path.unlink()
                raise
    except OSError as error:
        raise Failure(
            ExitCode.CONFIG, f"cannot write {path}: {error.strerror}; check its folder, or name another file"
        ) from error
    return Thing("configuration", State.MADE, path)
