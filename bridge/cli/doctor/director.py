"""Checks of the Director: API key, route, certificate, listings and clock."""

from collections.abc import Iterator
from typing import Final

from bridge.cli.doctor.finding import Finding, of_message, ok, unseen, warning, wrong
from bridge.cli.doctor.observed import Observed
from bridge.core.director.responses import FailureKind

EXPIRES_SOON_DAYS: Final = 21
EXPIRES_NOW_DAYS: Final = 3
_SEE_KEY: Final = "see 'API key'"
_SEE_DIRECTOR: Final = "see 'Director'"


def route(seen: Observed) -> Iterator[Finding]:
    """Check that the Director answers at all."""
    url = seen.config.settings.director.url
    if not seen.polls:
        yield unseen("Director", f"{url} was not polled", _SEE_KEY)
        return
    first = seen.polls[0]
    if first.failed is None:
        yield ok("Director", f"{url} answered in {first.took_s * 1000:.0f} ms")
    elif first.failed.kind is FailureKind.NETWORK:
        yield wrong(
            "Director", *_divided(first.failed.detail, "check that the Director runs at [director] url")
        )
    elif first.failed.kind is FailureKind.BUSY:
        yield warning(
            "Director", first.failed.detail, "wait, and run doctor again; if it lasts, mend the Director"
        )
    else:
        yield ok("Director", f"{url} answered with status {first.failed.status}")


def api_key(seen: Observed) -> Iterator[Finding]:
    """Check that the API key can be read, and that the Director accepts it."""
    key = seen.api_key
    if key.problem:
        value, remedy = of_message(key.problem)
        if seen.running and seen.config.api_key_file is None:
            yield unseen(
                "API key",
                f"{value} for this command; the sidecar has its own",
                "set it for this command too, and run doctor again",
            )
        else:
            yield wrong("API key", value, remedy)
        return
    failed = seen.polls[0].failed if seen.polls else None
    if failed is None:
        yield ok("API key", f"of {key.place}, accepted by the Director")
    elif failed.kind is FailureKind.AUTH:
        yield wrong(
            "API key",
            f"of {key.place}, refused by the Director with status {failed.status}",
            f"write the key that the Director issued into {key.place}, and restart the sidecar",
        )
    else:
        yield unseen("API key", f"of {key.place}, readable; the Director did not judge it", _SEE_DIRECTOR)


def certificate(seen: Observed) -> Iterator[Finding]:
    """Check the days that are left of the Director's certificate."""
    found = seen.certificate
    if found is None:
        yield ok("certificate", "none: plain http to this machine")
    elif found.unreachable:
        yield unseen("certificate", found.unreachable, _SEE_DIRECTOR)
    elif found.expires is None:
        yield wrong(
            "certificate",
            found.problem or "none was shown",
            "check the Director's certificate, this machine's root certificates and its clock",
        )
    else:
        days = (found.expires - seen.now).days
        value = f"valid until {found.expires:%Y-%m-%d}, {days} days left"
        remedy = "have the Director's certificate renewed: without a valid one nothing is polled or delivered"
        if days < EXPIRES_NOW_DAYS:
            yield wrong("certificate", value, remedy)
        elif days < EXPIRES_SOON_DAYS:
            yield warning("certificate", value, remedy)
        else:
            yield ok("certificate", value)


def listings(seen: Observed) -> Iterator[Finding]:
    """Check each officer's listing of pending directives."""
    for poll in seen.polls:
        if poll.malformed:
            yield wrong(
                "listing",
                poll.malformed,
                "check that [director] url is the API's base, and mend the Director",
                officer=poll.officer,
            )
        elif poll.failed is None:
            yield ok("listing", f"{poll.listed} pending directives", officer=poll.officer)
        elif poll.failed.kind in (FailureKind.REFUSED, FailureKind.MALFORMED):
            yield wrong(
                "listing",
                *_divided(poll.failed.detail, "check [director] url and the officer's id at the Director"),
                officer=poll.officer,
            )


def clock(seen: Observed) -> Iterator[Finding]:
    """Check this machine's clock against the Director's."""
    limit_s = seen.config.settings.director.max_clock_skew_s
    ahead_s = next((poll.ahead_s for poll in seen.polls if poll.ahead_s is not None), None)
    if ahead_s is None:
        why = "no answer with a Date came from the Director" if seen.polls else "the Director was not polled"
        yield unseen("clock", why, "check it against another clock; see 'Director' and 'API key'")
        return
    value = (
        f"{abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} the Director's, limit {limit_s:g} s"
    )
    remedy = "set the clock that is wrong, and let a time service keep it"
    if abs(ahead_s) > limit_s:
        yield wrong("clock", f"{value}: nothing is opened", remedy)
    elif abs(ahead_s) > max(limit_s / 2, 2.0):
        yield warning("clock", value, remedy)
    else:
        yield ok("clock", value)


def _divided(detail: str, remedy: str) -> tuple[str, str]:
    """Return a failure's detail, and its own remedy in parentheses where it has one, or else the given one."""
    begin = max(detail.rfind("(check "), detail.rfind("(redirects "), detail.rfind("(set "))
    if begin < 0:
        return detail, remedy
    own, _, rest = detail[begin + 1 :].partition(")")
    return (detail[:begin].rstrip() + rest), own
