"""Page of a report: one HTML file without scripts or outside parts. A Director wrote some of its texts."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Final

from bridge import __version__
from bridge.cli.journal import plots
from bridge.cli.journal.plots import shown
from bridge.cli.journal.report_tables import Table, tables
from bridge.cli.tables import NUMBER
from bridge.journal.views.report import Point, Report

_STYLE: Final = """
:root { color-scheme: light dark; --line: #0b62c4; --soft: rgb(95 95 95); --rule: rgb(136 136 136 / 27%);
  --page: #fff; --ink: rgb(17 17 17); }
@media (prefers-color-scheme: dark) { :root { --line: #7ab8ff; --soft: #a0a0a0; --page: rgb(18 18 18);
  --ink: #eee; } }
body { background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif;
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
td.number, th.number { text-align: right; }
svg { width: 100%; max-width: 40rem; height: auto; display: block; }
svg text { font-size: 12px; fill: currentColor; }
.line { fill: none; stroke: var(--line); stroke-width: 1.5; } .bar { fill: var(--line); }
.axis { stroke: var(--soft); } footer { color: var(--soft); margin-top: 3rem; }
"""
_RIGHT: Final = ' class="number"'


def page(made: Report, name: str) -> str:
    """Return the page of a report on a period of that name."""
    parts = [*(_table(each) for each in tables(made)), *_plots(made)]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        # Nothing can be loaded or run, whatever a text of the journal holds.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Report of {shown(name)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"<h1>Report of {shown(name)}</h1>\n"
        "<p>Times are UTC. Directives count by their receipt, deals by their own time.</p>\n"
        + "\n".join(parts)
        + f"\n</main>\n<footer>execution-officer {__version__}</footer>\n</body>\n"
        "</html>\n"
    )


def _table(table: Table) -> str:
    numeric = [
        bool(table.rows) and all(NUMBER.fullmatch(row[place] or "0") for row in table.rows)
        for place in range(len(table.columns))
    ]

    def cells(tag: str, texts: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{_RIGHT if right else ''}>{shown(text)}</{tag}>"
            for text, right in zip(texts, numeric, strict=True)
        )

    rows = "\n".join(f"<tr>{cells('td', row)}</tr>" for row in table.rows)
    return (
        f'<h2>{shown(table.title)}</h2>\n<div class="wide" tabindex="0"><table>\n'
        f"<thead><tr>{cells('th', table.columns)}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>"
    )


def _plots(made: Report) -> Iterator[str]:
    currencies = {each.officer: each.currency for each in made.money}
    for officer, curve in made.curves.items():
        title = f"Result of {officer} in the period, {currencies.get(officer) or 'account currency'}"
        yield _figure(title, _line(curve, title))
    for officer, days in groupby(made.equity, key=lambda each: each.officer):
        known = [(_seconds(each.day), float(each.opening)) for each in days]
        title = f"Equity of {officer} at the beginning of each of the broker's days"
        if len(known) > 1:
            first, last = (datetime.fromtimestamp(known[end][0], UTC).date().isoformat() for end in (0, -1))
            yield _figure(title, plots.line(known, title, first, last))
    if len(made.slippages) > 1:
        title = "Slippage in points, positive is worse"
        yield _figure(title, plots.histogram([float(each) for each in made.slippages], title))


def _line(curve: Sequence[Point], title: str) -> str:
    points = [(_seconds(each.at), float(each.total)) for each in curve]
    # The line begins at zero, with the first deal.
    return plots.line([(points[0][0], 0.0), *points], title, _short(curve[0].at), _short(curve[-1].at))


def _figure(title: str, svg: str) -> str:
    return f"<h2>{shown(title)}</h2>\n<figure>{svg}</figure>"


def _seconds(moment: str) -> float:
    found = datetime.fromisoformat(moment)
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def _short(moment: str) -> str:
    return moment[:16].replace("T", " ")
