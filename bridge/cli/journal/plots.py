"""Plots as inline SVG: a line over time, and a histogram. Text stays text; colours are the page's."""

from collections.abc import Sequence
from html import escape
from typing import Final

from bridge.status.texts import printable

WIDTH: Final = 640
HEIGHT: Final = 200
_LEFT: Final = 70
_BOTTOM: Final = 24
_TOP: Final = 10
_MOST_POINTS: Final = 600
_BARS: Final = 20

Point = tuple[float, float]


def shown(text: str) -> str:
    """Return a text for the page: on one line, without characters that turn its direction, and escaped."""
    return escape(printable(text))


def line(points: Sequence[Point], title: str, first: str, last: str) -> str:
    """Return a line through the points, by x. `first` and `last`: texts of the axis at its ends.

    Of many points those are shown that make the line: in each column of the plot its lowest and its highest.
    """
    low_x, high_x = points[0][0], points[-1][0]
    values = [y for _, y in points]
    # Zero is on the axis: a line without it shows a small change as a large one.
    low, high = min(0.0, *values), max(0.0, *values)
    drawn = [(_x(x, low_x, high_x), _y(y, low, high)) for x, y in _thinned(points)]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in drawn)
    zero = _y(0.0, low, high)
    return _svg(
        title,
        f'<line class="axis" x1="{_LEFT}" y1="{zero:.1f}" x2="{WIDTH}" y2="{zero:.1f}"/>'
        f'<polyline class="line" points="{path}"/>'
        + "".join(_label(_LEFT - 6, _y(value, low, high) + 4, _short(value), "end") for value in {low, high})
        + _label(_LEFT, HEIGHT - 6, first, "start")
        + _label(WIDTH, HEIGHT - 6, last, "end"),
    )


def histogram(numbers: Sequence[float], title: str) -> str:
    """Return the numbers' distribution in bars of one width."""
    low, high = min(numbers), max(numbers)
    step = (high - low) / _BARS or 1.0
    counts = [0] * _BARS
    for number in numbers:
        counts[min(int((number - low) / step), _BARS - 1)] += 1
    most = max(counts)
    width = (WIDTH - _LEFT) / _BARS
    bars = ""
    for place, count in enumerate(counts):
        top = _y(count, 0.0, most)
        bars += (
            f'<rect class="bar" x="{_LEFT + place * width + 1:.1f}" y="{top:.1f}" width="{width - 2:.1f}"'
            f' height="{_y(0.0, 0.0, most) - top:.1f}"/>'
        )
    end = low + step * _BARS
    return _svg(
        title,
        bars
        + _label(_LEFT - 6, _TOP + 4, str(most), "end")
        + _label(_LEFT, HEIGHT - 6, _short(low), "start")
        + _label(WIDTH, HEIGHT - 6, _short(end), "end"),
    )


def _thinned(points: Sequence[Point]) -> list[Point]:
    size = -(-len(points) // (_MOST_POINTS // 2))
    if size <= 2:
        return list(points)
    kept: list[Point] = []
    for begin in range(0, len(points), size):
        part = points[begin : begin + size]
        kept += sorted({min(part, key=lambda each: each[1]), max(part, key=lambda each: each[1])})
    return [points[0], *kept, points[-1]]


def _x(value: float, low: float, high: float) -> float:
    return _LEFT + (WIDTH - _LEFT) * ((value - low) / (high - low) if high > low else 0.5)


def _y(value: float, low: float, high: float) -> float:
    room = HEIGHT - _BOTTOM - _TOP
    return _TOP + room * (1 - ((value - low) / (high - low) if high > low else 0.0))


def _short(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _label(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{shown(text)}</text>'


def _svg(title: str, content: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{shown(title)}">'
        f"<title>{shown(title)}</title>{content}</svg>"
    )
