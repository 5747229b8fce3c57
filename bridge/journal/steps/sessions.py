"""Sessions: the officer's account and ledger, its epochs, its broker's clock, and its link's state."""

import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import AccountIdentity, Hello, LedgerIdentity, Prove, RefusalCode
from bridge.core.link.report_identity import report_key
from bridge.core.settings import LinkSettings, OfficerSettings
from bridge.core.trade import executors
from bridge.core.trade.events import connection, system_error
from bridge.core.units import broker_time
from bridge.core.units.broker_time import Offset, Unplaced
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.core.units.quoting import quoted
from bridge.journal.database import audit
from bridge.journal.database.words import AuditKind
from bridge.journal.steps.step import Step, json_text
from bridge.journal.tables import clock_offsets, commands, officers, reports, sessions
from bridge.journal.tables.officers import Officer

BEFORE_BINDING_MS: Final = 86_400_000
"""Distance of the first watermark from the binding: a day, in ms. Older history is not ours, and is not read."""


_MOST_UNSEEN: Final = timedelta(days=100)
"""Time without a measurement in which a broker's clock does not change and change back."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """An epoch is open."""

    epoch: int
    ledger_mark: int
    watermark_server_ms: int
    stored_epoch: int
    """Last epoch of this instance of which the journal has reports; 0: none."""
    stored_seq: int
    """Highest number of them."""
    offset_s: int | None
    """Broker time minus UTC, as it was measured last; None where it never was."""
    quarantine: str
    """Reason why nothing will be dispatched in it; empty while dispatch is allowed."""


class NotOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The journal refuses the terminal."""

    code: RefusalCode
    message: str
    remedy: str


def open_epoch(
    step: Step,
    settings: OfficerSettings,
    link: LinkSettings,
    hello: Hello,
    prove: Prove,
    *,
    others: Iterable[OfficerSettings] = (),
) -> Opened | NotOpened:
    """Bind the officer at its first hello, compare at every later one, and open an epoch.

    `others` are the other officers of the configuration.
    """
    account = prove.account
    if account.trade_mode is TradeMode.REAL and not settings.allow_real:
        return NotOpened(
            code=RefusalCode.REAL_ACCOUNT,
            message=f"account {account.login} at {account.server} is a real-money account",
            remedy=f"set allow_real = true for officer {step.officer!r} if real orders are meant",
        )
    officer = officers.load_or_add(step.connection, step.officer)
    if officer.login and (refusal := _compare(step, officer, account)):
        return refusal
    if refusal := _other_officer(step, settings, account, others):
        return refusal
    if refusal := _other_account(step, account, prove.ledger):
        return refusal
    if refusal := _superseded(step, hello) or _wait(step, link, hello):
        return refusal
    officers.set_refused_ledger(step.connection, step.officer, "")
    if not officer.login:
        _bind_account(step, officer, account, prove.server_ms)
    _check_ledger(step, officer, prove.ledger)
    if hello.instance_id in prove.ledger.instances:
        officers.set_ledger_instance(step.connection, step.officer, hello.instance_id)
    return _open(step, hello, prove)


def _compare(step: Step, officer: Officer, account: AccountIdentity) -> NotOpened | None:
    bound = (officer.login, officer.present_server, officer.margin_mode, officer.trade_mode)
    now = (account.login, account.server, account.margin_mode, account.trade_mode)
    if bound == now:
        return None
    return NotOpened(
        code=RefusalCode.ACCOUNT,
        message=(
            f"officer {step.officer!r} belongs to account {_spell(bound)}; "
            f"the terminal is logged in to {_spell(now)}"
        ),
        remedy=_account_remedy(officer, account),
    )


def _account_remedy(officer: Officer, account: AccountIdentity) -> str:
    rebind = f"'execution-officer rebind --officer {officer.officer}"
    remedy = f"log the terminal in to that account, or run {rebind} --account' if the change is meant"
    if account.login != officer.login:
        return remedy
    return (
        f"where the broker renamed its server, run {rebind} --login {account.login} --renamed-server "
        f"{quoted(account.server, windows=sys.platform == 'win32')}'; otherwise {remedy}"
    )


