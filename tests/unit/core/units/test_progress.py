"""Progress of workers: when one is overdue."""

from bridge.core.units.progress import ALLOWANCE_S, Progress


def test_worker_is_overdue_once_its_time_and_the_allowance_are_over() -> None:
    progress = Progress()
    progress.expect("polls", 100.0, 60.0)
    progress.expect("link", 100.0)
    assert progress.overdue(100.0 + ALLOWANCE_S) == []
    assert progress.overdue(100.1 + ALLOWANCE_S) == ["link"]
    assert progress.overdue(160.0 + ALLOWANCE_S) == ["link"]
    assert progress.overdue(160.1 + ALLOWANCE_S) == ["link", "polls"]


def test_worker_that_is_heard_of_again_is_not_overdue() -> None:
    progress = Progress()
    progress.expect("link", 100.0)
    progress.expect("link", 200.0)
    assert progress.overdue(200.0 + ALLOWANCE_S) == []
    assert Progress().overdue(1_000.0) == []


def test_excuse_counts_for_every_worker() -> None:
    progress = Progress()
    progress.expect("link", 100.0)
    progress.expect("polls", 100.0, 5.0)
    progress.excuse(30.0)
    assert progress.overdue(130.0 + ALLOWANCE_S) == []
    assert progress.overdue(135.1 + ALLOWANCE_S) == ["link", "polls"]
