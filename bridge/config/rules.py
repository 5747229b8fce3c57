"""Rules for settings beyond their types: relations between settings, and to the machine.

Each rule yields all problems that it finds.
"""

import ipaddress
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bridge.config import alerts, risk_limits, windows_paths
from bridge.config.problem import Problem, shown
from bridge.core.settings import (
    LEAST_TAKEOVER_MARGIN_S,
    DirectorSettings,
    LinkSettings,
    OfficerSettings,
    Settings,
    WebSettings,
)
from bridge.core.units.order_ids import MAX_PREFIX

_ENVIRONMENT_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_OFFICER_ID: Final = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,64}")
_ENDPOINT: Final = re.compile(r"tcp://(?P<host>\[[^\[\]]*\]|[^\[\]:/]*):(?P<port>[^:/]*)")
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST_NAME: Final = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x20\x7f\\]")

LINK_REMEDY: Final = "write tcp://127.0.0.1:5760"


def check(settings: Settings, *, windows: bool = sys.platform == "win32") -> list[Problem]:
    """Return the problems of settings whose types are right. `windows`: the paths are for Windows."""
    return [
        *_url(settings.director.url),
        *_api_key(settings.director),
        *_key_file(settings.director, windows),
        *_journal(settings.journal.path, windows),
        *link_endpoint(settings.link.endpoint),
        *_takeover_margin(settings.link),
        *_control_port(settings),
        *_web(settings, windows),
        *_alerts(settings),
        *_officers(settings.officers),
    ]


def is_loopback(host: str) -> bool:
    """Return True for a host on this machine: 127.0.0.0/8, ::1 or localhost. No name is resolved."""
    try:
        return host.lower() == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def link_endpoint(endpoint: str, key: str = "link.endpoint") -> Iterator[Problem]:
    """Yield the problems of a link address, which is TCP on loopback with a port or `*`."""
    match = _ENDPOINT.fullmatch(endpoint)
    if match is None:
        yield Problem(key, shown(endpoint), "must be like tcp://HOST:PORT", LINK_REMEDY)
        return
    host, port = match["host"], match["port"]
    if host == "*":
        rule = "the link would be open to every network of this machine, and it is not encrypted yet"
        yield Problem(key, shown(endpoint), rule, LINK_REMEDY)
    elif (":" in host) != host.startswith("[") or not is_loopback(host.strip("[]")):
        rule = "must be on this machine (127.0.0.0/8, [::1] or localhost): the link is not encrypted yet"
        remedy = f"{LINK_REMEDY}, and run the bridge on the terminal's machine"
        yield Problem(key, shown(endpoint), rule, remedy)
    # `*` is any free port. It is for tests: a terminal would not know which.
    if port != "*" and not (re.fullmatch("[0-9]{1,5}", port) and 1 <= int(port) <= 65_535):
        yield Problem(key, shown(endpoint), "the port must be 1 to 65535", LINK_REMEDY)


def _takeover_margin(link: LinkSettings) -> Iterator[Problem]:
    """Yield the problem of a margin in which two instances of the terminal could execute one command."""
    if link.takeover_margin_s >= LEAST_TAKEOVER_MARGIN_S or link.allow_unsafe_takeover:
        return
    rule = (
        f"must be at least {LEAST_TAKEOVER_MARGIN_S:g}: the clock of a frozen terminal may be 5 s behind, and its "
        "request takes time to the broker, so another terminal would send the same order again"
    )
    yield Problem(
        "link.takeover_margin_s", shown(link.takeover_margin_s), rule, "write 10.0, or leave it out"
    )


def _control_port(settings: Settings) -> Iterator[Problem]:
    port = settings.control.port
    if port and settings.link.endpoint.endswith(f":{port}"):
        rule = "is also the port of link.endpoint"
        yield Problem("control.port", str(port), rule, "write another, or 0 for any free one")


