"""A copied terminal folder, on either terminal: the original is frozen just as a command is on its way."""

from bridge.core.director.contract import EventType
from tests.conformance.rig import ConformanceRig
from tests.rig.process import Process
from tests.rig.rig import OPENED
from tests.rig.world import OFFICER

# The terminal counts as alive for three seconds after it was frozen, so that a command still goes to it. The copy
# tries at growing distances: at least once between those three seconds and the deadline.
LINK = {"heartbeat_s": 1.0, "command_deadline_s": 10.0, "takeover_margin_s": 2.0}


def freeze_with_a_command(rig: ConformanceRig) -> tuple[str, Process]:
    """Freeze the terminal, send it an open, and start a terminal from a copy of its folder."""
    # Both terminals trade, and the reports of one are the other's evidence.
    rig.compared = False
    rig.configure(link=LINK)
    rig.start()
    # The terms of the symbol are known in this session: a frozen terminal could not report them.
    rig.open()
    mark = rig.sidecar.mark
    rig.terminal.suspend()
    opening = rig.issue("OPEN_LONG")
    rig.sidecar.logged("command_sent", attempt=1, since=mark)
    copy = rig.start_copy()
    rig.sidecar.logged("terminal_refused", refusal="TAKEOVER")
    return opening, copy


def test_original_that_wakes_before_the_deadline_executes_alone(rig: ConformanceRig) -> None:
    opening, copy = freeze_with_a_command(rig)
    rig.terminal.resume()
    rig.emitted(opening, *OPENED)
    # The copy is refused from now on: the original lives.
    rig.sidecar.logged("terminal_refused", refusal="SECOND_INSTANCE")
    assert copy.terminate() == 0
    assert len(rig.broker.sends()) == 2


def test_original_that_wakes_after_the_copy_took_its_place_sends_nothing(rig: ConformanceRig) -> None:
    opening, _ = freeze_with_a_command(rig)
    rig.emitted(opening, *OPENED)
    rig.sidecar.logged("command_sent", attempt=2)
    rig.terminal.resume()
    rig.sidecar.logged("terminal_refused", refusal="SUPERSEDED")
    raised = rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    assert "copied terminal folder" in str(raised.body["error_message"])
    assert len(rig.broker.sends()) == 2
    assert rig.terminal.terminate() == 0


def test_copy_of_a_folder_that_was_started_since_is_quarantined(rig: ConformanceRig) -> None:
    # The reason names an instance, whose id is random.
    rig.compared = False
    rig.start()
    rig.open()
    copy = rig.copy_terminal()
    rig.restart_terminal()
    rig.sidecar.logged("terminal_connected", epoch=2)
    assert rig.journal.rows("SELECT quarantine FROM officers") == [{"quarantine": ""}]
    # It sends nothing: the two ledgers differ by the load alone.
    assert rig.terminal.terminate() == 0
    rig.start_terminal(OFFICER, ledger=copy)
    raised = rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    assert "copied terminal folder" in str(raised.body["error_message"])
