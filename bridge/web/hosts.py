"""Admission of requests by their headers: no page of another site reaches the server through a browser.

A name of an attacker can be made to resolve to this machine, and a browser sends it as Host: so a Host must be an
IP address, localhost, or a name of the configuration. Its port is not checked, since a tunnel has another one.
"""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Final
from urllib.parse import urlsplit

LOCALHOST: Final = "localhost"


def problem(headers: Mapping[str, str], host_names: Collection[str], *, changes: bool = False) -> str:
    """Return the reason for which a request is refused; empty where it is admitted.

    `host_names`: as configured. `changes`: it may change something, so that it must come from a page of this
    server: a browser names the origin of every form that it sends.
    """
    host = headers.get("Host", "")
    name = _name(host)
    if not name:
        return "header Host is missing or no host name"
    if not _is_address(name) and name not in {LOCALHOST, *(each.lower() for each in host_names)}:
        return (
            f'header Host "{name}" is no name of this server; use its IP address, or add the name to '
            "[web] host_names"
        )
    origin = headers.get("Origin")
    if origin is None and changes:
        return "header Origin is missing; commands come from this server's own pages"
    if origin is not None and _host(origin) != host.lower():
        return "header Origin is another site's"
    # A link of another site to a page here is harmless; what its scripts or images ask for is not.
    if headers.get("Sec-Fetch-Site") in ("cross-site", "same-site") and (
        headers.get("Sec-Fetch-Mode") != "navigate"
    ):
        return "the request comes from another site's page"
    return ""


def _host(origin: str) -> str:
    """Return host and port of an Origin header in lower case; empty where it has none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """Return the host name of a Host header in lower case; empty where it has none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