def _web(settings: Settings, windows: bool) -> Iterator[Problem]:
    web = settings.web
    if web is None:
        return
    yield from _web_address(web)
    if web.key_file is not None:
        yield from _path("web.key_file", web.key_file, windows)
        if not is_loopback(web.address):
            rule = "is not allowed with an address that other machines reach: the page key would pass unencrypted"
            yield Problem("web.key_file", shown(web.key_file), rule, "set web.address to 127.0.0.1")
    for name in web.host_names:
        if not _HOST_NAME.fullmatch(name):
            rule = "must be a host name alone: letters, digits, dots and dashes"
            yield Problem("web.host_names", shown(name), rule, 'write it without port, as in "bridge.lan"')
    if web.port == settings.control.port:
        rule = "is also the port of control.port"
        yield Problem("web.port", str(web.port), rule, "write another")
    if settings.link.endpoint.endswith(f":{web.port}"):
        rule = "is also the port of link.endpoint"
        yield Problem("web.port", str(web.port), rule, "write another")
    if _local_port(settings.director.url) == web.port:
        rule = "is also the port of director.url on this machine"
        yield Problem("web.port", str(web.port), rule, "write another")


def _local_port(url: str) -> int | None:
    """Return the port of an address on this machine; None for any other, and for what is no address."""
    try:
        parts = urlsplit(url)
        return parts.port if is_loopback(parts.hostname or "") else None
    except ValueError:
        return None


def _web_address(web: WebSettings) -> Iterator[Problem]:
    key = "web.address"
    try:
        address = ipaddress.ip_address(web.address)
    except ValueError:
        yield Problem(key, shown(web.address), "must be an IP address", "write 127.0.0.1")
        return
    if not address.is_loopback and not web.allow_network:
        rule = "is open to other machines, without a password and without encryption"
        remedy = (
            "write 127.0.0.1, and reach it through SSH or a proxy with a password; or set web.allow_network"
        )
        yield Problem(key, shown(web.address), rule, remedy)


def _alerts(settings: Settings) -> Iterator[Problem]:
    if settings.alerts is not None:
        yield from alerts.check(settings.alerts, lambda name: _ENVIRONMENT_NAME.fullmatch(name) is not None)


def _url(url: str) -> Iterator[Problem]:
    key, remedy = "director.url", "write the API's base, as in https://director.example.com"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        yield Problem(key, None, "is not a URL", remedy)
        return
    if "@" in parts.netloc:
        # Not shown: it may be a password.
        rule = "must not contain a user or password: they would appear in the log"
        yield Problem(key, None, rule, f"{remedy}; the API key has its own setting")
        return
    # urlsplit removes some of these silently.
    if _UNPRINTABLE.search(url):
        yield Problem(
            key, shown(url), "must not contain white space, control characters or backslashes", remedy
        )
        return
    if "?" in url or "#" in url:
        # Not shown: some APIs accept a key there.
        yield Problem(key, None, "must not contain a query (?) or a fragment (#)", remedy)
        return
    if parts.scheme not in ("http", "https"):
        yield Problem(key, shown(url), "must start with https:// or http://", remedy)
    elif not host:
        yield Problem(key, shown(url), "has no host", remedy)
    elif port == 0:
        yield Problem(key, shown(url), "the port must be 1 to 65535", remedy)
    elif parts.scheme == "http" and not is_loopback(host):
        rule = "plain http would show the API key and every order to the network"
        yield Problem(key, shown(url), rule, "write https://; http:// is for a Director on this machine")


def _api_key(director: DirectorSettings) -> Iterator[Problem]:
    given = [director.api_key_env, director.api_key_file]
    if given.count(None) != 1:
        rule = "api_key_env or api_key_file is required" if None in given else "both are set"
        yield Problem(
            "director.api_key_env, director.api_key_file",
            None,
            f"{rule}; exactly one must name the API key",
            "name an environment variable (api_key_env) or a file that only you can read (api_key_file)",
        )
    if director.api_key_env is not None and not _ENVIRONMENT_NAME.fullmatch(director.api_key_env):
        yield Problem(
            "director.api_key_env",
            None,  # it may be the key itself
            "must be the name of an environment variable: letters, digits and underscores",
            'write api_key_env = "DIRECTOR_API_KEY" and set that variable; the key itself is never written here',
        )


