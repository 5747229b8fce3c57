"""What a person orders is no directive of the Director's: none of its events names it."""

import msgspec

from bridge.core.units.mt5_terms import DealEntry, MarginMode

from .desk import ACCOUNT, OFFICER, Desk, directive
from .reports import DEAL, deal, leaving, result

NETTING = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)


def test_each_refusal_of_an_order_by_manual_is_emitted(joined: Desk) -> None:
    joined.journal.flatten(OFFICER, joined.now, nonce="0f" * 8, why="out")
    joined.journal.cancel_pending(OFFICER, joined.now, nonce="1f" * 8, why="silence")
    joined.journal.rebind(OFFICER, joined.now, account=True, why="another account")
    refused = joined.bodies("ORDER_REJECTED")
    assert [(body.get("directive_id"), body["error_code"]) for body in refused] == [(None, "REBOUND")] * 2


def test_no_event_names_an_order_by_manual_as_the_opener(desk: Desk) -> None:
    desk.join(account=NETTING)
    [opened] = desk.sent(directive())
    desk.report(result(opened.order), deal(opened.order))
    desk.journal.flatten(OFFICER, desk.now, nonce="0f" * 8, why="out")
    [close] = desk.advance()
    # The stop was faster: the close opens the other way instead, and is closed in its turn.
    desk.report(leaving(opened.order, volume="0.3", reason="SL"))
    desk.report(result(close.order), deal(close.order, DEAL + 200, entry=DealEntry.IN, position_id=7100))
    [back] = desk.advance()
    desk.report(deal(back.order, DEAL + 201, entry=DealEntry.OUT, position_id=7100))
    assert desk.rows("SELECT state FROM positions") == [("CLOSED",)] * 2
    assert desk.rows("SELECT body FROM events WHERE body LIKE '%operator:%'") == []
