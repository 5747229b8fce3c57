"""Checks of what `setup` has made: configuration, keys, and the addresses that the sidecar binds."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bridge.cli.doctor.finding import Finding, of_message, ok, unseen, warning, wrong
from bridge.cli.doctor.observed import Key, Observed, Port, PortState
from bridge.cli.next_steps import folder_rights
from bridge.config import ConfigError


def refused_configuration(error: ConfigError) -> Iterator[Finding]:
    """Yield the problems of a configuration that cannot be used. Nothing else can be looked at then."""
    for problem in error.problems:
        place = problem.key if problem.value is None else f"{problem.key} = {problem.value}"
        value = f"{place}: {problem.rule}" if place else f"{error.path} {problem.rule}"
        yield wrong("configuration", value, problem.remedy)
    yield unseen("all else", "it needs the configuration", "correct that first, and run doctor again")


def configuration(seen: Observed) -> Iterator[Finding]:
    """Check that a running sidecar has read the present configuration."""
    officers = len(seen.config.settings.officers)
    value = f"{seen.config.source}, {officers} {'officer' if officers == 1 else 'officers'}"
    sidecar = seen.look.sidecar
    if (
        sidecar is not None
        and seen.config_changed_at is not None
        and seen.config_changed_at > datetime.fromisoformat(sidecar.started_at)
    ):
        yield warning(
            "configuration",
            f"{value}; changed after the sidecar was started, which does not know of it",
            "restart the sidecar; nothing is lost by that",
        )
        return
    yield ok("configuration", value)


def link_keys(seen: Observed) -> Iterator[Finding]:
    """Check each officer's link key file: it is there, whole, and readable by its owner alone."""
    for officer, key in seen.link_keys.items():
        yield _private("link key", key, seen.config.journal.parent, seen, officer)


def page_key(seen: Observed) -> Iterator[Finding]:
    """Check the file of the page key in the same way."""
    if seen.page_key is not None:
        yield _private("page key", seen.page_key, Path(seen.page_key.place).parent, seen)


def _private(check: str, key: Key, folder: Path, seen: Observed, officer: str = "") -> Finding:
    if key.problem:
        value, remedy = of_message(key.problem)
        return wrong(check, value, remedy, officer=officer)
    if key.readers is None:
        remedy = f"look at the rights of {folder}: docs/windows.md"
        return unseen(check, f"who may read {key.place} by Windows' rights", remedy, officer=officer)
    if key.readers:
        return warning(
            check,
            f"{key.place}: {', '.join(key.readers)} may read it, and so stop and close trades",
            f"leave the folder to yourself and the system: {folder_rights(folder, seen.user)}",
            officer=officer,
        )
    rights = ", which nobody else may read" if seen.windows else ", mode 600"
    return ok(check, f"{key.place}{rights}", officer=officer)


def link_address(seen: Observed) -> Iterator[Finding]:
    """Check that the link's port is free, or the sidecar's own."""
    endpoint, sidecar = seen.config.settings.link.endpoint, seen.look.sidecar
    if sidecar is None:
        yield _free("link port", endpoint, seen.link)
    elif sidecar.link_endpoint == endpoint:
        yield ok("link port", f"{endpoint}, the sidecar listens there")
    else:
        yield warning(
            "link port",
            f"the sidecar listens on {sidecar.link_endpoint or 'an address that it does not name'}, and the "
            f"configuration names {endpoint}",
            "restart the sidecar, and set host and port in the terminal's inputs",
        )


def control_address(seen: Observed) -> Iterator[Finding]:
    """Check that a configured control port is free. Any free one is taken where none is configured."""
    if seen.control is not None:
        yield _free("control port", f"127.0.0.1:{seen.config.settings.control.port}", seen.control)


def web_address(seen: Observed) -> Iterator[Finding]:
    """Check that the port of [web] is free."""
    if seen.web is not None and (web := seen.config.settings.web) is not None:
        yield _free("web port", f"{web.address}:{web.port}", seen.web)


def _free(check: str, address: str, port: Port) -> Finding:
    match port.state:
        case PortState.FREE:
            return ok(check, f"{address} is free")
        case PortState.TAKEN:
            value, remedy = of_message(port.problem)
            return wrong(check, value, remedy)
        case PortState.UNSEEN:
            return unseen(
                check, f"{address}, a process owns the journal and cannot be asked", "see 'sidecar'"
            )
