"""Preset of the Expert Advisor's inputs (.set), which the terminal loads in the tab Inputs.

UTF-16 with a byte order mark, and lines that end in CR LF, as the terminal writes it. A line is NAME=VALUE. The
`||` that a terminal writes behind numbers would be a part of a text. An input that is not in it stays as it is.
"""

import codecs

from bridge.core.link.handshake import LinkKey


def name(officer: str) -> str:
    """Return the file's name."""
    return f"ExecutionOfficer-{officer}.set"


def inputs(officer: str, key: LinkKey, endpoint: str) -> dict[str, str]:
    """Return the inputs that differ from officer to officer. `endpoint`: of the configuration, on this machine."""
    host, _, port = endpoint.removeprefix("tcp://").rpartition(":")
    return {
        "InpOfficer": officer,
        "InpLinkKey": key.to_text(),
        "InpHost": host.strip("[]"),
        "InpPort": port,
        # As the sidecar's configuration has it.
        "InpPollIntervalS": "0",
    }


def encode(values: dict[str, str]) -> bytes:
    """Return the file's content."""
    text = "".join(f"{name}={value}\r\n" for name, value in values.items())
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le")
