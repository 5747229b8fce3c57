"""Tables and the plot of what was measured."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench_parts.latency import FLOORS, Samples

WIDTH, HEIGHT, EDGE = 640, 360, 60
COLORS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b")


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Distribution of the seconds of one hop."""

    p50: float
    p25: float
    p75: float
    p99: float


class Figures(msgspec.Struct, kw_only=True):
    """Everything that was measured of one build."""

    build: str
    latency: dict[int, Samples] = {}
    """By the number of directives in the history."""
    numbers: dict[str, list[float]] = {}
    """Every other measure: the value of each round, by its name with its unit."""

    def note(self, name: str, value: float) -> None:
        """Add the value of one round."""
        self.numbers.setdefault(name, []).append(value)


def spread(seconds: Sequence[float]) -> Spread:
    """Return the distribution of at least two samples."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive")
    return Spread(p50=statistics.median(seconds), p25=cuts[24], p75=cuts[74], p99=cuts[98])


def show(console: Console, all_figures: Sequence[Figures]) -> None:
    """Print the tables. Of two builds the second is the one to compare with."""
    table = Table("history", "hop", "build", "p50 ms", "p25-p75", "p99 ms", "p50 / floor", "times faster")
    for history in all_figures[0].latency:
        for hop in all_figures[0].latency[history]:
            for figures in all_figures:
                samples = figures.latency[history]
                one, floor = spread(samples[hop]), FLOORS.get(hop)
                over = f"{one.p50 / statistics.median(samples[floor]):.2f}" if floor else ""
                table.add_row(
                    str(history),
                    hop,
                    figures.build,
                    f"{one.p50 * 1e3:.2f}",
                    f"{one.p25 * 1e3:.2f}-{one.p75 * 1e3:.2f}",
                    f"{one.p99 * 1e3:.2f}",
                    over,
                    _faster(_median(all_figures[-1], history, hop), one.p50, figures, all_figures),
                )
    console.print(table)
    table = Table("measure", "build", "median", "lowest-highest", "better than the other")
    for name in all_figures[0].numbers:
        for figures in all_figures:
            values = figures.numbers[name]
            median = statistics.median(values)
            other = statistics.median(all_figures[-1].numbers[name])
            better = _faster(median, other, figures, all_figures) if name.startswith("bare") else ""
            better = better or _faster(other, median, figures, all_figures)
            table.add_row(
                name, figures.build, f"{median:.3f}", f"{min(values):.3f}-{max(values):.3f}", better
            )
    console.print(table)


def _median(figures: Figures, history: int, hop: str) -> float:
    return statistics.median(figures.latency[history][hop])


def _faster(other: float, own: float, figures: Figures, all_figures: Sequence[Figures]) -> str:
    """Return how many times less the build takes than the last one; empty for the last one itself."""
    return f"{other / own:.2f}" if figures is not all_figures[-1] and own else ""


def plot(path: Path, all_figures: Sequence[Figures]) -> None:
    """Draw the median of each hop against the history, one line for each build and hop, as SVG."""
    lines = {
        f"{figures.build}: {hop}": [
            (history, statistics.median(samples[hop]) * 1e3) for history, samples in figures.latency.items()
        ]
        for figures in all_figures
        for hop in FLOORS
    }
    right = max((x for points in lines.values() for x, _ in points), default=0) or 1
    top = max((y for points in lines.values() for _, y in points), default=0) or 1
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH + 320}" height="{HEIGHT}" font-size="11">',
        f'<path d="M{EDGE} 10V{HEIGHT - EDGE}H{WIDTH}" fill="none" stroke="black"/>',
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 20}">directives in the history (to {right})</text>',
        f'<text x="4" y="20">{top:.1f} ms</text>',
    ]
    for number, (name, points) in enumerate(lines.items()):
        color = COLORS[number % len(COLORS)]
        placed = [
            f"{EDGE + x / right * (WIDTH - EDGE):.0f},{HEIGHT - EDGE - y / top * (HEIGHT - EDGE - 20):.0f}"
            for x, y in points
        ]
        parts.append(f'<polyline points="{" ".join(placed)}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts.append(f'<text x="{WIDTH + 10}" y="{20 + 16 * number}" fill="{color}">{name}</text>')
    path.write_text("\n".join([*parts, "</svg>"]), encoding="utf-8")
