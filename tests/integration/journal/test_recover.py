"""Recover: orders that were made after the backup of a journal are adopted under their directives."""

import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from bridge.core.link.messages import CommandKind, LedgerIdentity, Order
from bridge.core.link.reports import CommandReport, CommandStage, OrderReport
from bridge.core.units.mt5_terms import MarginMode, OrderState, Side
from bridge.journal.database import file
from bridge.journal.operator.lost_orders import FoundBy
from bridge.journal.operator.recover import Adoption, CannotRecoverError

from .bench import (
    ACCOUNT,
    LEDGER,
    NOW,
    OFFICER,
    PREFIX,
    JournalBench,
    cancel,
    closing,
    directive,
    limit,
    modify,
    server_ms,
    settings,
)
from .reports import (
    DEAL,
    ORDER,
    POSITION,
    booked,
    deal,
    leaving,
    result,
    scan,
    seen,
    stage,
    standing,
    submitted,
)

Restore = Callable[..., JournalBench]
OPENED = ["DIRECTIVE_RECEIVED", "ORDER_PLACED", "ORDER_FILLED", "POSITION_OPENED"]


@pytest.fixture
def before(tmp_path: Path) -> Iterator[JournalBench]:
    """The journal as it was before the loss, with a backup beside it from before the first directive."""
    made = JournalBench(tmp_path / "journal.db", settings())
    made.join()
    made.connection.execute("VACUUM INTO ?", [str(tmp_path / "backup.db")])
    yield made
    made.close()


@pytest.fixture
def restore(tmp_path: Path) -> Iterator[Restore]:
    """Open the backup as the journal, and let a terminal with a ledger of so many intents connect."""
    opened: list[JournalBench] = []

    def restored(*, mark: int = 1, anew: bool = False) -> JournalBench:
        path = tmp_path / f"restored-{len(opened)}.db"
        if not anew:
            shutil.copy(tmp_path / "backup.db", path)
        opened.append(JournalBench(path, settings(), new=anew))
        opened[-1].join(ledger=LedgerIdentity(id=LEDGER, mark=mark))
        return opened[-1]

    yield restored
    for bench in opened:
        bench.close()


def fill(bench: JournalBench, item: str) -> Order:
    """Let the terminal carry out an opening directive."""
    [command] = bench.sent(item)
    bench.report(submitted(command.order), result(command.order), deal(command.order), seen(command.order))
    bench.report(standing(command.order), scan(1, NOW, POSITION))
    return command.order


def ledger_of(order: Order, *, mark: int = 1) -> CommandReport:
    """The intent as the ledger reports it beyond the sidecar's mark."""
    return msgspec.structs.replace(submitted(order, mark=mark), request=order)


def past(order: Order) -> OrderReport:
    return msgspec.structs.replace(seen(order), comment=order.comment)


def show(bench: JournalBench, order: Order, *, ledger: bool = True) -> None:
    """Let the terminal report what it knows of an order that was filled, and complete its first scan."""
    if ledger:
        bench.report(ledger_of(order), result(order))
    bench.report(deal(order, comment=order.comment), past(order), standing(order), scan(1, NOW, POSITION))


def adopt(bench: JournalBench, *ids: int, report_past: bool = False, directive_id: str = "") -> None:
    bench.journal.adopt(
        OFFICER,
        bench.now,
        chosen=[Adoption(client_order_id=each, directive_id=directive_id) for each in ids],
        why="restored",
        report_past=report_past,
    )


def work_again(bench: JournalBench) -> None:
    """Let the operator lift the quarantine, and the terminal come back."""
    bench.journal.rebind(OFFICER, bench.now, account=False, why="recovered")
    bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
    bench.report(scan(2, NOW, POSITION))


def check(bench: JournalBench) -> None:
    """Check the journal as its next opening does."""
    bench.close()
    file.check(bench.path)
    bench.open()


