"""Shrinking: the fewest acts with which a story still fails in the same way."""

from collections.abc import Callable

import msgspec

from tests.simulation.run import run
from tests.simulation.story import Act, Story


def kind_of(violation: str) -> str:
    """Return a violation without its numbers and ids: its kind."""
    last = violation.strip().splitlines()[-1]
    return " ".join(word for word in last.split() if not any(char.isdigit() for char in word))


def shrink(story: Story, progress: Callable[[str], None]) -> Story:
    """Return a story with fewer acts that has a violation of a kind that this one has. It fails, or comes back."""
    kinds = {kind_of(each) for each in run(story).violations}
    if not kinds:
        return story

    def fails(acts: tuple[Act, ...]) -> bool:
        shorter = msgspec.structs.replace(story, acts=acts)
        return any(kind_of(each) in kinds for each in run(shorter).violations)

    acts = story.acts
    size = max(len(acts) // 2, 1)
    while size:
        start = 0
        while start < len(acts):
            without = (*acts[:start], *acts[start + size :])
            if fails(without):
                acts = without
                progress(f"{len(acts)} acts")
            else:
                start += size
        size //= 2
    return msgspec.structs.replace(story, acts=acts)