def _other_officer(
    step: Step, settings: OfficerSettings, account: AccountIdentity, others: Iterable[OfficerSettings]
) -> NotOpened | None:
    """Refuse an account that another configured officer is bound to, unless both may share it.

    Two officers on one account take each other's positions for manual trades, and share its margin.
    """
    for other in others:
        bound = officers.load(step.connection, other.id)
        if bound is None or (bound.login, bound.present_server) != (account.login, account.server):
            continue
        if not (settings.shared_account and other.shared_account):
            return NotOpened(
                code=RefusalCode.SHARED_ACCOUNT,
                message=(
                    f"account {account.login} at {account.server} belongs to officer {other.id!r}, too; two "
                    "officers on one account take each other's positions for manual trades"
                ),
                remedy=(
                    f"log the terminal of officer {step.officer!r} in to an account of its own, or set "
                    "shared_account = true at both officers if it is meant"
                ),
            )
    return None


def _other_account(step: Step, account: AccountIdentity, ledger: LedgerIdentity) -> NotOpened | None:
    """Refuse a ledger that was made for another account, before anything of it is stored.

    The login alone is compared: a server that is renamed keeps its logins.
    """
    if ledger.login in (None, account.login):
        return None
    message = (
        f"the terminal's ledger {ledger.id[:8]} is that of account {ledger.login}, and the terminal is logged in "
        f"to account {account.login}"
    )
    officers.set_refused_ledger(step.connection, step.officer, message)
    return NotOpened(
        code=RefusalCode.LEDGER,
        message=message,
        remedy=f"end the terminal's program, give it the ledger of account {account.login} or move the file away, "
        "and start it again",
    )


def _superseded(step: Step, hello: Hello) -> NotOpened | None:
    """Refuse an instance whose place another has taken, and quarantine the officer: two terminals run for it."""
    successor = sessions.successor(step.connection, step.officer, hello.instance_id)
    if successor is None:
        return None
    message = (
        f"instance {hello.instance_id[:8]} of officer {step.officer!r} has come back after instance "
        f"{successor[:8]} took its place: two terminals run for it, perhaps from a copied terminal folder"
    )
    step.quarantine_officer(message)
    return NotOpened(
        code=RefusalCode.SUPERSEDED,
        message=message,
        remedy="end one of the two terminals; to go on with this one, attach its program to the chart again",
    )


def _wait(step: Step, link: LinkSettings, hello: Hello) -> NotOpened | None:
    """Refuse an instance while another one may still execute a command that was dispatched to it."""
    held = commands.in_states(step.connection, step.officer, executors.HELD)
    sent = [step.last_dispatch(command.client_order_id) for command in held]
    margin_s = link.takeover_margin_s
    waits = executors.longest_wait([each for each in sent if each is not None], hello.instance_id, margin_s)
    if waits is None:
        return None
    return NotOpened(
        code=RefusalCode.TAKEOVER,
        message=(
            f"instance {waits.instance_id[:8]} of officer {step.officer!r} may still execute command "
            f"{waits.client_order_id}, for {waits.left_s(hello.instance_id, margin_s):.1f} s at most"
        ),
        remedy="wait: the terminal tries again by itself",
    )


def _spell(account: tuple[object, ...]) -> str:
    login, server, margin_mode, trade_mode = account
    return f"{login} at {server} ({margin_mode}, {trade_mode})"


def _bind_account(step: Step, officer: Officer, account: AccountIdentity, server_ms: int) -> None:
    watermark = max(server_ms - BEFORE_BINDING_MS, 0)
    if officer.former_login == account.login:
        # It may be the account bound before, under another server name: nothing since its last scan is missed.
        watermark = min(watermark, officer.former_watermark_server_ms)
    officers.bind_account(step.connection, step.officer, account, watermark_server_ms=watermark, at=step.now)
    step.rebind_account()
    step.audit(AuditKind.BOUND, f"{account.login} at {account.server}", json_text(account))