def test_lost_order_is_listed_with_the_directive_of_the_ledger(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore()
    show(bench, order)
    assert "unknown to this journal" in bench.quarantine()
    [lost] = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert (lost.client_order_id, lost.directive_id) == (order.client_order_id, "dir-1")
    assert (lost.found_by, lost.state) == (FoundBy.LEDGER, "position open")
    assert (lost.side, lost.volume, lost.symbol) == ("BUY", "0.3", "EURUSD")
    assert (lost.order_ticket, lost.position_id, lost.comment) == (ORDER, POSITION, "dir-1")


def test_lost_order_whose_intent_came_unacknowledged_before_the_ledger_is_listed_with_its_directive(
    before: JournalBench, restore: Restore
) -> None:
    """The sidecar ended before it acknowledged the intent, and a backup took its journal's place."""
    order = fill(before, directive())
    bench = restore()
    bench.report(submitted(order))
    for _ in range(2):
        show(bench, order)
    [lost] = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert (lost.directive_id, lost.found_by) == ("dir-1", FoundBy.LEDGER)
    stored = bench.rows("SELECT count(*) FROM reports WHERE key LIKE 'command:%:submitted'")
    assert stored == [(2,)]


def test_adopted_position_is_open_under_its_directive_and_nothing_is_reported_again(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore()
    show(bench, order)
    emitted = bench.rows("SELECT count(*) FROM events")
    adopt(bench, order.client_order_id)
    assert bench.rows("SELECT count(*) FROM events") == emitted
    assert (bench.directive_state(), bench.command_state(order.client_order_id)) == ("FILLED", "FILLED")
    assert bench.rows("SELECT directive_id, volume_in, stop_loss FROM open_positions") == [
        ("dir-1", "0.3", "1.0900")
    ]
    assert bench.journal.lost_orders(OFFICER, bench.now).orders == []
    check(bench)
    bench.later(60)
    bench.report(standing(order), scan(2, NOW, POSITION))
    assert bench.emitted() == []


def test_later_stop_is_reported_under_the_adopted_directive(before: JournalBench, restore: Restore) -> None:
    order = fill(before, directive())
    bench = restore()
    show(bench, order)
    adopt(bench, order.client_order_id)
    work_again(bench)
    bench.report(leaving(order, time_server_ms=deal(order).time_server_ms + 60_000))
    assert bench.emitted() == ["SL_TRIGGERED", "POSITION_CLOSED"]


def test_adopted_position_is_closed_by_its_directive_id_and_by_a_flatten(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore()
    show(bench, order)
    adopt(bench, order.client_order_id)
    work_again(bench)
    [close] = bench.sent(closing(target_directive_id="dir-1"))
    assert (close.order.position, close.order.volume, close.order.opener) == (
        POSITION,
        order.volume,
        order.client_order_id,
    )
    bench.journal.flatten(OFFICER, bench.now, nonce="0f" * 8, why="")
    bench.later(1)
    assert bench.advance() == [], "the close is under way"
    flat = restore()
    show(flat, order)
    adopt(flat, order.client_order_id)
    work_again(flat)
    flat.journal.flatten(OFFICER, flat.now, nonce="0f" * 8, why="")
    assert [command.order.position for command in flat.advance()] == [POSITION]


def test_directive_that_the_director_still_lists_is_found_by_hash(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore(mark=0, anew=True)
    show(bench, msgspec.structs.replace(order, comment=""), ledger=False)
    bench.take(directive("dir-0"), directive())
    [lost] = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert (lost.directive_id, lost.found_by) == ("dir-1", FoundBy.INBOX)
    adopt(bench, order.client_order_id)
    # It is done, and not sent again.
    assert [command.order.directive_id for command in bench.advance()] == ["dir-0"]
    assert (bench.directive_state(), bench.emitted()) == ("FILLED", ["DIRECTIVE_RECEIVED"])


def test_directive_is_found_by_a_comment_that_is_its_whole_id(before: JournalBench, restore: Restore) -> None:
    order = fill(before, directive())
    bench = restore(mark=0, anew=True)
    show(bench, order, ledger=False)
    [lost] = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert (lost.directive_id, lost.found_by) == ("dir-1", FoundBy.COMMENT)


def test_lost_order_without_a_directive_is_adopted_under_a_named_one(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore(mark=0, anew=True)
    show(bench, msgspec.structs.replace(order, comment="broker's own"), ledger=False)
    [lost] = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert (lost.directive_id, lost.found_by, lost.comment) == ("", FoundBy.NOTHING, "broker's own")
    content = bench.content()
    with pytest.raises(CannotRecoverError, match="--directive"):
        adopt(bench, order.client_order_id)
    with pytest.raises(CannotRecoverError, match="none of a lost order"):
        adopt(bench, 1, directive_id="dir-9")
    assert bench.content() == content
    adopt(bench, order.client_order_id, directive_id="dir-9")
    assert bench.rows("SELECT directive_id FROM open_positions") == [("dir-9",)]
    check(bench)


def test_dismissed_order_is_listed_no_more_and_is_nobodys(before: JournalBench, restore: Restore) -> None:
    order = fill(before, directive())
    bench = restore()
    show(bench, order)
    bench.journal.dismiss_orders(OFFICER, bench.now, client_order_ids=[order.client_order_id], why="mine")
    assert bench.journal.lost_orders(OFFICER, bench.now).orders == []
    assert bench.rows("SELECT disposition FROM deals") == [("FOREIGN",)]
    assert bench.rows("SELECT * FROM positions") == []
    check(bench)


def test_adopted_directive_that_is_listed_later_raises_nothing(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore()
    show(bench, order)
    adopt(bench, order.client_order_id)
    work_again(bench)
    assert bench.take(directive()).new == 0
    assert bench.take(directive()).new == 0
    assert bench.advance() == [] and bench.emitted() == []
    assert bench.take(directive(quantity=0.5)).changed == 1
    check(bench)


def test_past_is_reported_under_the_same_keys_on_request(before: JournalBench, restore: Restore) -> None:
    order = fill(before, directive())
    bench = restore()
    show(bench, order)
    adopt(bench, order.client_order_id, report_past=True)
    assert bench.emitted() == OPENED
    keys = "SELECT key FROM events WHERE directive_id = 'dir-1' ORDER BY key"
    assert bench.rows(keys) == before.rows(keys)


def test_directive_that_was_reported_as_never_sent_is_corrected(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore()
    bench.take(directive())
    bench.later(600)
    bench.look()
    assert bench.directive_state() == "EXPIRED"
    show(bench, order)
    adopt(bench, order.client_order_id)
    assert bench.directive_state() == "FILLED"
    assert bench.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED", *OPENED[1:]]


def test_pending_order_is_adopted_with_its_terms(before: JournalBench, restore: Restore) -> None:
    [command] = before.sent(limit())
    order = command.order
    bench = restore(mark=0, anew=True)
    bench.report(booked(order, comment="dir-limit"), scan(1))
    [lost] = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert (lost.state, lost.directive_id) == ("order on the book", "dir-limit")
    adopt(bench, order.client_order_id)
    adopted = bench.order("dir-limit")
    assert (adopted.order_type, adopted.price, adopted.stop_loss) == (
        order.order_type,
        order.price,
        order.stop_loss,
    )
    assert bench.rows("SELECT directive_id, type FROM pending_orders") == [("dir-limit", "BUY_LIMIT")]
    assert bench.emitted("dir-limit") == []
    bench.later(60)
    bench.report(
        booked(
            order,
            state=OrderState.CANCELED,
            time_done_server_ms=booked(order).time_setup_server_ms + 60_000,
        )
    )
    assert bench.emitted("dir-limit") == ["ORDER_CANCELLED"]


def test_position_closed_after_the_backup_is_adopted_with_both_directives(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    [close] = before.sent(closing())
    bench = restore(mark=2)
    bench.report(ledger_of(order), result(order), ledger_of(close.order, mark=2), result(close.order))
    bench.report(deal(order), deal(close.order, DEAL + 1), past(order), past(close.order), scan(1))
    listed = {each.directive_id: each.state for each in bench.journal.lost_orders(OFFICER, bench.now).orders}
    assert listed == {"dir-1": "position closed", "dir-close": "closing order filled"}
    emitted = bench.rows("SELECT count(*) FROM events")
    adopt(bench, close.order.client_order_id, order.client_order_id)
    assert (bench.directive_state(), bench.directive_state("dir-close")) == ("FILLED", "FILLED")
    assert bench.rows("SELECT state, volume_out FROM positions") == [("CLOSED", "0.3")]
    assert bench.rows("SELECT count(*) FROM events") == emitted
    check(bench)


def test_close_that_the_backup_lacks_is_not_reported_under_the_opener(
    tmp_path: Path, before: JournalBench, restore: Restore
) -> None:
    fill(before, directive())
    (tmp_path / "backup.db").unlink()
    before.connection.execute("VACUUM INTO ?", [str(tmp_path / "backup.db")])
    [close] = before.sent(closing())
    bench = restore(mark=2)
    bench.report(ledger_of(close.order, mark=2), result(close.order))
    bench.report(deal(close.order, DEAL + 1), past(close.order), scan(2))
    assert bench.emitted() == OPENED
    adopt(bench, close.order.client_order_id)
    assert bench.rows("SELECT state FROM positions") == [("CLOSED",)]
    assert bench.emitted() == OPENED and bench.emitted("dir-close") == []


def test_position_older_than_the_history_is_adopted_when_its_deals_are_read(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore(mark=0, anew=True)
    opened_ms = deal(order).time_server_ms - 30 * 86_400_000
    position = msgspec.structs.replace(standing(order), comment="dir-1", time_server_ms=opened_ms)
    bench.report(position, scan(1, NOW, POSITION))
    adopt(bench, order.client_order_id)
    assert bench.rows("SELECT * FROM commands") == []
    assert bench.rows("SELECT watermark_server_ms FROM officers") == [(opened_ms,)]
    opened = bench.join(ledger=LedgerIdentity(id=LEDGER, mark=0))
    assert opened.watermark_server_ms == opened_ms
    bench.report(deal(order, time_server_ms=opened_ms), past(order), position, scan(2, NOW, POSITION))
    adopt(bench, order.client_order_id)
    assert bench.rows("SELECT directive_id, volume_in FROM open_positions") == [("dir-1", "0.3")]
    assert bench.emitted() == []
    check(bench)


def test_nothing_is_lost_in_a_whole_journal(before: JournalBench) -> None:
    fill(before, directive())
    assert before.journal.lost_orders(OFFICER, before.now).orders == []
    assert before.journal.has_scanned(OFFICER)


def test_intent_without_a_record_is_adopted_and_searched_from_the_beginning(
    before: JournalBench, restore: Restore
) -> None:
    [command] = before.sent(directive())
    bench = restore()
    bench.report(ledger_of(command.order), scan(1))
    [lost] = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert lost.state == "in the ledger, without an outcome"
    adopt(bench, command.order.client_order_id)
    bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
    [request] = bench.request_status(first=True)
    assert request.item.since_server_ms < deal(command.order).time_server_ms - 365 * 86_400_000
    bench.report(deal(command.order), seen(command.order))
    assert (bench.directive_state(), bench.emitted()) == ("FILLED", [])


def test_history_is_read_again_where_deals_of_an_adopted_position_are_missing(
    before: JournalBench, restore: Restore
) -> None:
    order = fill(before, directive())
    bench = restore()
    opened_ms = deal(order).time_server_ms - 30 * 86_400_000
    left = standing(order, volume="0.1")
    bench.report(ledger_of(order), result(order), deal(order), past(order))
    bench.report(msgspec.structs.replace(left, time_server_ms=opened_ms), scan(1, NOW, POSITION))
    adopt(bench, order.client_order_id)
    assert bench.rows("SELECT watermark_server_ms FROM officers") == [(opened_ms,)]
    manual = leaving(order, reason="CLIENT", magic=0, volume=order.volume - left.volume)
    bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
    bench.report(msgspec.structs.replace(manual, time_server_ms=opened_ms + 1), scan(2, NOW, POSITION))
    assert bench.rows("SELECT volume_in, volume_out FROM open_positions") == [("0.3", "0.2")]
    assert bench.emitted() == []


def test_lots_of_a_netted_position_are_adopted_in_the_order_of_their_deals(
    before: JournalBench, tmp_path: Path
) -> None:
    """Two directives share a position, and a manual trade closed a part of it."""
    netting = msgspec.structs.replace(ACCOUNT, margin_mode=MarginMode.RETAIL_NETTING)
    first, second = (before.sent(item)[-1].order for item in (directive(), directive("dir-2", quantity=0.2)))
    bench = JournalBench(tmp_path / "netting.db", settings())
    bench.join(account=netting)
    bench.report(
        deal(first, comment="dir-1"),
        deal(second, DEAL + 2, comment="dir-2", order=ORDER + 5, time_server_ms=server_ms() + 1_000),
        leaving(first, DEAL + 3, reason="CLIENT", magic=0, volume=Decimal("0.4")),
        msgspec.structs.replace(standing(second, volume="0.1"), magic=second.client_order_id),
        scan(1, NOW, POSITION),
    )
    found = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert sorted(each.directive_id for each in found) == ["dir-1", "dir-2"]
    adopt(bench, *(each.client_order_id for each in found))
    assert bench.rows("SELECT directive_id, volume_in, volume_out FROM positions ORDER BY directive_id") == [
        ("dir-1", "0.3", "0.3"),
        ("dir-2", "0.2", "0.1"),
    ]
    assert bench.rows("SELECT DISTINCT disposition FROM deals") == [("APPLIED",)]
    assert bench.emitted("dir-1") == bench.emitted("dir-2") == []
    check(bench)
    bench.close()


def test_directive_whose_order_is_at_the_broker_is_not_reported_as_never_sent(
    before: JournalBench, restore: Restore
) -> None:
    """While the officer is quarantined it is late, opens are halted, and the Director cancels it."""
    [command] = before.sent(limit(time_in_force="GTC"))
    order = command.order
    bench = restore()
    bench.report(ledger_of(order), booked(order, comment="dir-limit"), scan(1))
    bench.later(600)
    bench.journal.halt(OFFICER, bench.now, symbol="", why="a look first")
    bench.take(
        limit(time_in_force="GTC"), cancel("dir-cancel", "dir-limit", expires_at="2026-01-06T10:00:00Z")
    )
    bench.look()
    assert bench.directive_state("dir-limit") == bench.directive_state("dir-cancel") == "RECEIVED"
    assert bench.emitted("dir-limit") == bench.emitted("dir-cancel") == ["DIRECTIVE_RECEIVED"]
    adopt(bench, order.client_order_id)
    work_again(bench)
    assert [each.order.order for each in bench.advance()] == [ORDER]
    assert bench.emitted("dir-limit") == ["DIRECTIVE_RECEIVED"]


def test_modify_of_the_ledger_is_adopted_as_done(before: JournalBench, restore: Restore) -> None:
    order = fill(before, directive())
    [change] = before.sent(modify("dir-modify", stop_loss=1.08))
    bench = restore(mark=2)
    bench.report(ledger_of(order), result(order), ledger_of(change.order, mark=2), result(change.order))
    bench.report(deal(order), past(order), standing(order, stop_loss="1.0800"), scan(1, NOW, POSITION))
    found = bench.journal.lost_orders(OFFICER, bench.now).orders
    assert {each.directive_id: each.kind for each in found} == {"dir-1": "OPEN", "dir-modify": "MODIFY"}
    adopt(bench, *(each.client_order_id for each in found))
    assert bench.command_state(change.order.client_order_id) == "DONE"
    assert bench.rows("SELECT stop_loss FROM open_positions") == [("1.0800",)]
    assert bench.emitted() == bench.emitted("dir-modify") == []


def test_ledger_of_years_raises_one_alarm_for_all_that_a_new_journal_lacks(restore: Restore) -> None:
    bench = restore(mark=300, anew=True)
    intents = [
        stage(
            CommandStage.SUBMITTED,
            Order(
                client_order_id=(PREFIX << 40) + number, kind=CommandKind.OPEN, symbol="EURUSD", side=Side.BUY
            ),
            mark=number,
        )
        for number in range(1, 301)
    ]
    bench.report(*intents, scan(1))
    assert [body["error_code"] for body in bench.bodies("SYSTEM_ERROR")] == ["QUARANTINED"]
    assert len(bench.journal.lost_orders(OFFICER, bench.now).orders) == 300
