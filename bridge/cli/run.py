"""`execution-officer run`: run the sidecar."""

import asyncio
import faulthandler
import os
import random
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from bridge import confinement, descriptors
from bridge.address import EndpointError
from bridge.alerts import addresses
from bridge.alerts.watch import AlertWatch
from bridge.cli.failure import Failure, exit_status, report
from bridge.cli.options import FILE, command_lines, config_option
from bridge.clock import SystemClock
from bridge.config import Config, beside, load
from bridge.core.link.connection_limiter import ConnectionLimits
from bridge.core.link.handshake import LinkKey
from bridge.core.settings import Settings
from bridge.core.units.clock import Clock
from bridge.director import DirectorClient, DirectorLimits
from bridge.exits import FINAL, ExitCode
from bridge.journal.journal import Journal, opened
from bridge.keys import ApiKey, api_key_from_file, find_api_key, link_key_path, load_link_key, load_page_key
from bridge.link import Link
from bridge.log_codes import LogCode
from bridge.logs import EventLog, aside
from bridge.sidecar import service_manager
from bridge.sidecar.control_file import ControlFileError
from bridge.sidecar.control_socket import ControlSocket
from bridge.sidecar.counted_log import CountedLog
from bridge.sidecar.loop_errors import LoopErrors
from bridge.sidecar.onlooker import Onlooker
from bridge.sidecar.sidecar import Sidecar
from bridge.stop_signals import HANG_UP, call_at_stop

OWNER_WAIT_S: Final = 1.0
"""Seconds to wait for another owner of the journal: `status` takes the lock for a moment to look at it."""


@click.command()
@config_option
@click.option(
    "--api-key-file",
    type=FILE,
    metavar="FILE",
    help="File of the Director's API key, in place of the configuration's: a credential of a service manager.",
)
@click.option(
    "--stay-down",
    is_flag=True,
    help="End with status 0 where another start cannot help, for a service manager that would start it again.",
)
def run(config_path: Path, api_key_file: Path | None, stay_down: bool) -> ExitCode:
    """Run the sidecar until SIGTERM or Ctrl-C.

    It polls the Director, journals, dispatches to the terminals and delivers events. A signal stops it in order
    within seconds. A second signal ends it at once, which loses nothing.
    """
    try:
        return _run_until_stopped(config_path, api_key_file)
    except Exception as error:
        if not (stay_down and exit_status(error) in FINAL):
            raise
        report(error, debug=False)
        return ExitCode.OK


def _run_until_stopped(config_path: Path, api_key_file: Path | None) -> ExitCode:
    config = load(config_path)
    confinement.check_address_families()
    confinement.check_network(urlsplit(config.settings.director.url).hostname or "")
    confinement.try_out()
    key = (
        api_key_from_file(api_key_file)
        if api_key_file is not None
        else find_api_key(config.settings.director.api_key_env, config.api_key_file)
    )
    keys = {
        officer.id: load_link_key(link_key_path(config.journal, officer.id))
        for officer in config.settings.officers
    }
    onlookers = _alerts(config)
    with aside() as log, opened(config.journal, config.settings, lock_wait_s=OWNER_WAIT_S) as journal:
        # pyzmq needs the selector loop, which is not the default on Windows.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(_run(config, journal, key, keys, onlookers))
        lost = journal.stops.waiting
    if log.stuck:
        # A regular exit would wait for the reader of the log. The journal is closed.
        os._exit(ExitCode.HALT_LOST if lost else ExitCode.OK)
    if lost:
        named = ", ".join(f"{stop.officer} ({stop.halt.symbol or 'all symbols'})" for stop in lost)
        reason, remedy = "", "end the program that locks it, or make room on its disk"
        if gone := journal.look_at_files():
            reason, remedy = f" ({gone})", "put the journal back, or restore a backup"
        raise Failure(
            ExitCode.HALT_LOST,
            f"the journal could not be written until the end{reason}, so these halts are lost: {named}; {remedy}, "
            "and give the command again before the next start",
        )
    return ExitCode.OK


