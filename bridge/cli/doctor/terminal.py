"""Checks of an officer's terminal: its program, broker, permissions, account, clock and symbols."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from bridge.cli.doctor.finding import Finding, needs_sidecar, ok, unseen, warning, wrong
from bridge.cli.doctor.observed import Observed, SymbolSeen
from bridge.core.director.contract import OrderType
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import OfficerSettings
from bridge.core.trade.symbol_choice import check_symbol, choose
from bridge.core.units.mt5_terms import TradeMode
from bridge.journal.views.status import OfficerStatus
from bridge.sidecar.live_status import LiveOfficer, LiveTerminal
from bridge.status.health import RequiredAction
from bridge.status.texts import ago

_EXPERT: Final = "ExecutionOfficer "
_RESTRICTED: Final = {
    "LONGONLY": "only long positions",
    "SHORTONLY": "only short positions",
    "CLOSEONLY": "only closes",
}


def terminal(seen: Observed, officer: OfficerSettings, actions: list[RequiredAction]) -> Iterator[Finding]:
    """Yield every finding about one officer's terminal. `actions`: those that `status` requires for it."""
    live = _live(seen, officer.id)
    known = _known(seen, officer.id)
    yield from _program(seen, officer.id, live, known, actions)
    yield from _heartbeat(seen, officer.id, live, actions)
    yield from _account(seen, officer, known)
    yield from _offset(seen, officer.id, live)
    yield from _symbols(seen, officer.id, live)


def _live(seen: Observed, officer: str) -> LiveOfficer | None:
    sidecar = seen.look.sidecar
    return next((each for each in sidecar.officers if each.officer == officer), None) if sidecar else None


def _known(seen: Observed, officer: str) -> OfficerStatus | None:
    journal = seen.look.journal
    return next((each for each in journal.officers if each.officer == officer), None) if journal else None


def _program(
    seen: Observed,
    officer: str,
    live: LiveOfficer | None,
    known: OfficerStatus | None,
    actions: list[RequiredAction],
) -> Iterator[Finding]:
    """Check that the terminal is connected, and that its program is the one that this version has."""
    program = (known.program if known else None) or ""
    if live is None:
        last = f"the last was {program}" if program else "none was ever connected" if known else ""
        yield needs_sidecar("terminal", last, officer=officer)
        return
    if live.session is None:
        refused = next((each for each in actions if each.code == "NO_TERMINAL"), None)
        value = refused.what if refused else live.blocked
        remedy = refused.remedy if refused else "start its terminal"
        yield wrong("terminal", f"not connected: {value}", remedy, officer=officer)
        return
    if not live.session.alive:
        yield wrong(
            "terminal",
            f"silent for {live.session.silent_s:.0f} s",
            "look at the terminal: does it hang, and is the Expert Advisor still on its chart?",
            officer=officer,
        )
        return
    state = f"{program or 'program not known'}, connected{'' if live.session.ready else ', scanning'}"
    if program.startswith(_EXPERT) and program != seen.shipped:
        yield warning(
            "terminal",
            f"{state}; this version has {seen.shipped}",
            "install this version (execution-officer expert install), compile it, and attach it anew",
            officer=officer,
        )
    else:
        yield ok("terminal", state, officer=officer)


def _heartbeat(
    seen: Observed, officer: str, live: LiveOfficer | None, actions: list[RequiredAction]
) -> Iterator[Finding]:
    """Check the terminal's connection to its broker, and its permissions."""
    checks = ("broker connection", "trade permission")
    if live is None:
        yield from (needs_sidecar(check, officer=officer) for check in checks)
    elif live.session is None or live.session.heartbeat is None:
        why = "its terminal is not connected" if live.session is None else "no heartbeat came yet"
        yield from (unseen(check, why, "see 'terminal'", officer=officer) for check in checks)
    else:
        yield _broker(officer, live.session.heartbeat)
        yield _permission(officer, live.session.heartbeat, actions)


def _broker(officer: str, beat: LiveTerminal) -> Finding:
    if beat.broker_connected:
        return ok("broker connection", f"connected, {beat.ping_ms:.0f} ms", officer=officer)
    return wrong(
        "broker connection",
        "the terminal is not connected to its broker",
        "look at the lower right corner of the terminal; log in to the account again (File > Login to Trade "
        "Account), and check the machine's network",
        officer=officer,
    )


def _permission(officer: str, beat: LiveTerminal, actions: list[RequiredAction]) -> Finding:
    if beat.trade_allowed:
        return ok("trade permission", "AutoTrading and the other three permissions are on", officer=officer)
    forbidden = next((each for each in actions if each.code == "TRADING_FORBIDDEN"), None)
    remedy = forbidden.remedy if forbidden else beat.trade_forbidden_by or "read the chart's panel"
    return wrong("trade permission", "trading is not allowed in its terminal", remedy, officer=officer)


