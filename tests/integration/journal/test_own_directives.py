"""An operator's order is not a directive of the Director: no event names it."""

import msgspec

from bridge.core.units.mt5_terms import DealEntry, MarginMode
from bridge.journal.steps.intake import Taken

from .bench import ACCOUNT, OFFICER, JournalBench, directive
from .reports import DEAL, deal, leaving, result

NETTING = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)


def test_each_refusal_of_an_operators_order_is_emitted(joined: JournalBench) -> None:
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    joined.journal.cancel_pending(OFFICER, joined.now, nonce="1f" * 8, why="silence")
    joined.journal.rebind(OFFICER, joined.now, account=True, why="another account")
    refused = joined.bodies("ORDER_REJECTED")
    assert [(body.get("directive_id"), body["error_code"]) for body in refused] == [(None, "REBOUND")] * 2


def test_directors_item_with_an_own_id_is_rejected_and_takes_no_id(bench: JournalBench) -> None:
    nonce = "1f" * 8
    assert bench.take(directive(f"operator:silence:{nonce}")) == Taken(rejected=1)
    assert bench.rows("SELECT error_code FROM unreadable_directives") == [("INVALID_VALUE",)]
    bench.journal.cancel_pending(OFFICER, bench.now, nonce=nonce, why="silence")
    own = (f"operator:silence:{nonce}", "operator", "RECEIVED")
    assert bench.rows("SELECT directive_id, origin, state FROM directives") == [own]


def test_no_event_names_an_own_directive_as_the_opening_one(bench: JournalBench) -> None:
    bench.join(account=NETTING)
    [opened] = bench.sent(directive())
    bench.report(result(opened.order), deal(opened.order))
    bench.journal.flatten(OFFICER, bench.now, nonce="0f" * 8, why="out")
    [close] = bench.advance()
    # The stop came first: the close opens an opposite position instead, which is closed next.
    bench.report(leaving(opened.order, volume="0.3", reason="SL"))
    bench.report(result(close.order), deal(close.order, DEAL + 200, entry=DealEntry.IN, position_id=7100))
    [back] = bench.advance()
    bench.report(deal(back.order, DEAL + 201, entry=DealEntry.OUT, position_id=7100))
    assert bench.rows("SELECT state FROM positions") == [("CLOSED",)] * 2
    assert bench.rows("SELECT body FROM events WHERE body LIKE '%operator:%'") == []
