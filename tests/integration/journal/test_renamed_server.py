"""A trade server that the broker renames: positions, orders, keys and watermark of the account stay."""

from datetime import timedelta

import msgspec
import pytest

from bridge.core.link.messages import LedgerIdentity, Order
from bridge.core.units.mt5_terms import OrderState
from bridge.journal.operator.rebind import WrongLoginError
from bridge.journal.steps.sessions import NotOpened

from .bench import (
    ACCOUNT,
    LEDGER,
    NOW,
    OFFICER,
    OTHER_LEDGER,
    JournalBench,
    closing,
    directive,
    limit,
    server_ms,
)
from .reports import ORDER, POSITION, booked, deal, leaving, result, scan, seen, standing, submitted

RENAMED = msgspec.structs.replace(ACCOUNT, server="Broker-Live02")
OPENED = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]


def fill(bench: JournalBench) -> Order:
    """Let the terminal open a position for dir-1."""
    [command] = bench.sent(directive())
    order = command.order
    bench.report(submitted(order), result(order), deal(order), seen(order), standing(order))
    bench.report(scan(1, NOW, POSITION))
    return order


def rename(bench: JournalBench, *, login: int = ACCOUNT.login) -> None:
    bench.journal.rebind(
        OFFICER, bench.now, account=False, why="announced", renamed_server=RENAMED.server, login=login
    )


def come_back(bench: JournalBench, *, ledger_id: str = LEDGER) -> None:
    """Let the terminal of the renamed server connect; it reports everything anew."""
    bench.join(account=RENAMED, ledger=LedgerIdentity(id=ledger_id, mark=1))


def test_terminal_of_a_renamed_server_is_refused_with_the_command_line(joined: JournalBench) -> None:
    refused = joined.try_join(account=RENAMED)
    assert isinstance(refused, NotOpened)
    assert "rebind --officer eo-001 --login 501 --renamed-server Broker-Live02" in refused.remedy
    other = joined.try_join(account=msgspec.structs.replace(RENAMED, login=777))
    assert isinstance(other, NotOpened) and "--renamed-server" not in other.remedy


def test_position_stays_under_its_directive_and_is_reported_once(joined: JournalBench) -> None:
    order = fill(joined)
    events = joined.rows("SELECT directive_id, event_type, key FROM events")
    rename(joined)
    joined.later(60)
    come_back(joined)
    joined.report(deal(order), seen(order), standing(order), scan(1, joined.now, POSITION))
    assert joined.rows("SELECT directive_id, event_type, key FROM events") == events
    assert joined.rows("SELECT directive_id, server FROM open_positions") == [("dir-1", ACCOUNT.server)]
    assert joined.rows("SELECT server FROM officer_status WHERE officer = ?", OFFICER) == [(RENAMED.server,)]
    [close] = joined.sent(closing(target_directive_id="dir-1"))
    assert close.order.position == POSITION
    joined.report(leaving(order, time_server_ms=server_ms(joined.now)))
    assert joined.emitted()[-2:] == ["SL_TRIGGERED", "POSITION_CLOSED"]


def test_watermark_and_pending_order_stay(joined: JournalBench) -> None:
    [command] = joined.sent(limit())
    order = command.order
    joined.report(submitted(order), result(order), booked(order), scan(1))
    [(watermark,)] = joined.rows("SELECT watermark_server_ms FROM officers WHERE officer = ?", OFFICER)
    rename(joined)
    opened = joined.join(account=RENAMED, ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    assert opened.watermark_server_ms == watermark and opened.quarantine == ""
    joined.report(booked(order), scan(2))
    assert joined.rows("SELECT directive_id, ticket FROM pending_orders") == [("dir-limit", ORDER)]
    joined.report(booked(order, state=OrderState.CANCELED, time_done_server_ms=server_ms()))
    assert joined.emitted("dir-limit") == ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_CANCELLED"]


def test_server_can_be_renamed_back(joined: JournalBench) -> None:
    rename(joined)
    come_back(joined)
    assert isinstance(joined.try_join(), NotOpened)
    joined.journal.rebind(
        OFFICER, joined.now, account=False, why="back", renamed_server=ACCOUNT.server, login=ACCOUNT.login
    )
    joined.join()
    assert joined.rows("SELECT renamed_server FROM officers WHERE officer = ?", OFFICER) == [("",)]


@pytest.mark.parametrize("bound", [True, False])
def test_wrong_login_changes_nothing(bench: JournalBench, bound: bool) -> None:
    if bound:
        bench.join()
    before = bench.content()
    with pytest.raises(WrongLoginError, match="501 at Broker-Demo" if bound else "bound to no account"):
        rename(bench, login=777)
    assert bench.content() == before


@pytest.mark.parametrize("days", [0, 3], ids=["young", "older than a day"])
def test_rebind_to_another_account_that_is_the_same_one_keeps_what_is_known(
    joined: JournalBench, days: int
) -> None:
    order = fill(joined)
    events = joined.rows("SELECT directive_id, event_type, key FROM events")
    joined.journal.rebind(OFFICER, joined.now, account=True, why="renamed, said wrongly")
    joined.now += timedelta(days=days)
    come_back(joined)
    if not days:
        joined.report(deal(order, 1, magic=0, position_id=1), deal(order), seen(order))
    joined.report(standing(order), scan(1, joined.now, POSITION))
    assert joined.rows("SELECT directive_id, event_type, key FROM events") == events
    assert joined.rows("SELECT directive_id, server FROM open_positions") == [("dir-1", ACCOUNT.server)]
    assert joined.rows("SELECT server, renamed_server FROM officers WHERE officer = ?", OFFICER) == [
        (ACCOUNT.server, RENAMED.server)
    ]
    joined.report(leaving(order, time_server_ms=server_ms(joined.now)))
    assert joined.emitted() == [*OPENED, "SL_TRIGGERED", "POSITION_CLOSED"]


def test_history_since_the_last_scan_is_read_after_a_rebind_to_the_same_login(joined: JournalBench) -> None:
    fill(joined)
    [(watermark,)] = joined.rows("SELECT watermark_server_ms FROM officers WHERE officer = ?", OFFICER)
    joined.journal.rebind(OFFICER, joined.now, account=True, why="renamed, said wrongly")
    joined.now += timedelta(days=3)
    opened = joined.join(account=RENAMED, ledger=LedgerIdentity(id=LEDGER, mark=1))
    assert opened.watermark_server_ms == watermark


def test_account_of_another_broker_with_the_same_login_stays_another(joined: JournalBench) -> None:
    order = fill(joined)
    joined.journal.rebind(OFFICER, joined.now, account=True, why="moved to another broker")
    come_back(joined, ledger_id=OTHER_LEDGER)
    theirs = standing(order)
    joined.report(
        msgspec.structs.replace(theirs, magic=0), deal(order, magic=0), scan(1, joined.now, POSITION)
    )
    assert joined.rows("SELECT server FROM officers WHERE officer = ?", OFFICER) == [(RENAMED.server,)]
