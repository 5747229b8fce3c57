"""Rebind: bindings that an operator removes, and those that may not be removed."""

import pytest

from bridge.core.link.messages import LedgerIdentity
from bridge.journal.operator.rebind import StillUnresolvedError

from .bench import LEDGER, OFFICER, JournalBench, directive
from .reports import deal, result, submitted

OTHER_LEDGER = "d" * 32


def rebind(bench: JournalBench, *, account: bool = False) -> None:
    bench.journal.rebind(OFFICER, bench.now, account=account, why="looked")


def test_rebind_lifts_the_quarantine_and_accepts_the_next_ledger(joined: JournalBench) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    assert joined.sent(directive()) == [] and joined.quarantine()
    rebind(joined)
    assert joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0)).quarantine == ""
    assert len(joined.sent(directive("dir-2"))) == 2
    assert joined.join(ledger=LedgerIdentity(id=LEDGER, mark=0)).quarantine != ""


def test_rebind_to_another_account_is_refused_while_a_command_is_unresolved(joined: JournalBench) -> None:
    joined.sent(directive())
    before = joined.content()
    with pytest.raises(StillUnresolvedError, match="dir-1"):
        rebind(joined, account=True)
    assert joined.content() == before


def test_rebind_to_another_account_rejects_unsent_work_once(joined: JournalBench) -> None:
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


def test_rebind_is_audited_with_its_reason(joined: JournalBench) -> None:
    rebind(joined)
    [(body,)] = joined.rows("SELECT body FROM audit WHERE kind = 'operator'")
    assert '"looked"' in body and LEDGER in body