async def _run(
    config: Config,
    journal: Journal,
    key: ApiKey,
    keys: dict[str, LinkKey],
    onlookers: Sequence[Onlooker],
) -> None:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    # Bound, so that it keeps its logger: one that is only named looks for it at each record.
    clock, log = SystemClock(), EventLog.named("bridge.sidecar").bind()
    counted = CountedLog(clock.monotonic)
    asyncio.get_running_loop().set_exception_handler(LoopErrors(log, counted))
    link, control, onlooker = _bind(config, clock)
    manager = service_manager.from_environment()
    if manager is not None and manager.watchdog_s is not None:
        # The manager ends a sidecar that hangs by SIGABRT: where each thread was then is in the log.
        faulthandler.enable()
    if foreign := journal.foreign_objects():
        log.info(LogCode.JOURNAL_HAS_FOREIGN_OBJECTS, objects=foreign)
    async with DirectorClient(
        config.settings.director.url, key.reveal(), clock=clock, limits=_limits(config.settings)
    ) as director:
        sidecar = Sidecar(
            config.settings,
            journal=journal,
            director=director,
            link=link,
            keys=keys,
            clock=clock,
            uniform=random.SystemRandom().random,
            log=log,
            control=control,
            manager=manager,
            onlookers=[*([onlooker] if onlooker is not None else []), *onlookers],
        )
        await sidecar.run(stop)


def _alerts(config: Config) -> list[Onlooker]:
    """Return what sends alerts; nothing without [alerts]. Raises AlertsError."""
    settings = config.settings.alerts
    if settings is None:
        return []
    found = addresses.find(settings, partial(beside, config.source))
    return [AlertWatch(config.settings, found, config.journal, command_lines(config.source))]


def _bind(config: Config, clock: Clock) -> tuple[Link, ControlSocket, Onlooker | None]:
    """Return the bound addresses. Raises Failure where one cannot be had, or no command could find the sidecar."""
    try:
        limits = ConnectionLimits.within(descriptors.raised())
        with ExitStack() as bound:
            link = Link(config.settings.link.endpoint, limits=limits)
            bound.callback(link.close)
            control = ControlSocket(config.journal, config.settings.control.port, now=clock.now())
            bound.callback(control.close)
            onlooker = _onlooker(config)
            bound.pop_all()
            return link, control, onlooker
    except EndpointError as error:
        raise Failure(ExitCode.ENDPOINT, str(error)) from error
    except ControlFileError as error:
        raise Failure(ExitCode.CONTROL_FILE, str(error)) from error


def _onlooker(config: Config) -> Onlooker | None:
    """Return the server of [web], bound; None without that table. Raises EndpointError, PageKeyError."""
    if config.settings.web is None:
        return None
    # Not at the top: a sidecar without it needs none of its packages.
    from bridge.web.server import WebServer

    page_key = None if config.page_key_file is None else load_page_key(config.page_key_file)
    return WebServer(config.settings.web, config.journal, command_lines(config.source), page_key)


def _limits(settings: Settings) -> DirectorLimits:
    director = settings.director
    return DirectorLimits(
        max_response_bytes=director.max_response_bytes,
        total_timeout_s=director.timeout_s,
        connect_timeout_s=min(director.timeout_s, 5.0),
    )


def _stop_on_signals(stop: asyncio.Event) -> None:
    """Stop in order at the first signal, at once at the second, unless that is the end of the terminal."""
    loop = asyncio.get_running_loop()
    seen: list[int] = []

    def on_signal(number: int, _: object) -> None:
        if seen and number == HANG_UP:
            return
        if seen:
            # At once: the journal's commits are durable, and commands under way are reconciled at the next start.
            os._exit(ExitCode.INTERRUPTED)
        seen.append(number)
        loop.call_soon_threadsafe(stop.set)

    call_at_stop(on_signal)