def _account(seen: Observed, officer: OfficerSettings, known: OfficerStatus | None) -> Iterator[Finding]:
    """Check the account that the journal has bound, and its mode."""
    if known is None:
        yield unseen("account", "the journal cannot be read", "see 'journal'", officer=officer.id)
    elif not known.login and seen.look.sidecar is None:
        yield needs_sidecar("account", "no terminal has reported it yet", officer=officer.id)
    elif not known.login:
        yield unseen(
            "account", "no terminal has reported it yet", "connect the officer's terminal", officer=officer.id
        )
    else:
        value = f"{known.login} at {known.server}, {known.trade_mode}, {known.margin_mode}, {known.currency}"
        if known.trade_mode == TradeMode.REAL and not officer.allow_real:
            yield wrong(
                "account",
                f"{value}: real money, and allow_real is false",
                "set allow_real = true for this officer if that is meant, or log in to a demo account",
                officer=officer.id,
            )
        else:
            yield ok("account", value, officer=officer.id)


def _offset(seen: Observed, officer: str, live: LiveOfficer | None) -> Iterator[Finding]:
    """Check that the distance of the broker's clock from UTC was measured."""
    found = seen.officers.get(officer)
    offset = found.offset if found else None
    value = ""
    if offset is not None:
        hours, minutes = divmod(abs(offset.seconds) // 60, 60)
        sign = "-" if offset.seconds < 0 else "+"
        measured = offset.confirmed or offset.since
        value = f"UTC{sign}{hours}:{minutes:02}, measured {measured:%Y-%m-%d %H:%M} UTC"
    if live is None:
        yield needs_sidecar("broker clock", value, officer=officer)
    elif offset is None or live.session is None:
        why = value or "it was not measured yet"
        yield unseen("broker clock", why, "connect the officer's terminal", officer=officer)
    else:
        yield ok("broker clock", value, officer=officer)


def _symbols(seen: Observed, officer: str, live: LiveOfficer | None) -> Iterator[Finding]:
    """Check each symbol that the configuration names."""
    found = seen.officers.get(officer)
    for symbol in found.symbols if found else ():
        finding = _symbol(officer, symbol, seen.now)
        connected = live is not None and live.session is not None
        if live is None:
            yield needs_sidecar(finding.check, finding.value, officer=officer)
        elif not connected and finding.level == "ok":
            yield unseen(finding.check, f"last {finding.value}", "see 'terminal'", officer=officer)
        else:
            yield finding


def _terms(report: SymbolReport) -> Iterator[str]:
    """Yield what a symbol allows."""
    yield report.trade_mode
    yield f"{report.volume_min:f} to {report.volume_max:f} lots in steps of {report.volume_step:f}"
    if report.filling_modes is not None:
        yield f"filling {' or '.join(report.filling_modes) or 'not named'}"
    if report.stops_level is not None:
        yield (
            f"stops at least {report.stops_level} points away"
            if report.stops_level
            else "no least distance of stops"
        )
    if report.freeze_level:
        yield f"frozen within {report.freeze_level} points"


def _symbol(officer: str, symbol: SymbolSeen, now: datetime) -> Finding:
    check = f"symbol {symbol.asked}"
    report = symbol.report
    if report is None:
        return unseen(
            check,
            "no terminal was asked for it yet",
            "a terminal is asked once it is ready: see 'terminal' and 'broker connection', and look again",
            officer=officer,
        )
    name = choose(report)
    problem = check_symbol(report)
    if not name and problem is not None:
        value, _, remedy = problem.message.partition("; ")
        return wrong(check, value, remedy, officer=officer)
    spelled = "" if name == symbol.asked else f"{name} at the broker, "
    report = report if report.name else symbol.chosen
    if report is None or not report.name:
        return ok(check, f"{spelled}its terms were not reported yet", officer=officer)
    value = f"{spelled}{', '.join(_terms(report))}, reported {ago(symbol.seen_at, now)} ago"
    if report.trade_mode == "DISABLED":
        remedy = "ask the broker why it cannot be traded, or take it out of the configuration"
        return wrong(check, f"{value}: trading in it is disabled", remedy, officer=officer)
    if report.trade_mode in _RESTRICTED:
        remedy = "ask the broker; other directives in it are refused"
        return warning(
            check, f"{value}: the broker allows {_RESTRICTED[report.trade_mode]}", remedy, officer=officer
        )
    if OrderType.MARKET not in report.order_types:
        remedy = "ask the broker; market orders in it are refused"
        return warning(check, f"{value}: no market orders", remedy, officer=officer)
    return ok(check, value, officer=officer)
