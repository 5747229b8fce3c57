"""Attempts to be heard on the control port."""

from itertools import islice

from bridge.cli.control_client import (
    CONNECT_S,
    REFUSAL_S,
    SHORT_ATTEMPTS,
    TRY_AGAIN_S,
    Attempts,
    NoAnswerError,
    NotAskedError,
    NotHeardError,
    UnansweredError,
    connect_limits,
)
from bridge.cli.owner import STOP_S


def test_windows_is_given_time_to_find_that_nothing_listens_after_short_attempts() -> None:
    limits = list(islice(connect_limits(windows=True), 2 * (SHORT_ATTEMPTS + 1)))
    assert limits == ([CONNECT_S] * SHORT_ATTEMPTS + [REFUSAL_S]) * 2
    # A halt without a sidecar finds that out, and stores itself.
    assert sum(limits[:SHORT_ATTEMPTS]) + SHORT_ATTEMPTS * TRY_AGAIN_S + REFUSAL_S < STOP_S


def test_other_systems_try_again_at_once_where_the_queue_is_full() -> None:
    assert set(islice(connect_limits(windows=False), 20)) == {CONNECT_S}


def test_sidecar_that_took_one_request_is_there_however_the_last_attempt_ended() -> None:
    attempts = Attempts()
    attempts.note(NotHeardError("takes no connection"))
    assert isinstance(attempts.verdict(), NotAskedError)
    attempts.note(UnansweredError("closes every connection"))
    attempts.note(NotHeardError("takes no connection"))
    verdict = attempts.verdict()
    assert (type(verdict), str(verdict)) == (NoAnswerError, "closes every connection")
