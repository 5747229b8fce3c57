"""Plots of a report."""

import re

import pytest

from bridge.cli.journal import plots


def polyline(svg: str) -> list[tuple[float, float]]:
    [points] = re.findall(r'points="([^"]+)"', svg)
    pairs = [point.split(",") for point in points.split()]
    return [(float(x), float(y)) for x, y in pairs]


@pytest.mark.parametrize(
    "values", [[1.0], [0.0, 0.0], [-5.0, 2.0, 7.5], [float(n % 7) for n in range(5_000)]]
)
def test_line_stays_in_its_plot_and_has_few_points(values: list[float]) -> None:
    svg = plots.line([(float(place), value) for place, value in enumerate(values)], "a < b", "first", "last")
    assert "<title>a &lt; b</title>" in svg
    drawn = polyline(svg)
    assert 1 <= len(drawn) <= 700
    assert all(0 <= x <= plots.WIDTH and 0 <= y <= plots.HEIGHT for x, y in drawn)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)


def test_peak_of_a_long_line_is_shown() -> None:
    points = [(float(place), 0.0) for place in range(10_000)]
    points[4_321] = (4_321.0, 99.0)
    assert min(y for _, y in polyline(plots.line(points, "t", "", ""))) < 20


@pytest.mark.parametrize("numbers", [[1.0, 1.0], [0.0, 1.0, 1.0, 20.0], [-3.0, 4.5]])
def test_histogram_has_a_bar_for_each_part(numbers: list[float]) -> None:
    found = re.findall(r'<rect [^>]*height="([0-9.]+)"', plots.histogram(numbers, "slippage"))
    heights = [float(height) for height in found]
    assert len(heights) == 20 and max(heights) > 100
    assert sum(height > 0 for height in heights) == len(set(numbers))


def test_text_of_others_is_escaped_and_on_one_printable_line() -> None:
    assert plots.shown("<b>\u202ekorB\x9b31m\n&") == "&lt;b&gt;\ufffdkorB\ufffd31m\ufffd&amp;"