def _check_ledger(step: Step, officer: Officer, ledger: LedgerIdentity) -> None:
    """Quarantine the officer for a ledger that is lost, restored or foreign: it cannot say what was sent."""
    if officer.ledger_id is None:
        officers.bind_ledger(step.connection, step.officer, ledger.id)
        step.audit(AuditKind.LEDGER, ledger.id, json_text(ledger))
    elif officer.ledger_id != ledger.id:
        step.quarantine_officer(
            f"the terminal has another ledger ({ledger.id[:8]}) than before ({officer.ledger_id[:8]})"
        )
    elif ledger.mark < officer.ledger_mark:
        step.quarantine_officer(
            f"the terminal's ledger holds {ledger.mark} intents, and {officer.ledger_mark} were reported from it: "
            "an old copy was restored"
        )
    elif officer.ledger_instance is not None and officer.ledger_instance not in ledger.instances:
        step.quarantine_officer(
            f"the terminal's ledger does not know the last session's instance ({officer.ledger_instance[:8]}): "
            "it is a copy from before that session, as in a copied terminal folder. Run one of the two only"
        )
    if not ledger.unbroken:
        step.quarantine_officer(
            "the terminal's ledger is damaged; move its file away, so that the terminal starts a new one"
        )


def _open(step: Step, hello: Hello, prove: Prove) -> Opened:
    stored_epoch, stored_seq = sessions.last_stored(step.connection, step.officer, hello.instance_id)
    sessions.end_all(step.connection, step.officer, "a new session took over", step.now)
    epoch = sessions.add(
        step.connection,
        step.officer,
        instance_id=hello.instance_id,
        ledger_id=prove.ledger.id,
        program=prove.program,
        at=step.now,
    )
    body = json_text({"instance_id": hello.instance_id, "program": prove.program})
    step.audit(AuditKind.SESSION, f"epoch {epoch} opened", body)
    # A clock that is not trusted measures nothing.
    offset = broker_time.measure(prove.server_ms, step.now) if step.trusted else None
    if offset is not None:
        note_offset(step, offset, confirmed=False)
    officer = officers.load_or_add(step.connection, step.officer)
    link_restored(step)
    _broker_restored(step, hello.instance_id)
    return Opened(
        epoch=epoch,
        ledger_mark=officer.ledger_mark,
        watermark_server_ms=officer.watermark_server_ms,
        stored_epoch=stored_epoch,
        stored_seq=stored_seq,
        offset_s=broker_time.in_force(offsets(step), step.now),
        quarantine=step.quarantine,
    )


def end_epoch(step: Step, epoch: int, reason: str) -> None:
    """Store the end of a session."""
    sessions.end(step.connection, epoch, reason, step.now)


def offsets(step: Step) -> list[Offset]:
    """Return the offsets of the officer's broker, each from the time at which its clock changed, oldest first."""
    return broker_time.place_switches(measured_offsets(step)).offsets


def measured_offsets(step: Step) -> list[Offset]:
    """Return the offsets of the officer's broker, each from its first to its last measurement, oldest first."""
    return clock_offsets.load(step.connection, step.officer, step.account.server)


def note_offset(step: Step, seconds: int, *, confirmed: bool) -> None:
    """Store the broker's distance from UTC, as it was measured now, where it differs from before.

    `confirmed`: more than one measurement has found it. A single one counts at once, since what comes next needs an
    offset; it is deleted where the next one contradicts it, and a change that it alone shows is not raised.

    A measurement in the future was made by a wrong clock, and is deleted: it would come into force some day, and
    stay in force.
    """
    server = step.account.server
    if clock_offsets.delete_after(step.connection, step.officer, server, step.now):
        step.audit(AuditKind.CLOCK, "measurements in the future are deleted")
    before = measured_offsets(step)
    if broker_time.contradicts(seconds, step.now, before):
        _delete_single(step, before.pop())
    if before and before[-1].seconds == seconds and step.now - _last_measurement(before) < _MOST_UNSEEN:
        _confirm(step, before)
        return
    clock_offsets.add(step.connection, step.officer, server, seconds, step.now, confirmed=confirmed)
    step.audit(AuditKind.CLOCK, f"broker time is UTC{seconds / 3600:+g} h")
    if confirmed:
        _raise_unplaced(step)


