"""X: a second terminal or machine for one officer: nothing is sent twice, and what is found is raised."""

from decimal import Decimal

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from bridge.simulator.mt5.types import OrderType
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.operator_commands import order
from tests.rig.process import Process
from tests.rig.rig import CLOSED, OPENED, REFUSED
from tests.rig.world import OFFICER

# The terminal counts as alive for three seconds after it was frozen, so that a command still goes to it. The copy
# tries at growing distances: at least once between those three seconds and the deadline.
LINK = {"heartbeat_s": 1.0, "command_deadline_s": 10.0, "takeover_margin_s": 2.0}
VOLUME = Decimal("0.01")


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


@case(
    "X01",
    "A terminal that is frozen with a command executes it when it wakes in time, and a copy of it does not",
)
def wakes_in_time(rig: ConformanceRig) -> None:
    opening, copy = freeze_with_a_command(rig)
    rig.terminal.resume()
    rig.emitted(opening, *OPENED)
    # The copy is refused from now on: the original lives.
    rig.sidecar.logged("terminal_refused", refusal="SECOND_INSTANCE")
    assert copy.terminate() == 0
    assert len(rig.broker.sends()) == 2


@case(
    "X02", "A terminal that wakes after a copy of its folder took its place sends nothing, and is quarantined"
)
def wakes_too_late(rig: ConformanceRig) -> None:
    opening, _ = freeze_with_a_command(rig)
    rig.emitted(opening, *OPENED)
    rig.sidecar.logged("command_sent", attempt=2)
    rig.terminal.resume()
    rig.sidecar.logged("terminal_refused", refusal="SUPERSEDED")
    raised = rig.emitted_besides(EventType.SYSTEM_ERROR, "QUARANTINED")
    assert "copied terminal folder" in str(raised.body["error_message"])
    assert len(rig.broker.sends()) == 2
    assert rig.terminal.terminate() == 0


@case("X03", "A copy of a terminal's folder whose original was started since is quarantined")
def copied_before(rig: ConformanceRig) -> None:
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


@case("X06", "A terminal whose folder was moved after its end goes on, and closes what it opened before")
def moved(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open()
    assert rig.terminal.terminate() == 0
    rig.start_terminal(OFFICER, ledger=rig.copy_terminal())
    rig.sidecar.logged("terminal_connected", epoch=2)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert rig.journal.rows("SELECT quarantine FROM officers") == [{"quarantine": ""}]


def _sends_too(rig: ConformanceRig, *, known: bool) -> tuple[str, int]:
    """Open a position, and let another machine open one. Return the directive, and the id of the other one."""
    rig.start()
    opening = rig.open()
    [position] = rig.broker.positions()
    # The other machine's order has no command of its own in this journal.
    rig.journal_restored = True
    magic = position.magic if known else position.magic ^ 1
    rig.broker.manual_open("EURUSD", OrderType.BUY, VOLUME, magic=magic)
    return opening, magic


def _halted(rig: ConformanceRig, magic: int) -> None:
    """Check that opens are halted, and that the operator is asked."""
    _, rejected = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert rejected.code == "HALTED"
    status = order(rig, "status", code=ExitCode.ATTENTION)
    assert str(magic) in status and "resume" in status


@case(
    "X04",
    "An order of another machine under the id of a command counts for it, and halts opens until a resume",
)
def known_id(rig: ConformanceRig) -> None:
    opening, magic = _sends_too(rig, known=True)
    # It counts under the directive of the id, so that a close takes it off.
    raised = rig.emitted(opening, *OPENED, EventType.POSITION_OPENED, EventType.SYSTEM_ERROR)[-1]
    assert raised.code == "VOLUME_EXCEEDED"
    _halted(rig, magic)
    close = rig.issue("CLOSE", target_directive_id=opening)
    rig.emitted(close, *CLOSED, *CLOSED[1:], in_any_order=True)
    assert rig.broker.positions() == []
    order(rig, "resume", "--officer", OFFICER, "--why", "looked")
    rig.open()


@case(
    "X05",
    "An order of another machine under an unknown id of the officer is left, and halts opens until a resume",
)
def unknown_id(rig: ConformanceRig) -> None:
    opening, magic = _sends_too(rig, known=False)
    rig.emitted_besides(EventType.SYSTEM_ERROR, "ORDER_ID_UNKNOWN")
    _halted(rig, magic)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert [position.magic for position in rig.broker.positions()] == [magic]
    order(rig, "resume", "--officer", OFFICER, "--why", "looked")
    rig.open()
