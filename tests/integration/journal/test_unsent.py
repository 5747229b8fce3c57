"""Directives that cannot be carried out now, and that a lost journal has carried out.

Each test has a new journal, to which the Director lists what it listed before the loss, and the terminal reports
what was ordered then.
"""

import json
from datetime import timedelta
from typing import Any

import pytest

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import LedgerIdentity
from bridge.journal.steps.unsent import LOOK_S

from .bench import LEDGER, OFFICER, JournalBench, closing, directive
from .reports import DEAL, POSITION, deal, result, scan, seen, standing, submitted
from .test_evidence import FILLED, lost, lost_close
from .test_recover import adopt

EARLIER = "2026-01-05T09:00:00Z"


def without(item: str, name: str) -> str:
    """Return the directive without that field."""
    members: dict[str, Any] = json.loads(item)
    del members[name]
    return json.dumps(members)


LISTED = [
    pytest.param(directive(issued_at="2026-01-05T08:00:00Z", expires_at=EARLIER), id="expired"),
    pytest.param(without(directive(), "issued_at"), id="no-time-of-issue"),
    pytest.param(without(directive(), "quantity"), id="no-quantity"),
    pytest.param(directive(action="OPEN_SIDEWAYS"), id="unknown-action"),
]
REFUSED = ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]


def show(bench: JournalBench, *, number: int = 1) -> None:
    """Let a scan show what was ordered before the loss."""
    bench.report(deal(lost()), seen(lost()), standing(lost()), scan(number, bench.now, POSITION, orders=()))
    assert bench.advance() == []


@pytest.mark.parametrize("item", LISTED)
def test_directive_that_was_carried_out_before_the_loss_is_not_refused(
    bench: JournalBench, item: str
) -> None:
    bench.take(item, first_listing=True)
    bench.look()
    assert (bench.emitted(), bench.directive_state()) == (FILLED[:1], "RECEIVED")
    bench.join()
    assert bench.advance() == []
    show(bench)
    assert (bench.emitted(), bench.directive_state()) == (FILLED, "FILLED")
    [close] = bench.sent(closing(target_directive_id="dir-1"))
    assert close.order.position == POSITION


@pytest.mark.parametrize("item", LISTED)
def test_directive_is_refused_once_a_scan_shows_nothing_of_it(bench: JournalBench, item: str) -> None:
    bench.take(item, first_listing=True)
    bench.join()
    assert bench.advance() == [] and bench.emitted() == REFUSED[:1]
    bench.report(deal(lost("dir-other")), scan(1, bench.now, orders=()))
    assert bench.advance() == [] and bench.emitted() == REFUSED
    assert bench.directive_state() in ("REJECTED", "EXPIRED")


@pytest.mark.parametrize("item", LISTED)
def test_directive_that_was_refused_without_a_terminal_is_corrected(bench: JournalBench, item: str) -> None:
    bench.take(item, first_listing=True)
    bench.later(LOOK_S - 1)
    bench.look()
    assert bench.emitted() == REFUSED[:1]
    bench.later(1)
    bench.look()
    assert bench.emitted() == REFUSED
    bench.join()
    show(bench)
    assert (bench.emitted(), bench.directive_state()) == ([*REFUSED, *FILLED[1:]], "FILLED")


def test_directive_that_expires_before_the_scan_is_corrected(bench: JournalBench) -> None:
    bench.take(directive(), first_listing=True)
    bench.later(600)
    bench.look()
    assert (bench.emitted(), bench.directive_state()) == (REFUSED, "EXPIRED")
    bench.join()
    show(bench)
    assert bench.directive_state() == "FILLED"


def test_directive_that_is_listed_after_the_scan_takes_its_state_from_the_next(joined: JournalBench) -> None:
    show(joined)
    joined.take(without(directive(), "issued_at"))
    assert joined.advance() == [] and joined.emitted() == REFUSED[:1]
    joined.report(scan(2, joined.now, POSITION, orders=()))
    assert (joined.emitted(), joined.directive_state()) == (FILLED, "FILLED")


def test_close_without_a_time_of_issue_that_was_carried_out_is_filled(joined: JournalBench) -> None:
    joined.take(directive(), first_listing=True)
    joined.take(without(closing(target_directive_id="dir-1"), "issued_at"), first_listing=True)
    close = lost_close(lost())
    joined.report(deal(lost()), deal(close, DEAL + 1), seen(close), scan(1, joined.now, orders=()))
    assert joined.advance() == []
    assert joined.emitted() == FILLED
    assert joined.directive_state("dir-close") == "FILLED"
    assert joined.emitted("dir-close") == [*FILLED[:3], "POSITION_CLOSED"]


def test_refusal_of_what_was_issued_since_the_journal_was_opened_does_not_wait(bench: JournalBench) -> None:
    bench.later(3600)
    issued = bench.now - timedelta(minutes=10)
    times = {"issued_at": utc_text(issued), "expires_at": utc_text(issued + timedelta(minutes=5))}
    bench.take(directive(**times), first_listing=True)
    assert bench.emitted() == REFUSED


def test_refused_directive_is_not_looked_for_after_a_scan_without_it(bench: JournalBench) -> None:
    bench.take(*(without(directive(f"dir-{number}"), "issued_at") for number in range(3)), first_listing=True)
    bench.join()
    marked = "SELECT count(*) FROM directives WHERE search_history = 1 AND state = 'REJECTED'"
    bench.report(scan(1, bench.now, orders=()))
    bench.look()
    assert bench.rows(marked) == [(3,)]
    bench.report(scan(2, bench.now, orders=()))
    assert bench.rows(marked) == [(0,)]


def test_refusal_of_a_later_listing_does_not_wait(joined: JournalBench) -> None:
    joined.take(without(directive(), "issued_at"))
    assert joined.emitted() == REFUSED


def test_directive_of_a_quarantined_officer_waits_for_the_operator(bench: JournalBench) -> None:
    bench.take(without(directive(), "issued_at"), first_listing=True)
    bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
    bench.report(
        submitted(lost()),
        result(lost()),
        deal(lost()),
        seen(lost()),
        standing(lost()),
        scan(1, bench.now, POSITION, orders=()),
    )
    bench.later(LOOK_S)
    bench.look()
    assert bench.quarantine() and bench.emitted() == REFUSED[:1]
    adopt(bench, lost().client_order_id)
    assert bench.directive_state() == "FILLED"
    bench.journal.rebind(OFFICER, bench.now, account=False, why="compared")
    bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
    assert bench.advance() == [] and "ORDER_REJECTED" not in bench.emitted()
