"""A Director that is unreachable, busy, rejects the API key, or is another program."""

import pytest

from bridge.core.director.contract import EventType
from bridge.simulator.mt5.types import PositionType
from tests.rig.rig import CLOSED, OPENED, REFUSED, Rig

HIT = (EventType.SL_TRIGGERED, EventType.POSITION_CLOSED)


def test_director_started_after_the_sidecar_is_polled(rig: Rig) -> None:
    rig.start_broker()
    rig.start_sidecar()
    rig.start_terminal()
    rig.sidecar.logged("poll_failed")
    rig.start_director()
    rig.ready()
    rig.open()


def test_events_during_a_director_outage_are_posted_in_order_afterwards(rig: Rig) -> None:
    rig.start()
    first = rig.open(stop_loss=1.09)
    second = rig.open("OPEN_SHORT")
    rig.stop_director()
    (short,) = (p for p in rig.broker.positions() if p.type is PositionType.SELL)
    rig.broker.manual_close(short.ticket)
    rig.sidecar.logged("delivery_paused")
    rig.quote("1.08000")
    rig.start_director()
    rig.ready()
    rig.emitted(first, *OPENED, *HIT)
    rig.emitted(second, *OPENED, EventType.POSITION_CLOSED)
    rig.sidecar.logged("delivery_recovered")


def test_retry_after_of_a_busy_director_is_obeyed(rig: Rig) -> None:
    rig.start()
    rig.director.behave(endpoint="post", fault="status", status=503, retry_after="1", requests=1)
    directive_id = rig.issue("OPEN_LONG")
    assert rig.sidecar.logged("delivery_paused", kind="BUSY")["wait_s"] >= 1
    rig.emitted(directive_id, *OPENED)


def test_director_rejecting_the_api_key_pauses_opens_and_not_closes(rig: Rig) -> None:
    rig.start(short_timeouts=True)
    rig.open(symbol="GBPUSD")
    rig.director.behave(endpoint="post", fault="status", status=401)
    refused = rig.issue("CLOSE", symbol="USDJPY")
    rig.sidecar.logged("delivery_paused", kind="AUTH")
    mark = rig.sidecar.mark
    opening = rig.issue("OPEN_LONG")
    close = rig.issue("CLOSE", symbol="GBPUSD")
    rig.sidecar.logged("command_sent", since=mark, kind="CLOSE")
    # The open may be planned already, but is not dispatched.
    assert all(row["state"] == "PLANNED" for row in rig.journal.commands(opening))
    rig.director.behave()
    rig.emitted(refused, *REFUSED)
    rig.emitted(close, *CLOSED)
    rig.emitted(opening, *OPENED)


@pytest.mark.parametrize("fault", ["html", "redirect", "other_json", "gzip_bomb", "truncated", "drop"])
def test_malformed_poll_response_journals_nothing_and_polling_continues(rig: Rig, fault: str) -> None:
    rig.start()
    mark = rig.sidecar.mark
    rig.director.behave(endpoint="poll", fault=fault, requests=2)
    rig.sidecar.logged("poll_failed", since=mark)
    rig.sidecar.logged("poll_recovered", since=mark)
    rig.open()


@pytest.mark.parametrize("fault", ["html", "other_json", "redirect"])
def test_malformed_event_response_pauses_delivery_until_a_valid_one(rig: Rig, fault: str) -> None:
    rig.start(short_timeouts=True)
    rig.director.behave(endpoint="post", fault=fault, requests=1)
    directive_id = rig.issue("CLOSE")
    rig.sidecar.logged("delivery_paused", kind="MALFORMED")
    rig.emitted(directive_id, *REFUSED)


@pytest.mark.parametrize("fault", ["drop", "truncated"])
def test_event_with_lost_response_is_posted_again_under_the_same_key(rig: Rig, fault: str) -> None:
    rig.start()
    rig.answers_lost = True
    rig.director.behave(endpoint="post", fault=fault, act_first=True, requests=1)
    received, *_ = rig.emitted(rig.issue("OPEN_LONG"), *OPENED)
    rig.director.wait(
        "waited for the repeat",
        lambda events: any(event.key == received.key and event.deliveries == 2 for event in events),
    )


def test_refused_event_does_not_delay_other_directives(rig: Rig) -> None:
    rig.start(short_timeouts=True)
    rig.director.behave(endpoint="post", fault="status", status=422, requests=1)
    refused = rig.issue("OPEN_LONG")
    rig.sidecar.logged("event_refused", directive=refused)
    other = rig.issue("OPEN_SHORT")
    rig.emitted(other, *OPENED)
    rig.emitted(refused, *OPENED)
