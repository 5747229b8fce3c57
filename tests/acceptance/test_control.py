"""Operator commands and `status` against a running sidecar with a terminal and a broker."""

import json
import signal
import socket
from typing import Any

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from bridge.sidecar import control_file
from bridge.simulator.broker.fault_rules import Match, Reject, Rule, SendKind
from bridge.status.command_lines import CommandLines
from tests.rig import signals
from tests.rig.ports import HOST
from tests.rig.rig import CLOSED, OPENED, REFUSED, Rig
from tests.rig.world import OFFICER

LOST = (EventType.DIRECTIVE_RECEIVED, EventType.SYSTEM_ERROR)


def order(rig: Rig, *words: str, code: ExitCode = ExitCode.OK) -> str:
    """Run an operator's command and return its output."""
    process = rig.bridge(words[0], "--config", str(rig.config_path), *words[1:])
    assert process.exited() == code, process.log
    return "\n".join(process.log)


def status(rig: Rig, *, code: ExitCode = ExitCode.OK) -> dict[str, Any]:
    report = json.loads(order(rig, "status", "--json", code=code).splitlines()[-1])
    assert isinstance(report, dict)
    return report


def test_halt_refuses_opens_and_lets_closes_continue(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    order(rig, "halt", "--why", "news at ten")
    _, refused = rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert "news at ten" in str(refused.body)
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    order(rig, "resume")
    rig.open()
    assert len(rig.broker.sends()) == 3


def test_halt_set_while_the_sidecar_is_dead_applies_after_its_restart(rig: Rig) -> None:
    rig.start()
    rig.open()
    rig.sidecar.kill()
    left = control_file.control_path(rig.journal.path)
    assert left.exists()
    assert status(rig, code=ExitCode.NOT_RUNNING)["running"] is False
    order(rig, "halt", "--officer", OFFICER)
    rig.start_sidecar()
    rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    rig.restart_sidecar()
    rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    order(rig, "resume")
    rig.open()


def test_flatten_closes_all_positions_and_refuses_opens(rig: Rig) -> None:
    rig.start()
    long, short = rig.open(), rig.open("OPEN_SHORT", symbol="GBPUSD")
    stdout = order(rig, "flatten", "--yes", "--why", "the strategy is off")
    assert "opens are halted until 'execution-officer resume" in stdout
    for opening in (long, short):
        rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    assert rig.broker.positions() == []
    assert len(rig.broker.sends()) == 4


def test_flatten_without_a_sidecar_is_sent_at_its_next_start(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    assert rig.sidecar.terminate() == ExitCode.OK
    assert "No sidecar runs" in order(rig, "flatten", "--yes")
    rig.start_sidecar()
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    assert rig.broker.positions() == []


def test_flatten_that_waits_returns_its_outcome(rig: Rig) -> None:
    rig.start()
    opened = [rig.open(symbol=symbol) for symbol in ("EURUSD", "GBPUSD")]
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.09)
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED)
    stdout = order(rig, "flatten", "--yes", "--wait", "60")
    assert f"{OFFICER}: everything is closed and cancelled; 3 closes and cancels took effect." in stdout
    assert (rig.broker.positions(), rig.broker.orders()) == ([], [])
    for opening in opened:
        rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED, EventType.ORDER_PLACED, EventType.ORDER_CANCELLED)
    states = rig.journal.rows("SELECT state FROM directives WHERE origin = 'operator' ORDER BY id")
    assert states[0]["state"] == states[-1]["state"] == "DONE"


def test_flatten_that_waits_in_vain_returns_what_is_left_and_goes_on(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    [held] = rig.broker.positions()
    rig.terminal.kill()
    rig.sidecar.logged("session_ended")
    stdout = order(rig, "flatten", "--yes", "--wait", "0.3", code=ExitCode.FLATTEN_UNFINISHED)
    left = f"0 closes and cancels took effect; left: position {held.identifier}."
    assert f"{OFFICER}: not ended after 0.3 s, and goes on; {left}" in stdout
    rig.start_terminal()
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)


def test_flatten_that_waits_ends_when_opens_are_resumed(rig: Rig) -> None:
    rig.start()
    rig.open()
    rig.broker.add_rule(Rule(effect=Reject(), match=Match(kind=SendKind.CLOSE), times=100))
    waiting = rig.bridge("flatten", "--config", str(rig.config_path), "--yes", "--wait")
    rig.sidecar.line("ORDER_REJECTED")
    order(rig, "resume")
    assert waiting.exited() == ExitCode.FLATTEN_ABORTED, waiting.log
    assert any("ended early, since opens were resumed; 0 closes" in line for line in waiting.log)