def _key_file(director: DirectorSettings, windows: bool) -> Iterator[Problem]:
    if director.api_key_file is not None:
        yield from _path("director.api_key_file", director.api_key_file, windows)


def _journal(path: str, windows: bool) -> Iterator[Problem]:
    if windows_paths.is_network(path) if windows else path.startswith("\\\\"):
        rule = f"is on a network drive, {windows_paths.NETWORK}"
        yield Problem("journal.path", shown(path), rule, windows_paths.LOCAL)
    else:
        yield from _path("journal.path", path, windows)


def _path(key: str, path: str, windows: bool) -> Iterator[Problem]:
    if not path.strip():
        yield Problem(key, shown(path), "must name a file", "write a path, in single quotes")
    elif not path.isprintable():
        # "C:\temp" in double quotes is C:, a tab, and emp.
        remedy = "write Windows paths in single quotes, as in 'C:\\temp\\file'"
        yield Problem(key, shown(path), "must not contain control characters", remedy)
    elif windows and (found := windows_paths.problem(path)):
        yield Problem(key, shown(path), *found)
    elif path.startswith("~"):
        try:
            Path(path).expanduser()
        except RuntimeError:
            yield Problem(key, shown(path), "the home folder does not exist", "write the absolute path")


def _officers(officers: list[OfficerSettings]) -> Iterator[Problem]:
    ids: dict[str, int] = {}
    prefixes: dict[int, int] = {}
    for index, officer in enumerate(officers):
        at = f"officers[{index}]"
        yield from _officer_id(f"{at}.id", officer.id)
        yield from _officer_terms(at, officer)
        yield from risk_limits.check(f"{at}.risk_limits", officer.risk_limits)
        # Ids name files, and Windows does not distinguish EO-1 from eo-1.
        first = ids.setdefault(officer.id.lower(), index)
        if first != index:
            rule = f"is also the id of officers[{first}] (upper and lower case count as the same)"
            yield Problem(f"{at}.id", shown(officer.id), rule, "write a unique id for each officer")
            continue  # the same id hashes to the same prefix
        other = prefixes.setdefault(officer.prefix, index)
        if other != index:
            free = next((n for n in range(1, MAX_PREFIX + 1) if n not in {o.prefix for o in officers}), 1)
            rule = (
                f"is also the prefix of officers[{other}] ({officers[other].id}); orders would be ambiguous"
            )
            remedy = f"write a unique number, as in order_id_prefix = {free}"
            yield Problem(f"{at}.order_id_prefix", str(officer.prefix), rule, remedy)


def _officer_id(key: str, officer: str) -> Iterator[Problem]:
    if not _OFFICER_ID.fullmatch(officer):
        rule = "must be 1 to 64 letters (a-z), digits, dots, dashes or underscores, and must not start with a dot"
        yield Problem(key, shown(officer), f"{rule}: it names files", "write an id like eo-001")
    elif windows_paths.is_device(officer):
        rule = "is a reserved device name of Windows, and the id names files"
        yield Problem(key, shown(officer), rule, f"write an id like eo-{officer}")


def _officer_terms(at: str, officer: OfficerSettings) -> Iterator[Problem]:
    most = officer.max_quantity
    if most is not None and (not most.is_finite() or most <= 0):
        key = f"{at}.max_quantity"
        remedy = "write the lots allowed, or remove the line for no limit"
        yield Problem(key, shown(officer.max_quantity), "must be above 0", remedy)
    for ours, brokers in officer.symbols.items():
        for word in (ours, brokers):
            if not word or word != word.strip() or not word.isprintable():
                rule = "a symbol must be text without surrounding spaces"
                remedy = 'write both names, as in EURUSD = "EURUSD.r"'
                yield Problem(f"{at}.symbols", f"{{ {shown(ours)} = {shown(brokers)} }}", rule, remedy)
