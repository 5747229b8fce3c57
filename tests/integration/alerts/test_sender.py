"""The sender with the real Apprise and a real HTTP server."""

import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest

from bridge.alerts import alive
from bridge.alerts.apprise_channel import Channel, channels
from bridge.alerts.sender import MOST_WAITING, Sender
from bridge.core.alerts.due import Message
from bridge.logs import EventLog
from tests.integration.alerts.web_hook import WebHook
from tests.rig.deadline import TIMEOUT_S

MESSAGE = Message(title="1 alert", body="eo-001: something\n  -> do this")


@pytest.fixture
def hook() -> Iterator[WebHook]:
    with closing(WebHook()) as made:
        yield made


@contextmanager
def sender(*addresses: str, timeout_s: float = 30.0) -> Iterator[Sender]:
    made = Sender(
        channels(addresses),
        title="on a machine",
        timeout_s=timeout_s,
        log=EventLog.named("test"),
        first_pause_s=0.05,
    )
    try:
        yield made
    finally:
        made.close()


def until_tried(made: Sender) -> str:
    """Wait until a message was not accepted; return the reason."""
    pause = threading.Event()
    for _ in range(int(TIMEOUT_S * 100)):
        if made.trouble:
            return made.trouble
        pause.wait(0.01)
    raise AssertionError("there is no trouble")


def test_message_arrives_with_title_body_and_kind(hook: WebHook) -> None:
    with sender(hook.address) as made:
        made.put(MESSAGE)
        [body] = hook.wait(1)
    assert (body["title"], body["message"]) == ("on a machine: 1 alert", MESSAGE.body)
    assert body["type"] == "warning"


def test_message_that_is_refused_is_sent_again_until_it_is_accepted(hook: WebHook) -> None:
    hook.status = 500
    with sender(hook.address) as made:
        made.put(MESSAGE)
        hook.wait(2)
        assert until_tried(made) == "address 1 was not reached, or did not accept it"
        hook.status = 200
        count = len(hook.calls)
        hook.wait(count + 1)
        made.put(MESSAGE)
        hook.wait(count + 2)
        made.close()
        assert made.finish(TIMEOUT_S)
        assert made.trouble == ""


def test_address_that_accepted_a_message_gets_it_once(hook: WebHook) -> None:
    with closing(WebHook()) as other, sender(hook.address, other.address) as made:
        other.status = 503
        made.put(MESSAGE)
        other.wait(3)
        assert len(hook.calls) == 1
        assert until_tried(made).startswith("address 2 ")


def test_address_that_accepts_nothing_keeps_no_later_message_from_another(hook: WebHook) -> None:
    with closing(WebHook()) as silent, sender(silent.address, "nothing://x", hook.address) as made:
        silent.release.clear()
        for number in range(3):
            made.put(msgspec.structs.replace(MESSAGE, title=f"message {number}"))
        arrived = [body["title"] for body in hook.wait(3)]
        assert arrived == [f"on a machine: message {number}" for number in range(3)]
        assert until_tried(made) == "address 2 is no address of Apprise"


def test_address_that_never_answers_delays_no_caller_and_bounds_what_waits(hook: WebHook) -> None:
    hook.release.clear()
    with sender(hook.address, timeout_s=1) as made:
        for _ in range(3 * MOST_WAITING):
            made.put(MESSAGE)
        assert "older messages were dropped" in until_tried(made)


def test_word_that_is_no_address_is_named_by_its_number() -> None:
    with sender("no-such-scheme://secret-word") as made:
        made.put(MESSAGE)
        assert until_tried(made) == "address 1 is no address of Apprise"


def test_no_address_is_logged(hook: WebHook, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    hook.status = 500
    with sender(hook.address, "no-such-scheme://secret-word") as made:
        made.put(MESSAGE)
        hook.wait(2)
        until_tried(made)
    for record in caplog.records:
        assert "secret-word" not in str(record.__dict__)
        assert "/hook" not in str(record.__dict__)


def test_library_that_is_missing_is_trouble() -> None:
    def missing() -> Channel:
        raise ImportError("no apprise")

    made = Sender(
        [missing],
        title="x",
        timeout_s=1,
        log=EventLog.named("test"),
    )
    assert until_tried(made) == "ImportError at the start of Apprise"


def test_alive_url_is_called(hook: WebHook) -> None:
    with closing(alive.Alive(f"http://127.0.0.1:{hook.port}/up", 30.0, EventLog.named("test"))) as made:
        made.call()
        hook.wait(1)


def test_alive_url_that_fails_is_named_without_the_url(hook: WebHook) -> None:
    hook.status = 500
    assert (
        alive.called(f"http://127.0.0.1:{hook.port}/secret-word", 30.0) == "the alive URL failed: HTTPError"
    )


def test_alive_url_that_never_answers_ends_with_its_time(hook: WebHook) -> None:
    hook.release.clear()
    reason = alive.called(f"http://127.0.0.1:{hook.port}/up", 0.05)
    assert reason == "the alive URL failed: TimeoutError"


def test_alive_url_of_another_scheme_is_never_opened(tmp_path: Path) -> None:
    file = tmp_path / "readable.txt"
    file.write_text("here")
    assert alive.called(file.as_uri(), 30.0) == "the alive URL failed: URLError"
