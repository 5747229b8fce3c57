"""The sidecar as a process: requirements to start, and orderly ends."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress

import pytest

from bridge.exits import ExitCode
from bridge.simulator.broker.fault_rules import Latency, Match, Rule, SendKind
from tests.rig.config import API_KEY_ENV
from tests.rig.fork_server import ROOT
from tests.rig.ports import HOST
from tests.rig.process import Process
from tests.rig.rig import OPENED, Rig
from tests.rig.world import API_KEY

SOON_S = 15.0
"""Longest time of an orderly end: three seconds for posts in flight, plus a slow machine."""


def _start_with_a_hanging_director(rig: Rig) -> str:
    """Start with an order sent, its first event being posted and a poll under way; neither is answered."""
    rig.start()
    rig.director.behave(endpoint="post", delay_s=120)
    directive_id = rig.issue("OPEN_LONG")
    rig.sidecar.logged("command_sent")
    rig.director.behave(endpoint="poll", delay_s=120)
    return directive_id


modes_only = pytest.mark.skipif(sys.platform == "win32", reason="file modes say nothing on Windows")


def _run(rig: Rig, **environment: str) -> Process:
    return rig.run("run", ["bridge", "run", "--config", str(rig.config_path)], environment)


def test_sidecar_without_api_key_does_not_start(rig: Rig) -> None:
    run = _run(rig, **{API_KEY_ENV: ""})
    assert run.exited() == ExitCode.API_KEY
    assert any(API_KEY_ENV in line for line in run.log)


@modes_only
def test_sidecar_with_link_key_readable_by_others_does_not_start(rig: Rig) -> None:
    rig.link_key().chmod(0o644)
    run = _run(rig)
    assert run.exited() == ExitCode.LINK_KEY
    assert any("chmod 600" in line for line in run.log)


def test_unsafe_takeover_margin_is_refused_at_the_start_or_logged_where_it_is_allowed(rig: Rig) -> None:
    rig.start_director()
    rig.start_sidecar()
    rig.sidecar.logged("takeover_unsafe", takeover_margin_s=0.5, least=6.0)
    assert rig.sidecar.terminate() == ExitCode.OK
    text = rig.config_path.read_text().replace("allow_unsafe_takeover = true\n", "")
    rig.config_path.write_text(text)
    run = _run(rig)
    assert run.exited() == ExitCode.CONFIG
    assert any("would send the same order again" in line for line in run.log)
    rig.config_path.write_text(text.replace("takeover_margin_s = 0.5", "takeover_margin_s = 6"))
    rig.start_sidecar()
    rig.sidecar.logged("control_listening")
    assert not any("takeover_unsafe" in line for line in rig.sidecar.log)


def test_sidecar_without_link_key_does_not_start(rig: Rig) -> None:
    rig.link_key().unlink()
    assert _run(rig).exited() == ExitCode.LINK_KEY


def test_sidecar_with_wrong_configuration_does_not_start(rig: Rig) -> None:
    text = rig.config_path.read_text().replace("heartbeat_s", "heartbeats")
    rig.config_path.write_text(text)
    run = _run(rig)
    assert run.exited() == ExitCode.CONFIG
    assert any("heartbeats" in line for line in run.log)


def test_sidecar_on_a_used_link_address_does_not_start(rig: Rig) -> None:
    with socket.socket() as other:
        other.bind((HOST, int(rig.link.rpartition(":")[2])))
        other.listen()
        run = _run(rig)
        assert run.exited() == ExitCode.ENDPOINT
    address = rig.link.removeprefix("tcp://")
    assert any(f"the link address {address} is in use" in line for line in run.log)


def test_signal_during_a_send_stops_in_order_and_the_order_is_found_after_restart(rig: Rig) -> None:
    rig.start()
    rig.broker.add_rule(Rule(effect=Latency(milliseconds=1_000), match=Match(kind=SendKind.OPEN)))
    directive_id = rig.issue("OPEN_LONG")
    rig.sidecar.logged("command_sent")
    rig.sidecar.send(signal.SIGTERM)
    assert rig.sidecar.exited(SOON_S) == ExitCode.OK
    rig.sidecar.logged("sidecar_stopped")
    rig.start_sidecar()
    rig.emitted(directive_id, *OPENED)
    assert len(rig.broker.sends()) == 1


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(
            signal.SIGINT,
            marks=pytest.mark.skipif(sys.platform == "win32", reason="Windows sends a group no Ctrl-C"),
        ),
    ],
)
def test_signal_stops_the_sidecar_in_order(rig: Rig, number: signal.Signals) -> None:
    rig.start()
    directive_id = rig.open()
    rig.sidecar.send(number)
    assert rig.sidecar.exited(SOON_S) == ExitCode.OK
    rig.terminal.line("the sidecar stops")
    rig.start_sidecar()
    rig.emitted(directive_id, *OPENED)


def test_signal_stops_the_sidecar_within_seconds_while_the_director_hangs(rig: Rig) -> None:
    directive_id = _start_with_a_hanging_director(rig)
    rig.sidecar.send(signal.SIGTERM)
    assert rig.sidecar.exited(SOON_S) == ExitCode.OK
    rig.director.behave()
    rig.start_sidecar()
    rig.emitted(directive_id, *OPENED)


def test_second_signal_ends_the_sidecar_at_once_without_loss(rig: Rig) -> None:
    directive_id = _start_with_a_hanging_director(rig)
    rig.sidecar.send(signal.SIGTERM)
    rig.sidecar.logged("sidecar_stopping")
    rig.sidecar.send(signal.SIGTERM)
    assert rig.sidecar.exited(SOON_S) == ExitCode.INTERRUPTED
    assert not any('"sidecar_stopped"' in line for line in rig.sidecar.log)
    rig.director.behave()
    rig.start_sidecar()
    rig.emitted(directive_id, *OPENED)


@modes_only
def test_journal_and_link_key_are_unreadable_for_others(rig: Rig) -> None:
    rig.start()
    rig.open()
    assert [path.stat().st_mode & 0o077 for path in (rig.journal.path, rig.link_key())] == [0, 0]


@pytest.mark.skipif(sys.platform == "win32", reason="a full pipe is reported differently there")
def test_full_log_pipe_blocks_neither_trading_nor_the_stop(rig: Rig) -> None:
    """The same happens with a paused terminal: the pipe is full before the sidecar writes its first line."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writing, b"." * 4096)
    os.set_blocking(writing, True)
    rig.start_director()
    rig.start_broker()
    command = [sys.executable, "-m", "bridge", "run", "--config", str(rig.config_path)]
    environment = {**os.environ, API_KEY_ENV: API_KEY, "PYTHONPATH": str(ROOT)}
    sidecar = subprocess.Popen(command, stderr=writing, env=environment)
    try:
        rig.start_terminal()
        rig.ready()
        rig.open()
        sidecar.terminate()
        assert sidecar.wait(SOON_S) == ExitCode.OK
    finally:
        sidecar.kill()
        sidecar.wait()
        os.close(reading)
        os.close(writing)
