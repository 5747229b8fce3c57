"""Runs of fixed seeds: no violation, and the same seed the same run."""

import pytest

from tests.simulation.run import run
from tests.simulation.story import draw

SEEDS = (14, 15, 20, 36)
"""Seeds of both account modes, with crashes of both sides and faults of link, broker, Director and journal."""


@pytest.mark.parametrize("seed", SEEDS)
def test_run_of_a_seed_has_no_violation(seed: int) -> None:
    result = run(draw(seed))
    assert result.violations == [], draw(seed).spell()


def test_seeds_have_both_account_modes() -> None:
    assert {draw(seed).netting for seed in SEEDS} == {True, False}


def test_one_seed_gives_the_same_trace_and_journal_again() -> None:
    first, second = run(draw(20), keep=True), run(draw(20), keep=True)
    assert first.trace == second.trace
    assert first.journal == second.journal
    assert first.digest == second.digest
