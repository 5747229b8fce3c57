"""`recover`: orders made after the backup of a journal are adopted, with the processes of a real installation."""

import json
import shutil
from typing import Any, Final

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from tests.rig.rig import CLOSED, OPENED, Rig
from tests.rig.world import OFFICER

SIDE_FILES: Final = ("-wal", "-shm")


def command(rig: Rig, *words: str, code: int = ExitCode.OK) -> str:
    """Run one command and return its output."""
    process = rig.bridge(words[0], "--config", str(rig.config_path), *words[1:])
    assert process.exited() == code, process.log
    return "\n".join(process.log)


def lost(rig: Rig) -> list[dict[str, Any]]:
    """Return the lost orders of the officer."""
    process = rig.bridge("recover", "--config", str(rig.config_path), "--json")
    process.exited()
    [line] = [line for line in process.log if line.startswith("{")]
    [officer] = json.loads(line)["officers"]
    found: list[dict[str, Any]] = officer["orders"]
    return found


def lose_what_follows(rig: Rig) -> str:
    """Open a position after a backup, and restore the backup; return the position's directive."""
    rig.start()
    backup = rig.folder / "backup.db"
    rig.journal.copy_to(backup)
    directive_id = rig.open()
    assert rig.sidecar.terminate() == 0
    for suffix in SIDE_FILES:
        rig.journal.path.with_name(rig.journal.path.name + suffix).unlink(missing_ok=True)
    shutil.copy(backup, rig.journal.path)
    rig.journal_restored = True
    rig.start_sidecar()
    rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    return directive_id


def test_order_after_the_backup_is_adopted_and_closed_under_its_directive(rig: Rig) -> None:
    directive_id = lose_what_follows(rig)
    rig.sidecar.logged("terminal_connected")
    shown = command(rig, "recover", code=ExitCode.UNADOPTED)
    assert directive_id in shown and "position open" in shown and "ledger" in shown
    [order] = lost(rig)
    assert (order["directive_id"], order["state"]) == (directive_id, "position open")
    before = len(rig.director.events())
    adopted = command(rig, "recover", "--adopt", "--yes", "--why", "restored")
    assert f"{order['client_order_id']} is adopted" in adopted
    command(rig, "rebind", "--officer", OFFICER, "--why", "recovered", "--yes")
    close = rig.issue("CLOSE", target_directive_id=directive_id)
    _, _, _, closed = rig.emitted(close, *CLOSED)
    assert closed.body["opening_directive_id"] == directive_id
    again = [event for event in rig.director.events()[before:] if event.directive_id == directive_id]
    assert again == []
    rig.emitted(directive_id, *OPENED)
    assert rig.broker.positions() == []


def test_recover_without_a_terminal_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.start()
    rig.open()
    assert rig.terminal.terminate() == 0
    assert rig.sidecar.terminate() == 0
    rig.start_sidecar()
    refused = command(rig, "recover", code=ExitCode.NO_TERMINAL)
    assert refused.count("Error: ") == 1 and f"no terminal of officer {OFFICER} has reported" in refused
    assert "lacks no order" in command(rig, "recover", "--last-scan")
    rig.unsettled = "the terminal is stopped"


def test_officer_that_the_configuration_lost_is_logged_at_start_and_requires_action(rig: Rig) -> None:
    other = "eo-002"
    rig.configure(officers=({"id": OFFICER}, {"id": other}))
    rig.start(officers=(OFFICER, other))
    rig.open()
    assert rig.sidecar.terminate() == 0
    rig.configure(officers=({"id": other},))
    rig.start_sidecar()
    warned = rig.sidecar.logged("officer_not_configured", officer=OFFICER)
    assert (warned["level"], warned["open_positions"], warned["pending_orders"]) == ("warning", 1, 0)
    assert "the configuration does not have the officer" in command(rig, "status", code=ExitCode.ATTENTION)
    rig.unsettled = "the officer has no session"