def test_flatten_that_waits_without_a_sidecar_ends_after_the_next_start(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    assert rig.sidecar.terminate() == ExitCode.OK
    waiting = rig.bridge("flatten", "--config", str(rig.config_path), "--yes", "--wait", "60")
    waiting.line("No sidecar runs")
    rig.start_sidecar()
    assert waiting.exited() == ExitCode.OK, waiting.log
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    assert rig.broker.positions() == []


def test_flatten_of_one_symbol_leaves_the_others_open_and_tradable(rig: Rig) -> None:
    rig.start()
    euro, pound = rig.open(), rig.open(symbol="GBPUSD")
    stdout = order(rig, "flatten", "--symbol", "EURUSD", "--yes", "--wait", "60")
    assert "1 close or cancel took effect" in stdout
    resume = CommandLines(config=str(rig.config_path)).named("resume")
    assert f"opens in EURUSD are halted until '{resume} --officer eo-001 --symbol EURUSD'" in stdout
    rig.emitted(euro, *OPENED, EventType.POSITION_CLOSED)
    assert [held.symbol for held in rig.broker.positions()] == ["GBPUSD"]
    rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    rig.open(symbol="GBPUSD")
    rig.emitted(pound, *OPENED)


def test_flatten_of_an_unknown_symbol_is_refused_and_changes_nothing(rig: Rig) -> None:
    rig.start()
    rig.open()
    for sidecar in ("running", "stopped"):
        stdout = order(rig, "flatten", "--symbol", "eurusd", "--yes", code=ExitCode.FAILED)
        assert (
            'unknown symbol "eurusd": it was never traded or configured here; known symbols: EURUSD' in stdout
        )
        if sidecar == "running":
            rig.sidecar.terminate()
    assert rig.journal.rows("SELECT * FROM halts") == []
    assert rig.journal.rows("SELECT * FROM directives WHERE origin = 'operator'") == []


def test_status_of_a_healthy_bridge_lists_no_required_action(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    report = status(rig)
    assert (report["well"], report["running"], report["required_actions"]) == (True, True, [])
    [officer] = report["sidecar"]["officers"]
    assert officer["session"]["heartbeat"]["broker_connected"] is True
    assert officer["blocked"] == ""
    assert officer["poll"]["failure"] == ""
    assert [each["directive_id"] for each in report["journal"]["positions"]] == [opening]
    stdout = order(rig, "status")
    assert "All is well" in stdout
    assert opening in stdout


def test_refusal_of_the_sidecar_is_printed(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    for directive_id, says in (
        (opening, "has no unresolved command"),
        ("none", 'unknown directive "none"'),
    ):
        words = ("resolve", directive_id, "--as", "rejected", "--note", "x")
        assert says in order(rig, *words, code=ExitCode.FAILED)
    assert not any("operator_command" in line for line in rig.sidecar.log)


def test_status_lists_a_killed_terminal_as_required_action(rig: Rig) -> None:
    rig.start()
    rig.terminal.kill()
    rig.sidecar.logged("session_ended")
    [required_action] = status(rig, code=ExitCode.ATTENTION)["required_actions"]
    assert (required_action["officer"], required_action["code"]) == (OFFICER, "NO_TERMINAL")


def test_unknown_command_is_resolved_by_the_operator(rig: Rig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.start_sidecar()
    rig.start_terminal(die_at="terminal.intent_written")
    rig.ready()
    directive_id = rig.issue("OPEN_LONG")
    assert rig.terminal.exited() == signals.KILLED
    rig.restart_terminal()
    rig.emitted(directive_id, *LOST)
    [required_action] = status(rig, code=ExitCode.ATTENTION)["required_actions"]
    assert required_action["code"] == "UNKNOWN"
    assert f'--note "HOW YOU KNOW" {directive_id}' in required_action["remedy"]
    order(rig, "resolve", directive_id, "--as", "rejected", "--note", "not in the account's history")
    *_, emitted = rig.emitted(directive_id, *LOST, EventType.ORDER_REJECTED)
    assert "not in the account's history" in emitted.body["error_message"]
    assert rig.journal.state(directive_id) == "REJECTED"
    assert status(rig)["well"] is True


def test_flatten_while_the_terminal_is_away_is_sent_after_it_returns(rig: Rig) -> None:
    rig.start()
    opening = rig.open()
    rig.terminal.kill()
    rig.sidecar.logged("session_ended")
    assert f"{OFFICER}: nothing can be sent now: the terminal is not connected" in order(
        rig, "flatten", "--yes"
    )
    rig.start_terminal()
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    assert rig.broker.positions() == []


def test_sidecar_with_a_used_control_port_does_not_start(rig: Rig) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with rig.config_path.open("a") as config:
            config.write(f"[control]\nport = {port}\n")
        run = rig.bridge("run", "--config", str(rig.config_path))
        assert run.exited() == ExitCode.ENDPOINT
    assert any(f"the control address {HOST}:{port} is in use" in line for line in run.log)


def test_command_waits_for_the_journal_while_the_sidecar_stops(rig: Rig) -> None:
    rig.start()
    # A hanging post delays the sidecar's release of the journal by three seconds.
    rig.director.behave(endpoint="post", delay_s=120)
    rig.issue("OPEN_LONG")
    rig.sidecar.logged("command_sent")
    rig.sidecar.send(signal.SIGTERM)
    rig.sidecar.logged("sidecar_stopping")
    assert "opens are halted" in order(rig, "halt")
    assert rig.sidecar.exited() == ExitCode.OK
    rig.director.behave()
    rig.start_sidecar()
    rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)


def test_orderly_stop_removes_the_control_file(rig: Rig) -> None:
    rig.start()
    assert rig.sidecar.terminate() == ExitCode.OK
    assert not control_file.control_path(rig.journal.path).exists()