def confirm_offset(step: Step, server_ms: int) -> None:
    """Store that the broker's clock still has its last offset, where this measurement finds that."""
    measured = measured_offsets(step)
    found = broker_time.measure(server_ms, step.now)
    if not step.trusted or not measured or found is None:
        return
    if broker_time.contradicts(found, step.now, measured):
        _delete_single(step, measured.pop())
    if measured and found == measured[-1].seconds:
        _confirm(step, measured)


def _confirm(step: Step, measured: list[Offset]) -> None:
    """Store that the last of the measured offsets was found again now."""
    clock_offsets.confirm(step.connection, step.officer, step.account.server, step.now)
    if measured[-1].confirmed is None:
        _raise_unplaced(step)


def _delete_single(step: Step, single: Offset) -> None:
    clock_offsets.delete_last(step.connection, step.officer, step.account.server)
    step.audit(AuditKind.CLOCK, f"a single measurement of UTC{single.seconds / 3600:+g} h is deleted")


def _raise_unplaced(step: Step) -> None:
    """Emit an event for each change of the broker's clock that the last offset shows, and whose time is unknown."""
    measured = measured_offsets(step)
    known = broker_time.place_switches(measured[:-1]).unplaced
    new = [each for each in broker_time.place_switches(measured).unplaced if each not in known]
    for unplaced in new:
        _emit_unplaced(step, unplaced, f"clock:{utc_text(measured[-1].since)}:{utc_text(unplaced.earliest)}")


def _emit_unplaced(step: Step, change: Unplaced, subject: str) -> None:
    """Emit SYSTEM_ERROR for a change of the broker's clock whose time nothing shows."""
    hours = abs(change.after_s - change.before_s) / 3600 or 1
    message = (
        f"the broker's clock was UTC{change.before_s / 3600:+g} h at {utc_text(change.earliest)} and "
        f"UTC{change.after_s / 3600:+g} h at {utc_text(change.latest)}; when it changed is not known. "
        f"occurred_at of what happened at the broker in between may be wrong by {hours:g} h: compare it with "
        "the account's history"
    )
    step.emit(
        [system_error(step.officer, step.now, code="BROKER_CLOCK_UNKNOWN", message=message, subject=subject)]
    )


def _last_measurement(measured: list[Offset]) -> datetime:
    return measured[-1].confirmed or measured[-1].since


def margin_mode(step: Step) -> MarginMode:
    """Return the account's margin mode; RETAIL_HEDGING until it is bound: no position is divided then."""
    return step.known.margin_mode or MarginMode.RETAIL_HEDGING


def link_lost(step: Step, reason: str) -> None:
    """Store that the terminal has been silent for too long, and emit CONNECTION_LOST once, until it is back."""
    _set_link(step, up=False, message=reason)


def link_restored(step: Step) -> None:
    """Store that the terminal is back, and emit CONNECTION_RESTORED after a CONNECTION_LOST."""
    _set_link(step, up=True, message="")


def _broker_restored(step: Step, instance_id: str) -> None:
    """Emit CONNECTION_RESTORED for an earlier instance that lost its broker.

    It is over, and can no longer report that the broker is back. Its successor says hello once it is connected.
    """
    last = reports.latest_connection(step.connection, step.account)
    if last is None or last.up or last.instance_id == instance_id:
        return
    subject = f"{report_key(last)}:over"
    restored = connection(
        step.officer, step.now, up=True, code="", message="the broker is connected again", subject=subject
    )
    step.emit([restored])


def _set_link(step: Step, *, up: bool, message: str) -> None:
    officer = officers.load_or_add(step.connection, step.officer)
    if officer.link_up is up or (not up and not officer.login):
        return
    lost_before = audit.has_kind(step.connection, step.officer, AuditKind.LINK)
    officers.set_link(step.connection, step.officer, up=up)
    noted = step.audit(AuditKind.LINK, "up" if up else "down", message)
    if up and not lost_before:
        # The very first session restores nothing.
        return
    step.emit(
        [
            connection(
                step.officer,
                step.now,
                up=up,
                code="TERMINAL_SILENT",
                message=message,
                subject=f"link:{noted}",
            )
        ]
    )
