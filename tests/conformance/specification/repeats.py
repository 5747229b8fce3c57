"""D: journal, ledger or both are lost, and the Director lists the same directives again: nothing is sent twice."""

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from bridge.cli.setup import set_up
from bridge.config import load
from bridge.core.director.contract import EventType
from bridge.core.link.reports import CommandStage
from bridge.simulator.broker.fault_rules import DelayHistory, DropTransactions, LoseAnswer
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import CANCELLED, PLACED, until, volumes
from tests.rig.rig import CLOSED, OPENED
from tests.rig.world import OFFICER

SIDE_FILES = ("", "-wal", "-shm")
HISTORY_LATE_MS = 8_000
"""Longer than the grace time after which two searches that find nothing make an outcome UNKNOWN."""
EARLIER_HOURS, LATER_HOURS = -12, 14
"""Broker time minus UTC before and after a change that moves what was done before the first scan of a new journal,
a day and an hour ago. Each is one that a broker can have."""


def begin(rig: ConformanceRig) -> None:
    """Start everything, with a Director that lists every directive for ever."""
    rig.start()
    rig.director.behave(listing="forever")


def lose_journal(rig: ConformanceRig, backup: Path | None = None) -> None:
    """Put the backup in the journal's place; without one a new journal."""
    for suffix in SIDE_FILES:
        rig.journal.path.with_name(rig.journal.path.name + suffix).unlink(missing_ok=True)
    if backup is None:
        set_up(load(rig.config_path), new_journal=True)
    else:
        shutil.copy(backup, rig.journal.path)
    # The Director knows more than the journal, and gets some events again.
    rig.journal_restored = rig.answers_lost = True


def lose_ledger(rig: ConformanceRig) -> None:
    ledger = rig.ledger_path()
    assert ledger is not None
    ledger.unlink()


def stop(rig: ConformanceRig) -> None:
    assert rig.sidecar.terminate() == 0
    assert rig.terminal.terminate() == 0


def start(rig: ConformanceRig) -> None:
    rig.start_sidecar()
    rig.start_terminal()
    rig.terminal.line("connected to")


def rebind(rig: ConformanceRig) -> None:
    """Accept the account as it is, as an operator who compared it."""
    # The reason may name ledgers, whose ids are random.
    rig.compared = False
    rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    words = ["rebind", "--config", str(rig.config_path), "--officer", OFFICER, "--why", "compared", "--yes"]
    process = rig.bridge(*words)
    assert process.exited() == 0, process.log


def emitted_again(rig: ConformanceRig, directive_id: str, *types: EventType) -> None:
    """Wait until the Director got each of these events a second time, under the key of the first."""
    rig.director.wait(
        f"waited for {', '.join(types)} of {directive_id} once more",
        lambda events: (
            {e.type for e in events if e.directive_id == directive_id and e.deliveries > 1} >= set(types)
        ),
    )
    rig.emitted(directive_id, *types)


def known_from_reports(rig: ConformanceRig, directive_id: str) -> None:
    """Check that the journal knew from the terminal's reports what was sent, and dispatched nothing for it."""
    found = "SELECT 1 FROM dispatches JOIN commands USING (client_order_id) WHERE directive_id = ?"
    assert rig.journal.rows(found, directive_id) == []


def stages(rig: ConformanceRig) -> set[str]:
    """Return the stages that the terminal has reported since the journal was made."""
    rows = rig.journal.rows("SELECT DISTINCT json_extract(body, '$.stage') AS stage FROM reports")
    return {row["stage"] for row in rows if row["stage"] is not None}


@case("D01", "Journal and ledger are lost: an open position is taken back under its directive, and closed")
def both_lost(rig: ConformanceRig) -> None:
    begin(rig)
    directive = rig.open(quantity=0.02, stop_loss=1.08)
    stop(rig)
    lose_journal(rig)
    lose_ledger(rig)
    start(rig)
    emitted_again(rig, directive, *OPENED)
    known_from_reports(rig, directive)
    assert len(rig.broker.sends()) == 1
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert closed.body["opening_directive_id"] == directive
    assert rig.broker.positions() == []


@case("D02", "Journal and ledger are lost: a pending order is taken back under its directive, and cancelled")
def pending_order_lost(rig: ConformanceRig) -> None:
    begin(rig)
    directive = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.08, quantity=0.01, time_in_force="GTC")
    rig.emitted(directive, *PLACED)
    stop(rig)
    lose_journal(rig)
    lose_ledger(rig)
    start(rig)
    emitted_again(rig, directive, *PLACED)
    known_from_reports(rig, directive)
    assert len(rig.broker.orders()) == 1
    rig.emitted(rig.issue("CANCEL", target_directive_id=directive), *CANCELLED)
    rig.emitted(directive, *PLACED, EventType.ORDER_CANCELLED)
    assert rig.broker.orders() == []


def _journal_lost(rig: ConformanceRig, lose: Callable[[], None]) -> None:
    directive = rig.open(quantity=0.02)
    stop(rig)
    lose()
    start(rig)
    rebind(rig)
    emitted_again(rig, directive, *OPENED)
    known_from_reports(rig, directive)
    rig.open(quantity=0.03)
    assert volumes(rig) == [Decimal("0.02"), Decimal("0.03")]
    rig.emitted(rig.issue("CLOSE", target_directive_id=directive), *CLOSED)
    assert len(rig.broker.sends()) == 3


