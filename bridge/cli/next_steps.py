"""Steps from a new installation to the first order, in order, as command lines of this platform."""

from pathlib import Path
from urllib.parse import urlsplit

from bridge.config import Config
from bridge.config.rules import is_loopback
from bridge.core.settings import LinkSettings
from bridge.core.units.quoting import joined
from bridge.keys import link_key_path
from bridge.status.command_lines import CommandLines

_DEFAULT_ENDPOINT = LinkSettings().endpoint


def next_steps(config: Config, *, windows: bool, user: str) -> list[str]:
    """Return the steps after the set-up, each of one line or more. `user`: the user's name on Windows."""
    lines = CommandLines(config=str(config.source), windows=windows)
    return [
        # File modes have no effect there: the rights of the folder protect the keys and the control file.
        *(
            [f"Give the folder to {user} and the system alone: {folder_rights(config.journal.parent, user)}"]
            if windows
            else []
        ),
        f"Put the Director's API key into {_key_place(config, windows)}.",
        _terminals(config, lines),
        "\n".join(
            [
                f"Run the sidecar: {lines.named('run')}",
                f"   as a service, which starts with the machine: {lines.named('service install')} --start",
            ]
        ),
        f"Check everything: {lines.named('doctor')}",
    ]


def trial_steps(config: Config, *, windows: bool) -> list[str]:
    """Return the steps of a trial, each a command in its own window; none for a Director elsewhere."""
    director = config.settings.director
    address = urlsplit(director.url)
    if director.api_key_env is None or address.port is None or not is_loopback(address.hostname or ""):
        return []
    lines = CommandLines(config=str(config.source), windows=windows)
    first = config.settings.officers[0].id
    sandbox = ["sandbox-director", "--port", str(address.port), "--api-key-env", director.api_key_env]
    return [
        f"A sandbox in the Director's place: {_plain([*sandbox, '--first-order', first], windows)}",
        f"A terminal over a simulated broker: {_plain(_reference_terminal(config, first), windows)}",
        f"The sidecar: {lines.named('run')}",
        f"The order and its fill: {lines.named('journal list')}",
    ]


def _key_place(config: Config, windows: bool) -> str:
    if variable := config.settings.director.api_key_env:
        return f"the environment variable {variable} of whatever runs the sidecar"
    mode = "" if windows else " (mode 600)"
    return f"the file {config.api_key_file}{mode}"


def _terminals(config: Config, lines: CommandLines) -> str:
    officers = config.settings.officers
    texts = ["Install the Expert Advisor in each terminal, with a preset of its inputs:"]
    for officer in officers:
        option = lines.option("--officer", officer.id) if len(officers) > 1 else ""
        texts.append(f"   {lines.named('expert install')}{option}")
    texts.append("   The preset has these inputs:")
    for officer in officers:
        path = link_key_path(config.journal, officer.id)
        texts.append(f"   officer id {officer.id}, link key: the line in {path}")
    texts.append(f"   host and port: those of {config.settings.link.endpoint}")
    return "\n".join(texts)


def _reference_terminal(config: Config, officer: str) -> list[str]:
    endpoint = config.settings.link.endpoint
    return [
        "reference-terminal",
        "--officer",
        officer,
        "--link-key-file",
        str(link_key_path(config.journal, officer)),
        *([] if endpoint == _DEFAULT_ENDPOINT else ["--endpoint", endpoint]),
    ]


def _plain(words: list[str], windows: bool) -> str:
    return f"execution-officer {joined(words, windows=windows)}"


def folder_rights(folder: Path, user: str) -> str:
    """Return the command that removes the inherited rights. The system's name is translated, its number is not."""
    everything = "(OI)(CI)F"
    grants = (f"{user}:{everything}", f"*S-1-5-18:{everything}")
    return joined(["icacls", str(folder), "/inheritance:r", "/grant:r", *grants], windows=True)
