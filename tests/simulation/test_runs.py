"""Runs of fixed seeds: no violation, and the same seed the same run."""

import pytest

from tests.simulation.run import run
from tests.simulation.story import draw

SEEDS = (23, 27, 165)
"""Seeds of both terminals, with crashes of both sides and faults of link, broker, Director and journal."""
REPLAYED = 1453
"""Seed of two officers, one with the Expert Advisor, with crashes of both sides."""


@pytest.mark.parametrize("seed", SEEDS)
def test_run_of_a_seed_has_no_violation(seed: int) -> None:
    result = run(draw(seed))
    assert result.violations == [], draw(seed).spell()


def test_seeds_have_both_account_modes_both_terminals_and_several_officers() -> None:
    stories = [draw(seed) for seed in (*SEEDS, REPLAYED)]
    seats = [seat for story in stories for seat in story.seats]
    assert {seat.netting for seat in seats} == {True, False}
    assert {seat.expert for seat in seats} == {True, False}
    assert max(len(story.seats) for story in stories) > 1


def test_one_seed_gives_the_same_trace_and_journal_again() -> None:
    first, second = (run(draw(REPLAYED), keep=True) for _ in range(2))
    assert first.violations == []
    assert first.trace == second.trace
    assert first.journal == second.journal
    assert first.digest == second.digest
