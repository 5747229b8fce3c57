"""Texts for people: times, ages, and texts of others on one line."""

from datetime import datetime

from bridge.core.units.elapsed import seconds_between


def printable(text: str) -> str:
    """Return the text on one line, without characters that control a terminal."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def clock_time(moment: str, *, fraction: bool = True) -> str:
    """Return a time of the journal as a person reads it, in UTC: 2026-11-30 21:44:50.331."""
    date, _, time = moment.removesuffix("Z").partition("T")
    return f"{date} {time if fraction else time.partition('.')[0]}"


def ago(moment: str | None, now: datetime) -> str:
    """Return the time since a moment in its two largest units; empty for None."""
    if moment is None:
        return ""
    seconds = max(int(seconds_between(moment, now)), 0)
    for unit, size, below, smaller in (("d", 86_400, "h", 3600), ("h", 3600, "min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit} {seconds % size // smaller} {below}"
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"


def seconds_text(seconds: float) -> str:
    """Return a duration as a person reads it: 41 ms, 2.5 s."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
