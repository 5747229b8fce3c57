"""L: losses: a journal that was restored from a backup or made anew, a lost ledger, a renamed trade server."""

import shutil
from decimal import Decimal

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from bridge.simulator.broker.fault_rules import SendKind
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import CANCELLED, PLACED, rests, until
from tests.conformance.specification.operator_commands import order, status
from tests.rig.rig import CLOSED, OPENED, REFUSED
from tests.rig.world import OFFICER

RENAMED = "Simulated-Live02"


def lose_the_journal(rig: ConformanceRig) -> str:
    """Open a position after a backup of the journal, and restore the backup; return the position's directive."""
    backup = rig.folder / "backup.db"
    rig.journal.copy_to(backup)
    opening = rig.open()
    assert rig.sidecar.terminate() == ExitCode.OK
    for suffix in ("-wal", "-shm"):
        rig.journal.path.with_name(rig.journal.path.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, rig.journal.path)
    rig.journal_restored = True
    rig.compared = False
    return opening


def rebind(rig: ConformanceRig, *words: str) -> str:
    return order(rig, "rebind", "--officer", OFFICER, "--why", "looked", "--yes", *words)


@case(
    "L01",
    "An order that a backup lacks is adopted by its ledger entry, and closed under its directive",
)
def adopts_by_ledger(rig: ConformanceRig) -> None:
    rig.start()
    opening = lose_the_journal(rig)
    rig.start_sidecar()
    rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    until(rig, "the order is listed", lambda: opening in shown(rig))
    listed = order(rig, "recover", code=ExitCode.UNADOPTED)
    assert "ledger" in listed and "position open" in listed
    before = len(rig.director.events(opening))
    assert "is adopted" in order(rig, "recover", "--adopt", "--yes")
    rebind(rig)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert len(rig.director.events(opening)) == before
    once(rig, opening)
    assert rig.broker.positions() == []


def once(rig: ConformanceRig, directive_id: str) -> None:
    """Assert that the Director was sent each event of the directive once: a repeated one has its earlier key."""
    assert {event.deliveries for event in rig.director.events(directive_id)} == {1}


def shown(rig: ConformanceRig) -> str:
    """Return the output of `recover`; empty while no terminal has completed its scan."""
    process = rig.bridge("recover", "--config", str(rig.config_path))
    return "\n".join(process.log) if process.exited() == ExitCode.UNADOPTED else ""


@case("L02", "A stop that is hit after the adoption is reported under the adopted directive, once")
def reports_after_adoption(rig: ConformanceRig) -> None:
    rig.start()
    opening = lose_the_journal(rig)
    rig.start_sidecar()
    until(rig, "the order is listed", lambda: opening in shown(rig))
    order(rig, "recover", "--adopt", "--yes")
    rebind(rig)
    rig.emitted(rig.issue("MODIFY_SL", target_directive_id=opening, stop_loss=1.09), *PLACED)
    rig.quote("1.08000")
    rig.emitted(opening, *OPENED, EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)
    once(rig, opening)


@case("L03", "A renamed trade server keeps positions and pending orders, and nothing is reported again")
def keeps_a_renamed_server(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.05)
    rests(rig, waiting)
    login = rig.broker.account().login
    rig.broker.set_account(server=RENAMED)
    rig.sidecar.logged("terminal_refused", refusal="ACCOUNT")
    assert f"--renamed-server {RENAMED}" in order(rig, "status", "--json", code=ExitCode.ATTENTION)
    wrong = (
        "rebind",
        "--officer",
        OFFICER,
        "--why",
        "x",
        "--yes",
        "--renamed-server",
        RENAMED,
        "--login",
        "1",
    )
    assert "a renamed server keeps the login" in order(rig, *wrong, code=ExitCode.WRONG_LOGIN)
    # Without a terminal nothing but the operator's word says that the account is the same.
    assert rig.terminal.terminate() == 0
    assert RENAMED in rebind(rig, "--renamed-server", RENAMED, "--login", str(login))
    journal = status(rig, code=ExitCode.ATTENTION)["journal"]
    assert [(each["login"], each["server"]) for each in journal["officers"]] == [(login, RENAMED)]
    assert [each["directive_id"] for each in journal["positions"]] == [opening]
    assert [each["directive_id"] for each in journal["orders"]] == [waiting]
    rig.start_terminal()
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    rig.emitted(rig.issue("CANCEL", target_directive_id=waiting), *CANCELLED)
    rig.emitted(opening, *OPENED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)
    assert [SendKind.of(send.request) for send in rig.broker.sends()[2:]] == [SendKind.CLOSE, SendKind.REMOVE]


@case(
    "L07",
    "An account that an operator takes for another after its server was renamed keeps its positions, and nothing is"
    " reported again",
)
def is_the_same_account(rig: ConformanceRig) -> None:
    rig.start()
    opening, other = rig.open(), rig.open(quantity=0.02)
    rig.broker.set_account(server=RENAMED)
    rig.sidecar.logged("terminal_refused", refusal="ACCOUNT")
    rebind(rig, "--account")
    # By the records of the account.
    found = "SELECT renamed_server FROM officers"
    until(rig, "the account is recognised", lambda: rig.journal.rows(found)[0]["renamed_server"] == RENAMED)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    order(rig, "flatten", "--yes", "--wait", "60")
    rig.emitted(opening, *OPENED)
    rig.emitted(other, *OPENED, EventType.POSITION_CLOSED)
    assert rig.broker.positions() == []


