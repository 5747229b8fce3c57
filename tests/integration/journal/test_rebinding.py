"""Rebinding: what a person lets go, and what may not be let go."""

import pytest

from bridge.core.link.messages import LedgerIdentity
from bridge.journal.operator.rebind import StillUnresolvedError

from .desk import LEDGER, OFFICER, Desk, directive
from .reports import deal, result, submitted

OTHER_LEDGER = "d" * 32


def rebind(desk: Desk, *, account: bool = False) -> None:
    desk.journal.rebind(OFFICER, desk.now, account=account, why="looked")


def test_a_hold_is_lifted_and_the_next_ledger_is_taken(joined: Desk) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    assert joined.sent(directive()) == [] and joined.quarantine()
    rebind(joined)
    assert joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0)).quarantine == ""
    assert len(joined.sent(directive("dir-2"))) == 2
    assert joined.join(ledger=LedgerIdentity(id=LEDGER, mark=0)).quarantine != ""


def test_another_account_is_not_taken_while_an_order_may_stand_at_this_one(joined: Desk) -> None:
    joined.sent(directive())
    before = joined.content()
    with pytest.raises(StillUnresolvedError, match="dir-1"):
        rebind(joined, account=True)
    assert joined.content() == before


def test_for_another_account_what_was_never_sent_is_given_up_and_emitted_once(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order), deal(command.order))
    joined.take(directive("dir-2"))
    rebind(joined, account=True)
    assert joined.rows("SELECT login, server, ledger_id FROM officers") == [(0, "", None)]
    assert (joined.directive_state(), joined.directive_state("dir-2")) == ("FILLED", "REJECTED")
    assert joined.emitted("dir-2") == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
    assert joined.bodies("ORDER_REJECTED")[0]["error_code"] == "REBOUND"
    assert joined.advance() == []
    joined.close()
    joined.open()


def test_a_rebinding_is_in_the_audit_with_its_reason(joined: Desk) -> None:
    rebind(joined)
    [(body,)] = joined.rows("SELECT body FROM audit WHERE kind = 'operator'")
    assert '"looked"' in body and LEDGER in body
