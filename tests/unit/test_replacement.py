"""A file is replaced as a whole, also where a scanner of Windows has it open for a moment."""

from pathlib import Path

import pytest

from bridge.replacement import PAUSE_S, TRIES, replace


class Held:
    """A rename that is refused for a number of times, as by Windows while another program has the file open."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.pauses: list[float] = []

    def rename(self, finished: Path, target: Path) -> None:
        if self.left:
            self.left -= 1
            raise PermissionError(13, "Permission denied")
        finished.replace(target)


@pytest.fixture
def finished(tmp_path: Path) -> Path:
    path = tmp_path / "finished"
    path.write_text("new")
    (tmp_path / "target").write_text("old")
    return path


def test_file_takes_the_place_of_the_target(finished: Path) -> None:
    replace(finished, finished.with_name("target"))
    assert [(each.name, each.read_text()) for each in finished.parent.iterdir()] == [("target", "new")]


def test_file_that_is_held_for_a_moment_on_windows_is_replaced_afterwards(finished: Path) -> None:
    held = Held(TRIES - 1)
    target = finished.with_name("target")
    replace(finished, target, windows=True, rename=held.rename, pause=held.pauses.append)
    assert (target.read_text(), held.pauses) == ("new", [PAUSE_S] * (TRIES - 1))


def test_file_that_stays_held_is_refused(finished: Path) -> None:
    held = Held(TRIES)
    with pytest.raises(PermissionError):
        replace(
            finished, finished.with_name("target"), windows=True, rename=held.rename, pause=held.pauses.append
        )
    assert finished.exists()


def test_refusal_elsewhere_is_not_waited_for(finished: Path) -> None:
    held = Held(1)
    with pytest.raises(PermissionError):
        replace(
            finished,
            finished.with_name("target"),
            windows=False,
            rename=held.rename,
            pause=held.pauses.append,
        )
    assert held.pauses == []
