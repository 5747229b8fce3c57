"""Observations of this machine for the doctor: nothing is changed, and every failure is an observation."""

import os
import shutil
import sqlite3
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from bridge.address import EndpointError, listen
from bridge.cli.doctor import director_look, windows_rights
from bridge.cli.doctor.observed import (
    JournalSeen,
    Key,
    Observed,
    OfficerSeen,
    Port,
    PortState,
    SymbolSeen,
)
from bridge.cli.expert.sources import shipped_program
from bridge.cli.look import look
from bridge.clock import SystemClock
from bridge.config import Config
from bridge.core.settings import OfficerSettings
from bridge.core.trade.symbol_choice import choose
from bridge.core.units import sddl
from bridge.journal.database import audit, backup_note
from bridge.journal.database.errors import JournalError
from bridge.journal.database.file import check
from bridge.journal.tables import clock_offsets, officers, symbols
from bridge.journal.tables.values import Account
from bridge.keys import (
    ApiKey,
    ApiKeyError,
    LinkKeyFileError,
    PageKeyError,
    api_key_from_file,
    find_api_key,
    link_key_path,
    load_link_key,
    load_page_key,
)
from bridge.status.command_lines import WINDOWS, CommandLines
from bridge.status.look import Look
from bridge.status.reading import connection_at


def observe(config: Config, lines: CommandLines, api_key_file: Path | None) -> Observed:
    """Look at everything. `api_key_file`: of a service manager's credential; None: the configuration's."""
    shown = look(config)
    key, key_seen = _api_key(config, api_key_file)
    director = config.settings.director
    ids = [officer.id for officer in config.settings.officers]
    return Observed(
        config=config,
        config_changed_at=_changed_at(config.source),
        lines=lines,
        user=os.environ.get("USERNAME", "USER"),
        windows=sys.platform == "win32",
        api_key=key_seen,
        link_keys={officer: _link_key(link_key_path(config.journal, officer)) for officer in ids},
        page_key=None if config.page_key_file is None else _page_key(config.page_key_file),
        polls=[] if key is None else director_look.poll_all(director, ids, key),
        certificate=director_look.certificate(director.url),
        link=_link_port(config, shown),
        control=_control_port(config, shown),
        web=_web_port(config, shown),
        journal=_journal(config.journal, shown),
        look=shown,
        officers=_officers(config, shown),
        shipped=shipped_program(),
        now=SystemClock().now(),
    )


def _changed_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None


def _api_key(config: Config, file: Path | None) -> tuple[ApiKey | None, Key]:
    variable, file = config.settings.director.api_key_env, file or config.api_key_file
    place = str(file) if file is not None else f"the environment variable {variable}"
    try:
        key = api_key_from_file(file) if file is not None else find_api_key(variable, None)
    except ApiKeyError as error:
        return None, Key(place=place, problem=str(error))
    return key, Key(place=place)


def _link_key(path: Path) -> Key:
    try:
        load_link_key(path)
    except LinkKeyFileError as error:
        return Key(place=str(path), problem=str(error))
    return Key(place=str(path), readers=_readers(path))


def _page_key(path: Path) -> Key:
    try:
        load_page_key(path)
    except PageKeyError as error:
        return Key(place=str(path), problem=str(error))
    return Key(place=str(path), readers=_readers(path))


def _readers(path: Path) -> tuple[str, ...] | None:
    """Return who else may read the file by Windows' rights; elsewhere the mode was looked at already."""
    if not WINDOWS:
        return ()
    try:
        return tuple(sddl.readers(windows_rights.descriptor(path)))
    except OSError:
        return None


def _link_port(config: Config, shown: Look) -> Port:
    host, _, port = config.settings.link.endpoint.removeprefix("tcp://").rpartition(":")
    if port == "*":
        return Port(state=PortState.FREE)
    return _port(shown, "the link address", host.strip("[]"), int(port), "set another [link] endpoint")


def _control_port(config: Config, shown: Look) -> Port | None:
    port = config.settings.control.port
    if not port or shown.sidecar is not None:
        return None
    return _port(shown, "the control address", "127.0.0.1", port, "set another [control] port")


def _web_port(config: Config, shown: Look) -> Port | None:
    web = config.settings.web
    if web is None or shown.sidecar is not None:
        return None
    return _port(shown, "the web address", web.address, web.port, "set another [web] port")


def _port(shown: Look, name: str, host: str, port: int, remedy: str) -> Port:
    """Bind the port for a moment. Not where a process owns the journal: it may be about to bind it itself."""
    if shown.sidecar is not None or shown.unanswered:
        return Port(state=PortState.UNSEEN)
    try:
        listen(name, host, port, backlog=1, remedy=remedy).close()
    except EndpointError as error:
        return Port(state=PortState.TAKEN, problem=str(error))
    return Port(state=PortState.FREE)


def _journal(path: Path, shown: Look) -> JournalSeen:
    problem = ""
    try:
        check(path, whole=False)
    except JournalError as error:
        problem = str(error)
    if not problem and (error_seen := shown.error) is not None:
        problem = str(error_seen)
    return JournalSeen(
        problem=problem,
        unwritable=_unwritable(path),
        bytes=_size(path) + _size(path.with_name(path.name + "-wal")),
        free_bytes=_free(path.parent),
        begun_at=_begun_at(path),
        backup=backup_note.read(path),
    )


def _unwritable(path: Path) -> str:
    for each in (path, path.parent):
        with suppress(OSError):
            if each.exists() and not os.access(each, os.W_OK):
                return str(each)
    return ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None


def _begun_at(path: Path) -> datetime | None:
    try:
        with connection_at(path) as connection:
            begun = audit.first_at(connection)
    except (JournalError, sqlite3.Error):
        return None
    return datetime.fromisoformat(begun) if begun is not None else None


def _officers(config: Config, shown: Look) -> dict[str, OfficerSeen]:
    """Return the journal's content about each officer; nothing where `status` could not read it either."""
    if shown.journal is None:
        return {}
    try:
        with connection_at(config.journal) as connection:
            return {each.id: _officer(connection, each) for each in config.settings.officers}
    except (JournalError, sqlite3.Error):
        return {}


def _officer(connection: sqlite3.Connection, settings: OfficerSettings) -> OfficerSeen:
    known = officers.load(connection, settings.id)
    seen = [SymbolSeen(asked=name) for name in settings.inquiries()]
    if known is None or not known.login:
        return OfficerSeen(officer=settings.id, symbols=seen)
    offsets = clock_offsets.load(connection, settings.id, known.server)
    return OfficerSeen(
        officer=settings.id,
        offset=offsets[-1] if offsets else None,
        symbols=[_symbol(connection, known.account, each.asked) for each in seen],
    )


def _symbol(connection: sqlite3.Connection, account: Account, asked: str) -> SymbolSeen:
    report = symbols.load(connection, account, asked)
    other = choose(report) if report is not None and not report.name else ""
    return SymbolSeen(
        asked=asked,
        report=report,
        chosen=symbols.load(connection, account, other) if other else None,
        seen_at=symbols.seen_at(connection, account, asked),
    )
