"""The link between sidecar and terminal: half-open, used twice, impersonated, and sent malformed frames."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from bridge.core.director.contract import EventType, utc_text
from bridge.core.link.handshake import LinkKey
from bridge.core.link.messages import MAX_MESSAGE_BYTES, RefusalCode, Refused
from bridge.exits import ExitCode
from bridge.keys import create_link_key, load_link_key
from tests.rig.dealer import Dealer
from tests.rig.rig import OPENED, REFUSED, Rig
from tests.rig.world import OFFICER

OTHER: Final = "eo-002"
MALFORMED: Final[dict[str, tuple[bytes, ...]]] = {
    "empty": (b"",),
    "not UTF-8": (b'{"type": "\xff\xfe"}',),
    "truncated": (b'{"type": "heartbeat", "epoch": 1, "broker_c',),
    "no object": (b"[1, 2, 3]",),
    "unknown type": (b'{"type": "greetings"}',),
    "missing fields": (b'{"type": "report"}',),
    "deep": (b"[" * 50_000,),
    "two parts": (b"{}", b"{}"),
    "two thousand parts": (b"{}",) * 2_000,
    "other epoch": (b'{"type": "bye", "epoch": 999, "reason": "wrong"}',),
}


def test_silent_terminal_is_sent_no_order_and_reported_lost_until_it_recovers(rig: Rig) -> None:
    rig.configure(link={"lost_after_s": 1.5})
    rig.start()
    rig.terminal.suspend()
    lost = rig.emitted_besides(EventType.CONNECTION_LOST, "TERMINAL_SILENT")
    assert lost.body["event_class"] == "ERROR"
    directive_id = rig.issue("OPEN_LONG")
    rig.emitted(directive_id, EventType.DIRECTIVE_RECEIVED)
    assert rig.journal.state(directive_id) == "RECEIVED"
    rig.terminal.resume()
    rig.emitted_besides(EventType.CONNECTION_RESTORED)
    rig.emitted(directive_id, *OPENED)
    assert len(rig.broker.sends()) == 1


def test_order_that_expires_in_a_stalled_terminal_is_not_sent(rig: Rig) -> None:
    rig.configure(link={"lost_after_s": 3.0})
    rig.start()
    rig.terminal.suspend()
    # The terminal may count as alive for a moment more, so that the order waits in its socket.
    directive_id = rig.issue("OPEN_LONG", expires_at=utc_text(datetime.now(UTC) + timedelta(seconds=1.5)))
    rig.sidecar.logged("session_ended")
    rig.terminal.resume()
    _, rejected = rig.emitted(directive_id, *REFUSED)
    assert rejected.code == "EXPIRED"
    rig.open()
    assert len(rig.broker.sends()) == 1


def test_stalled_sidecar_continues_without_a_second_send(rig: Rig) -> None:
    rig.start(short_timeouts=True)
    mark = rig.terminal.mark
    rig.sidecar.suspend()
    directive_id = rig.issue("OPEN_LONG")
    rig.terminal.logged("no_session", since=mark)
    rig.sidecar.resume()
    rig.emitted(directive_id, *OPENED)
    assert len(rig.broker.sends()) == 1


def test_second_terminal_on_the_same_ledger_does_not_start(rig: Rig) -> None:
    rig.start()
    second = rig.start_terminal()
    assert second.exited() == ExitCode.FAILED
    second.line("in use by another terminal")
    rig.open()


def test_second_terminal_of_an_officer_is_refused_while_the_first_is_connected(rig: Rig) -> None:
    rig.start()
    second = rig.start_terminal(ledger=rig.folder / "second.ledger")
    second.logged("refused_by_sidecar", refusal=RefusalCode.SECOND_INSTANCE.value)
    rig.open()
    assert second.terminate() == 0
    assert len(rig.broker.sends()) == 1


def test_terminal_with_another_key_rejects_the_sidecar(rig: Rig) -> None:
    rig.start(officers=[])
    rig.start_broker()
    key = rig.folder / "other.linkkey"
    create_link_key(key)
    stranger = rig.start_terminal(link_key=key, ledger=rig.folder / "other.ledger")
    # The terminal checks the sidecar's proof first, and so never sends its own.
    stranger.logged("sidecar_not_proved")
    rig.sidecar.logged("challenges_unanswered", officer=OFFICER)
    assert stranger.terminate() == 0
    rig.start_terminal()
    rig.open()


def test_peer_without_the_link_key_is_refused(rig: Rig) -> None:
    rig.configure(officers=[{"id": OFFICER}, {"id": OTHER}])
    rig.start()
    with Dealer(rig.link, officer=OTHER, key=LinkKey(bytes(32))) as stranger:
        stranger.claim()
        assert stranger.hear(Refused).code == RefusalCode.KEY
    rig.open()


@pytest.mark.parametrize("proved", [True, False], ids=["of a terminal", "of a stranger"])
def test_malformed_frames_are_dropped_and_the_next_message_is_handled(rig: Rig, proved: bool) -> None:
    rig.configure(officers=[{"id": OFFICER}, {"id": OTHER}])
    rig.start()
    with Dealer(rig.link, officer=OTHER, key=load_link_key(rig.link_key(OTHER))) as peer:
        if proved:
            peer.handshake()
        for parts in MALFORMED.values():
            peer.say(*parts)
            if proved:
                peer.works()
        if not proved:
            peer.handshake()
        # An oversize frame ends only the connection.
        peer.say(b" " * (MAX_MESSAGE_BYTES + 1))
        peer.reconnect()
        peer.handshake()
        peer.works()
    rig.open()


def test_terminal_killed_after_an_order_is_replaced_by_its_successor(rig: Rig) -> None:
    rig.start()
    rig.open()
    # Its last heartbeat may have said that a send was under way.
    rig.terminal.kill()
    rig.start_terminal().line("connected to", within=20)
    rig.open()


def test_dead_terminal_does_not_delay_another_officer(rig: Rig) -> None:
    rig.configure(officers=[{"id": OFFICER}, {"id": OTHER}])
    rig.start(officers=[OFFICER, OTHER])
    rig.terminal.kill()
    waiting = rig.issue("OPEN_LONG")
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    rig.open(officer=OTHER)
    rig.restart_terminal()
    rig.emitted(waiting, *OPENED)
    assert [len(broker.sends()) for broker in rig.brokers.values()] == [1, 1]
