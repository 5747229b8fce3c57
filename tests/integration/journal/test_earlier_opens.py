"""An open that an earlier journal has sent, and that could not be sent now: it is taken back, and not rejected.

Each test has a new journal, to which the terminal reports what an earlier journal had ordered.
"""

from decimal import Decimal
from pathlib import Path

import pytest

from bridge.core.link.messages import Order
from bridge.core.link.reports import encode_report
from bridge.core.settings import OfficerSettings, RiskLimits, Settings

from .bench import OFFICER, PREFIX, JournalBench, closing, directive, settings, terms
from .reports import POSITION, booked, deal, seen, standing
from .test_evidence import FILLED, lost


def listed(bench: JournalBench, *items: str, **changes: object) -> list[Order]:
    """List the directives; the terminal answers with these terms of their symbol. Return what is sent."""
    bench.take(*items)
    work = bench.look()
    for inquiry in work.inquiries:
        bench.report_raw(encode_report(terms(inquiry.symbol, **changes)))
    return [command.order for command in [*work.commands, *bench.look().commands]]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "", "candidates": []},
        {"volume_min": Decimal(1)},
        {"volume_max": Decimal("0.1")},
        {"order_types": ["LIMIT"]},
    ],
    ids=["symbol-renamed", "minimum-raised", "maximum-lowered", "no-market-orders"],
)
def test_open_that_the_symbol_does_not_allow_any_more_is_taken_back(
    joined: JournalBench, changes: dict[str, object]
) -> None:
    joined.report(deal(lost()), seen(lost()), standing(lost()))
    assert listed(joined, directive(), **changes) == []
    assert joined.emitted() == FILLED
    assert joined.command_state(lost().client_order_id) == "FILLED"


def test_pending_order_whose_symbol_is_unknown_now_is_taken_back(joined: JournalBench) -> None:
    order = lost("dir-limit", order_type="LIMIT", price=Decimal("1.08"))
    joined.report(booked(order))
    item = directive("dir-limit", order_type="LIMIT", price=1.08)
    assert listed(joined, item, name="", candidates=[]) == []
    assert joined.emitted("dir-limit") == FILLED[:2]


def test_open_without_a_record_is_rejected_as_before(joined: JournalBench) -> None:
    joined.report(deal(lost("dir-other")))
    assert listed(joined, directive(), name="", candidates=[]) == []
    assert joined.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]


def limited(path: Path) -> JournalBench:
    """A journal whose officer may open less than before the loss."""
    plain = settings()
    officer = OfficerSettings(
        id=OFFICER, order_id_prefix=PREFIX, risk_limits=RiskLimits(), max_quantity=Decimal("0.1")
    )
    bench = JournalBench(path, Settings(director=plain.director, officers=[officer, plain.officers[1]]))
    bench.join()
    return bench


@pytest.mark.parametrize("sent", [True, False])
def test_open_beyond_a_limit_that_was_set_since_is_taken_back_where_it_was_sent(
    tmp_path: Path, sent: bool
) -> None:
    bench = limited(tmp_path / "limited.db")
    try:
        if sent:
            bench.report(deal(lost()), standing(lost()))
        assert bench.sent(directive()) == []
        assert bench.emitted() == (FILLED if sent else ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"])
        if sent:
            [close] = bench.sent(closing())
            assert close.order.position == POSITION
    finally:
        bench.close()