@case(
    "L04", "A position of a lost journal and a lost ledger is adopted by its comment, and closed by a flatten"
)
def adopts_by_comment(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open()
    assert rig.sidecar.terminate() == ExitCode.OK
    rig.terminal.kill()
    for path in (*rig.folder.glob("journal.db*"), *rig.folder.rglob("*.ledger")):
        path.unlink()
    order(rig, "setup", "--new-journal")
    rig.journal_restored = True
    rig.compared = False
    rig.start_sidecar()
    rig.restart_terminal()
    until(rig, "the order is listed", lambda: opening in shown(rig))
    assert "LOST_ORDERS" in order(rig, "status", "--json", code=ExitCode.ATTENTION)
    assert "comment" in order(rig, "recover", code=ExitCode.UNADOPTED)
    order(rig, "recover", "--adopt", "--yes")
    until(rig, "the terminal is back", lambda: "scanning" not in order_of_status(rig))
    order(rig, "flatten", "--yes")
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    assert rig.broker.positions() == []


@case(
    "L06",
    "A flatten has not ended while a lost order has a position open, and closes it once it is adopted",
)
def flattens_what_is_lost(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open()
    assert rig.sidecar.terminate() == ExitCode.OK
    rig.terminal.kill()
    for path in (*rig.folder.glob("journal.db*"), *rig.folder.rglob("*.ledger")):
        path.unlink()
    order(rig, "setup", "--new-journal")
    rig.journal_restored = True
    rig.compared = False
    rig.start_sidecar()
    rig.restart_terminal()
    until(rig, "the order is listed", lambda: opening in shown(rig))
    (held,) = rig.broker.positions()
    output = order(rig, "flatten", "--yes", "--wait", "1", code=ExitCode.FLATTEN_UNFINISHED)
    assert f"left: position {held.identifier}; the journal lacks {held.identifier}" in output
    order(rig, "recover", "--adopt", "--yes")
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    assert rig.broker.positions() == []


@case(
    "L08",
    "Beside a new journal the ledger of the officer's other account is refused, and nothing of it is adopted",
)
def ledger_of_another_account(rig: ConformanceRig) -> None:
    rig.start()
    rig.open()
    first = rig.broker.account().login
    login = first + 7
    assert rig.sidecar.terminate() == ExitCode.OK
    rig.terminal.kill()
    for path in rig.folder.glob("journal.db*"):
        path.unlink()
    order(rig, "setup", "--new-journal")
    rig.journal_restored = True
    # Refusals name the ledger, whose id is random.
    rig.compared = False
    copy = rig.copy_ledger(login)
    intents = copy.read_bytes().count(b'"mark"')
    rig.change_account(login)
    rig.start_sidecar()
    rig.sidecar.logged("terminal_refused", refusal="LEDGER")
    reason = f"is that of account {first}, and the terminal is logged in to account {login}"
    assert f"{reason}; nothing was changed" in order(rig, "recover", code=ExitCode.LEDGER_FOREIGN)
    order(rig, "recover", "--officer", OFFICER, "--adopt", "--yes", code=ExitCode.LEDGER_FOREIGN)
    assert reason in order(rig, "status", code=ExitCode.ATTENTION)
    assert (rig.journal.rows("SELECT * FROM reports"), rig.broker.sends()) == ([], [])
    assert (intents, copy.read_bytes().count(b'"mark"')) == (1, 1)
    assert rig.journal.rows("SELECT login, ledger_id FROM officers") == [{"login": 0, "ledger_id": None}]
    # With a ledger of its own account it trades, without a rebind.
    rig.terminal.kill()
    copy.unlink()
    rig.start_terminal()
    rig.emitted(rig.open(quantity=0.02), *OPENED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert (rig.broker.positions(), len(rig.broker.sends())) == ([], 2)


def order_of_status(rig: ConformanceRig) -> str:
    """Return the output of `status`, whatever its exit status is."""
    process = rig.bridge("status", "--config", str(rig.config_path))
    process.exited()
    return "\n".join(process.log)


@case(
    "L05",
    "Another account is bound with a position open and a directive waiting: neither is sent or closed there",
)
def other_account(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(quantity=0.02)
    first, (held,) = rig.broker, rig.broker.positions()
    login = first.account().login
    rig.change_account(login + 7)
    rig.sidecar.logged("terminal_refused", refusal="ACCOUNT")
    waiting = rig.issue("OPEN_LONG", quantity=0.05)
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    output = rebind(rig, "--account")
    assert f"open in the journal: position {held.identifier} of {opening}" in output
    assert waiting in output and f"The account {login} at" in output
    _, refused = rig.emitted(waiting, *REFUSED)
    assert refused.code == "REBOUND"
    # Nothing of the first account is known by its number here.
    other = rig.open(quantity=0.03)
    assert [position.volume for position in rig.broker.positions()] == [Decimal("0.03")]
    _, unknown = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *REFUSED)
    assert unknown.code == "NO_POSITION"
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert (rig.broker.positions(), first.positions()) == ([], [held])
    # Back at the first account its position is where it was.
    rig.change_account(login)
    rebind(rig, "--account")
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert (closed.body["opening_directive_id"], first.positions()) == (opening, [])
    rig.emitted(opening, *OPENED)
    rig.emitted(other, *OPENED)