@case(
    "D03", "The journal is restored from a backup and the ledger kept: what was sent since is not sent again"
)
def journal_restored(rig: ConformanceRig) -> None:
    begin(rig)
    backup = rig.folder / "backup.db"
    rig.journal.copy_to(backup)
    _journal_lost(rig, lambda: lose_journal(rig, backup))


@case("D04", "The journal is made anew and the ledger kept: what was sent before is not sent again")
def journal_anew(rig: ConformanceRig) -> None:
    begin(rig)
    _journal_lost(rig, lambda: lose_journal(rig))


@case(
    "D05", "The journal is restored from a backup and the ledger lost: what was sent since is not sent again"
)
def journal_restored_ledger_lost(rig: ConformanceRig) -> None:
    begin(rig)
    # The ledger of a journal without commands is known to it.
    backup = rig.folder / "backup.db"
    rig.journal.copy_to(backup)

    def lose() -> None:
        lose_journal(rig, backup)
        lose_ledger(rig)

    _journal_lost(rig, lose)


@case("D06", "The ledger is lost and the journal kept: the directive is known, and not sent again")
def ledger_lost(rig: ConformanceRig) -> None:
    begin(rig)
    directive = rig.open(quantity=0.02)
    stop(rig)
    lose_ledger(rig)
    rig.answers_lost = True
    start(rig)
    rebind(rig)
    rig.open(quantity=0.03)
    assert volumes(rig) == [Decimal("0.02"), Decimal("0.03")]
    rig.emitted(directive, *OPENED)


@case("D07", "Journal and ledger are lost: a position closed before the first scan is found in the history")
def found_in_the_history(rig: ConformanceRig) -> None:
    rig.start_director()
    rig.start_zoned_broker(EARLIER_HOURS)
    rig.start_sidecar()
    rig.start_terminal()
    rig.ready()
    rig.director.behave(listing="forever")
    directive = rig.open(quantity=0.02)
    rig.broker.manual_close(rig.broker.positions()[0].ticket)
    rig.emitted(directive, *OPENED, EventType.POSITION_CLOSED)
    stop(rig)
    lose_journal(rig)
    lose_ledger(rig)
    sends = len(rig.broker.sends())
    broker = next(process for process in rig.processes if process.name.startswith("broker"))
    assert broker.terminate() == 0
    rig.start_zoned_broker(LATER_HOURS)
    start(rig)
    emitted_again(rig, directive, *OPENED, EventType.POSITION_CLOSED)
    until(rig, "the terminal reports what it found", lambda: CommandStage.FOUND in stages(rig))
    assert CommandStage.SUBMITTED not in stages(rig)
    assert len(rig.broker.sends()) == sends


@case(
    "D08", "Journal and ledger are lost: a CLOSE that was executed is reported as before, and not sent again"
)
def close_lost(rig: ConformanceRig) -> None:
    begin(rig)
    first, second = rig.open(quantity=0.02), rig.open(quantity=0.03)
    close = rig.issue("CLOSE", target_directive_id=first)
    rig.emitted(close, *CLOSED)
    stop(rig)
    lose_journal(rig)
    lose_ledger(rig)
    start(rig)
    emitted_again(rig, first, *OPENED)
    emitted_again(rig, second, *OPENED)
    emitted_again(rig, close, *CLOSED)
    for each in (first, second, close):
        known_from_reports(rig, each)
    assert volumes(rig) == [Decimal("0.03")]
    assert len(rig.broker.sends()) == 3


@case(
    "D10",
    "Journal and ledger are lost: a CLOSE with a quantity takes nothing from another position, nor a new one",
)
def close_in_part_lost(rig: ConformanceRig) -> None:
    begin(rig)
    first, second = rig.open(quantity=0.05), rig.open(quantity=0.04)
    part = rig.issue("CLOSE", quantity=0.03)
    rig.emitted(part, *CLOSED[:3])
    rest = rig.issue("CLOSE", quantity=0.02)
    rig.emitted(rest, *CLOSED)
    third = rig.open(quantity=0.06)
    every = rig.issue("CLOSE", target_directive_id=second)
    rig.emitted(every, *CLOSED)
    stop(rig)
    lose_journal(rig)
    lose_ledger(rig)
    start(rig)
    for each in (first, second, third):
        emitted_again(rig, each, *OPENED)
    for each in (rest, every):
        emitted_again(rig, each, *CLOSED)
    emitted_again(rig, part, *CLOSED[:3])
    assert volumes(rig) == [Decimal("0.06")]
    assert len(rig.broker.sends()) == 6
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert closed.body["opening_directive_id"] == third


@case("D09", "An answer is lost and the history is late: the position that is shown is the evidence")
def shown_before_the_history(rig: ConformanceRig) -> None:
    rig.start()
    for effect in (LoseAnswer(), DropTransactions(), DelayHistory(milliseconds=HISTORY_LATE_MS)):
        rig.fault(effect)
    opening = rig.issue("OPEN_LONG", quantity=0.02)
    rig.emitted(opening, EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR, EventType.ORDER_PLACED)
    # It waits for the deal, instead of finding no position.
    close = rig.issue("CLOSE", target_directive_id=opening)
    rig.emitted(opening, EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR, *OPENED[1:])
    rig.emitted(close, *CLOSED)
    assert rig.broker.positions() == []
    assert len(rig.broker.sends()) == 2
