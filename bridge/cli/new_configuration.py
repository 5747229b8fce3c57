"""New configuration file: the example with every setting explained, and a person's answers in the place of its own.

`example.toml` is the only text: the page of the settings shows it, and `init` writes it.
"""

import json
import re
from importlib import resources

from msgspec import Struct

_FURTHER_OFFICER = """\
# Another officer. Each setting of the first, and its risk limits, can be set here too.
[[officers]]
id = {}
"""


class Answers(Struct, frozen=True, kw_only=True):
    """Settings without which nothing can start; the example's where a person has given none."""

    director: str = "https://director.example.com"
    """Base of the Director's API."""
    api_key_env: str | None = None
    """Environment variable of the API key."""
    api_key_file: str | None = None
    """File of the API key, in place of the variable; a relative path starts at the configuration's folder."""
    officers: tuple[str, ...] = ("eo-001",)
    journal: str | None = None
    """Path of the journal; a relative one starts at the configuration's folder."""
    link: str | None = None
    """Address for terminals."""


def example() -> str:
    """Return the text of the example, with the line ends of Unix."""
    return resources.files("bridge.cli").joinpath("example.toml").read_text(encoding="utf-8")


def configuration(answers: Answers) -> str:
    """Return the text of a configuration with these answers and with every other setting explained."""
    text = _set(example(), "url", answers.director)
    if answers.api_key_env is not None:
        text = _set(text, "api_key_env", answers.api_key_env)
    if answers.api_key_file is not None:
        text = _set(text, "api_key_file", answers.api_key_file)
        if answers.api_key_env is None:
            text = re.sub(r"^(?=api_key_env = )", "# ", text, count=1, flags=re.MULTILINE)
    if answers.journal is not None:
        text = _set(text, "path", answers.journal)
    if answers.link is not None:
        text = _set(text, "endpoint", answers.link)
    first, *further = answers.officers
    text = _set(text, "id", first)
    return "\n".join([text, *(_FURTHER_OFFICER.format(toml_text(officer)) for officer in further)])


def _set(text: str, key: str, value: str) -> str:
    """Return the example with a value for a key, whose line may be commented out."""
    line = re.compile(rf"^(?:# )?({key} = )(\S+)( *)", re.MULTILINE)

    def changed(found: re.Match[str]) -> str:
        written = toml_text(value)
        room = len(found[0]) - len(found[1]) - len(written)
        return f"{found[1]}{written}" + (" " * max(room, 2) if found[3] else "")

    result, count = line.subn(changed, text, count=1)
    if count != 1:
        raise ValueError(f"the example has no line for {key}")
    return result


def toml_text(value: str) -> str:
    """Return a text as a value of TOML: in single quotes, as paths of Windows need, where it may be."""
    if "'" not in value and value.isprintable():
        return f"'{value}'"
    # The escapes of JSON are those of TOML.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
