"""Requests for scans: when one is due, and when it is sent again."""

from datetime import timedelta
from math import inf

from bridge.sidecar.scan_requests import ASK_AGAIN_S, ScanRequests

OFFICER = "eo-001"
HALF_A_MINUTE = timedelta(seconds=30)


def taken(requests: ScanRequests, now: float, *, able: bool = True) -> list[tuple[str, int]]:
    return requests.take(now, lambda officer, epoch: able)


def test_scan_is_requested_once_it_is_due_and_again_until_it_comes() -> None:
    requests = ScanRequests()
    requests.note_scan(OFFICER, 7, HALF_A_MINUTE, 100.0)
    assert taken(requests, 129.9) == []
    assert taken(requests, 130.0) == [(OFFICER, 7)]
    assert taken(requests, 130.0 + ASK_AGAIN_S - 0.1) == []
    assert taken(requests, 130.0 + ASK_AGAIN_S) == [(OFFICER, 7)]
    requests.note_scan(OFFICER, 7, None, 136.0)
    assert taken(requests, 1_000.0) == []


def test_later_scan_replaces_what_was_due() -> None:
    requests = ScanRequests()
    requests.note_scan(OFFICER, 7, HALF_A_MINUTE, 100.0)
    requests.note_scan(OFFICER, 8, HALF_A_MINUTE, 120.0)
    assert taken(requests, 149.9) == []
    assert taken(requests, 150.0) == [(OFFICER, 8)]


def test_terminal_that_cannot_scan_is_asked_once_it_can() -> None:
    requests = ScanRequests()
    requests.note_scan(OFFICER, 7, timedelta(seconds=-1), 100.0)
    assert taken(requests, 100.0, able=False) == []
    assert taken(requests, 100.1) == [(OFFICER, 7)]


def test_officers_are_asked_independently() -> None:
    requests = ScanRequests()
    requests.note_scan(OFFICER, 7, HALF_A_MINUTE, 100.0)
    requests.note_scan("eo-002", 9, HALF_A_MINUTE, 110.0)
    assert taken(requests, 130.0) == [(OFFICER, 7)]
    assert taken(requests, 140.0) == [(OFFICER, 7), ("eo-002", 9)]


def test_next_scan_is_the_first_that_is_still_to_come() -> None:
    requests = ScanRequests()
    assert requests.next_after(0.0) == inf
    requests.note_scan(OFFICER, 7, HALF_A_MINUTE, 100.0)
    requests.note_scan("eo-002", 9, HALF_A_MINUTE, 110.0)
    assert requests.next_after(100.0) == 130.0
    # One that is due and cannot be asked for yet is no reason to look again at once.
    assert requests.next_after(130.0) == 140.0
    assert requests.next_after(140.0) == inf
