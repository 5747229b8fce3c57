"""The sidecar's configuration for tests: short intervals, unless a test overrides them."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

API_KEY_ENV: Final = "RIG_API_KEY"

Section = Mapping[str, object]

QUICK_DIRECTOR: Final[Section] = {"poll_interval_s": 0.2, "timeout_s": 20.0}
QUICK_LINK: Final[Section] = {
    "heartbeat_s": 0.2,
    # Longer than any test: a terminal that is refused or away for as long as commands take is not lost.
    "lost_after_s": 600.0,
    "command_deadline_s": 5.0,
    "takeover_margin_s": 0.5,
    "allow_unsafe_takeover": True,
    # Requests come after 0.3, 0.9, 2.1 and 4.5 s: the last two find that the grace time is over.
    "status_request_every_s": 0.3,
    "unknown_grace_s": 2.0,
}


def write_config(
    path: Path,
    *,
    director_port: int,
    link_port: int,
    officers: Sequence[Section],
    director: Section,
    link: Section,
    web: Section | None = None,
) -> None:
    """Write the TOML file; `director` and `link` override the short intervals. `web` None: no such table."""
    sections: list[tuple[str, Section]] = [
        (
            "[director]",
            {
                "url": f"http://127.0.0.1:{director_port}",
                "api_key_env": API_KEY_ENV,
                **QUICK_DIRECTOR,
                **director,
            },
        ),
        ("[journal]", {"path": "journal.db"}),
        ("[link]", {"endpoint": f"tcp://127.0.0.1:{link_port}", **QUICK_LINK, **link}),
        *(() if web is None else (("[web]", web),)),
        *(("[[officers]]", officer) for officer in officers),
    ]
    lines: list[str] = []
    for header, settings in sections:
        lines.append(header)
        lines += [f"{name} = {_toml(value)}" for name, value in settings.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _toml(value: object) -> str:
    """Return a value in TOML. Strings, numbers, booleans and lists are spelled as in JSON; only tables differ."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(name)} = {_toml(each)}" for name, each in value.items()) + "}"
    return json.dumps(value)
