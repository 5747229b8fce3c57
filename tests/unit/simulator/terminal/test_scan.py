"""Scans: everything after a welcome, then new and changed records, each once."""

from decimal import Decimal
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import MAX_MESSAGE_BYTES, Bye, Welcome, encode
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    ConnectionReport,
    DealReport,
    OrderReport,
    PositionReport,
    ScanReport,
)
from bridge.core.units.mt5_terms import DealEntry
from bridge.simulator.broker.api import BrokerGone
from bridge.simulator.broker.broker import Broker
from bridge.simulator.broker.fault_rules import DelayHistory, DropTransactions, Rule
from bridge.simulator.broker.scenario import Scenario
from bridge.simulator.broker.state import new_state
from bridge.simulator.mt5.types import Deal, Order, OrderType
from bridge.simulator.terminal.broker_reports import position_report
from bridge.simulator.terminal.outbox import WINDOW
from bridge.simulator.terminal.scan import DEEP_MS, DEEP_SCAN_MS, RESCAN_MS, Scanner
from tests.sidecar_peer import open_order
from tests.unit.simulator.terminal.rig import START_MS, STEP_MS, Rig

LOT = Decimal("0.10")
WELCOME = Welcome(
    epoch=1,
    heartbeat_ms=1000,
    ledger_mark=0,
    watermark_server_ms=START_MS,
    overlap_ms=60_000,
    max_message_bytes=MAX_MESSAGE_BYTES,
)
WELCOME_TO_ALL = replace(WELCOME, watermark_server_ms=0)
"""Welcome for an account that is new to the journal."""


def tickets(rig: Rig) -> list[int]:
    """Return the reported deals, in the order of arrival."""
    return [deal.ticket for deal in rig.peer.reports_of(DealReport)]


def traded(rig: Rig) -> list[int]:
    """Return the broker's deals."""
    return [deal.ticket for deal in rig.broker.history_deals(0, 2**62)]


def test_first_scan_reports_the_whole_history(rig: Rig) -> None:
    kept = rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    rig.broker.manual_close(rig.broker.manual_open("GBPUSD", OrderType.SELL, LOT))
    rig.join()
    assert tickets(rig) == traded(rig)
    assert [p.identifier for p in rig.peer.reports_of(PositionReport)] == [kept]
    (scan,) = rig.peer.reports_of(ScanReport)
    assert rig.peer.reports[-1] == scan
    assert (scan.from_server_ms, scan.deals, scan.orders, scan.positions) == (0, 4, 3, [kept])
    assert START_MS <= scan.to_server_ms <= rig.broker.server_time()


def test_scan_starts_at_the_watermark_less_the_overlap(rig: Rig) -> None:
    rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    old = traded(rig)
    rig.run(10_000)
    rig.restart()
    rig.peer.forget()
    rig.peer.watermark_server_ms = rig.broker.server_time() - 1_000
    rig.peer.overlap_ms = 2_000
    new = rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    rig.join()
    assert tickets(rig) == traded(rig)[len(old) :]
    (scan,) = rig.peer.reports_of(ScanReport)
    assert scan.from_server_ms == rig.peer.watermark_server_ms - 2_000
    assert len(scan.positions) == 2
    assert new in scan.positions


def test_new_session_scans_from_the_sidecars_watermark(joined: Rig) -> None:
    """The journal may have been restored from a backup."""
    joined.peer.watermark_server_ms = joined.broker.server_time() - 1_000
    joined.peer.overlap_ms = 2_000
    joined.run(RESCAN_MS + 1_000)
    joined.send(encode(Bye(epoch=joined.peer.epoch, reason="restart")))
    joined.peer.forget()
    joined.run(5_000)
    (scan,) = joined.peer.reports_of(ScanReport)
    assert scan.from_server_ms == joined.peer.watermark_server_ms - 2_000


def test_watermark_ahead_of_the_broker_omits_nothing(rig: Rig) -> None:
    rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    rig.peer.watermark_server_ms = START_MS + 50 * 365 * 86_400_000
    rig.join()
    assert tickets(rig) == traded(rig)


def test_new_record_is_reported_once(joined: Rig) -> None:
    joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(5_000)
    assert len(joined.peer.reports_of(DealReport)) == 1
    assert len(joined.peer.reports_of(OrderReport)) == 1
    (position,) = joined.peer.reports_of(PositionReport)
    assert [scan.positions for scan in joined.peer.reports_of(ScanReport)] == [[position.identifier]]


def test_stop_that_is_hit_is_reported(joined: Rig) -> None:
    ticket = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT, sl=Decimal("1.09000"))
    joined.run(500)
    joined.peer.forget()
    joined.broker.set_quote("EURUSD", Decimal("1.08990"), Decimal("1.09000"))
    joined.run(500)
    (deal,) = joined.peer.reports_of(DealReport)
    assert (deal.reason, deal.entry, deal.position_id) == ("SL", DealEntry.OUT, ticket)


def test_reports_do_not_depend_on_transactions(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=DropTransactions()))
    joined.send(joined.peer.command(open_order()))
    joined.run(1_000)
    assert len(joined.peer.reports_of(DealReport)) == 1


def test_transaction_advances_the_next_look(joined: Rig) -> None:
    for count in range(1, 9):
        joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
        joined.run(60)
        assert len(joined.peer.reports_of(DealReport)) == count
        joined.run(70)  # at a different time before the next look each time


def test_late_commission_is_reported_again(joined: Rig) -> None:
    joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(1_000)
    (deal,) = joined.peer.reports_of(DealReport)
    joined.run(2 * RESCAN_MS)  # no look reaches that far back any more
    joined.peer.forget()
    joined.broker.revise_deal(deal.ticket, Decimal("-9.99"))
    joined.run(RESCAN_MS + 1_000)
    assert [d.commission for d in joined.peer.reports_of(DealReport)] == [Decimal("-9.99")]


def test_rescan_finds_late_history(joined: Rig) -> None:
    joined.broker.add_rule(Rule(effect=DelayHistory(milliseconds=90_000)))
    joined.send(joined.peer.command(open_order()))
    joined.run(80_000)
    assert joined.peer.reports_of(DealReport) == []
    joined.run(70_000)
    assert len(joined.peer.reports_of(DealReport)) == 1


def test_rescan_moves_the_watermark_and_repeats_nothing(joined: Rig) -> None:
    joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(3 * RESCAN_MS)
    _, *scans = joined.peer.reports_of(ScanReport)
    assert len(scans) in (2, 3)
    assert scans[0].to_server_ms < scans[1].to_server_ms
    assert scans[1].counter == scans[0].counter + 1
    assert scans[1].from_server_ms == max(0, scans[0].to_server_ms - joined.peer.overlap_ms)
    assert len(joined.peer.reports_of(DealReport)) == 1
    assert len(joined.peer.reports_of(PositionReport)) == 1


def test_events_of_the_terminals_downtime_are_found(joined: Rig) -> None:
    ticket = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT, sl=Decimal("1.09000"))
    joined.run(1_000)
    joined.ledger.close()
    joined.mono_ms += 3_600_000
    joined.broker.set_quote("EURUSD", Decimal("1.08990"), Decimal("1.09000"))
    joined.peer.watermark_server_ms = START_MS
    joined.peer.forget()
    joined.load()
    joined.join()
    assert [d.position_id for d in joined.peer.reports_of(DealReport) if d.reason == "SL"] == [ticket]
    assert joined.peer.reports_of(ScanReport)[0].positions == []


def test_events_of_a_disconnection_are_found(joined: Rig) -> None:
    ticket = joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(1_000)
    joined.peer.forget()
    joined.broker.disconnect()
    joined.broker.manual_close(ticket)
    joined.run(5_000)
    assert joined.peer.reports_of(DealReport) == []
    joined.broker.connect()
    joined.run(200)
    assert [d.entry for d in joined.peer.reports_of(DealReport)] == [DealEntry.OUT]
    assert [report.up for report in joined.peer.reports_of(ConnectionReport)] == [False, True]
    assert joined.peer.reports_of(ScanReport)[-1].positions == []


def test_long_history_is_reported_in_portions_and_completely(rig: Rig) -> None:
    for _ in range(400):
        rig.broker.manual_close(rig.broker.manual_open("EURUSD", OrderType.BUY, LOT))
    rig.peer.acks = False
    rig.join()
    assert len(rig.peer.reports) == WINDOW
    rig.run(200)
    assert len(rig.peer.reports) == WINDOW  # unacknowledged, so no further report is made
    rig.peer.acks = True
    rig.restart()
    rig.peer.forget()
    rig.join()
    rig.run(500)
    assert tickets(rig) == traded(rig)
    assert len(rig.peer.reports_of(ScanReport)) == 1
    deals = rig.peer.reports_of(DealReport)
    assert deals == sorted(deals, key=lambda deal: (deal.time_server_ms, deal.ticket))


def test_ledger_entries_after_the_mark_precede_the_scan(joined: Rig) -> None:
    for client_order_id in (1, 2, 3):
        joined.send(joined.peer.command(open_order(client_order_id)))
    joined.run(1_000)
    joined.restart()
    joined.peer.forget()
    joined.peer.ledger_mark = 1
    joined.join()
    first = joined.peer.reports[:4]
    assert [(f.client_order_id, f.stage, f.mark) for f in first if isinstance(f, CommandReport)] == [
        (2, "submitted", 2),
        (2, "result", 2),
        (3, "submitted", 3),
        (3, "result", 3),
    ]
    assert not any(isinstance(report, CommandReport) for report in joined.peer.reports[4:])


def test_reconnected_sidecar_receives_everything_again(joined: Rig) -> None:
    joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(500)
    joined.peer.forget()
    joined.linked = False
    joined.run(20_000)
    joined.linked = True
    joined.join()
    assert tickets(joined) == traded(joined)


def test_broker_is_looked_at_only_after_a_change(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.broker = broker = Looked(new_state(Scenario(), START_MS))
    rig.restart()
    rig.join()
    rig.run(2_000)
    broker.looks = 0
    rig.run(20_000)
    assert broker.looks == 0
    assert rig.terminal.due_ms(rig.mono_ms) - rig.mono_ms > STEP_MS
    broker.hide_deal(broker.deposit(Decimal(1)))
    rig.run(500)
    assert broker.looks == 1
    rig.close()


class Looked(Broker):
    """A broker that counts how often its live orders are read."""

    looks = 0

    def orders(self) -> list[Order]:
        self.looks += 1
        return super().orders()


class Fading(Broker):
    """A broker that disconnects during a scan."""

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        self.disconnect()
        return super().history_deals(from_ms, to_ms)


def test_scan_interrupted_by_a_disconnection_is_not_closed() -> None:
    emitted = list[AnyReport]()
    scanner = Scanner(
        Fading(new_state(Scenario(), START_MS)), "b" * 32, emitted.append, lambda code, message: None
    )
    scanner.begin(WELCOME, ())
    with pytest.raises(BrokerGone):
        scanner.step(0, WINDOW)
    assert emitted == []


def test_records_outside_of_later_scans_are_forgotten() -> None:
    broker, emitted = Broker.start(Scenario(), START_MS), list[AnyReport]()
    scanner = Scanner(broker, "b" * 32, emitted.append, lambda code, message: None)
    scanner.begin(WELCOME, ())
    kept, most = broker.manual_open("GBPUSD", OrderType.BUY, LOT), 0
    for mono_ms in range(0, 3_600_000, 1_000):
        broker.advance(START_MS + mono_ms)
        if mono_ms % 10_000 == 0:
            broker.manual_close(broker.manual_open("EURUSD", OrderType.BUY, LOT))
        scanner.step(mono_ms, WINDOW)
        most = max(most, len(scanner))
    assert len([report for report in emitted if isinstance(report, DealReport)]) == len(
        broker.history_deals(0, 2**62)
    )
    assert [report.positions for report in emitted if isinstance(report, ScanReport)][-1] == [kept]
    assert most < 200  # of 720 deals and 720 orders


class Counting(Broker):
    """A broker that counts the records it returns from its history, and may disconnect."""

    handed = 0
    fades = False

    def history_deals(self, from_ms: int, to_ms: int) -> list[Deal]:
        found = super().history_deals(from_ms, to_ms)
        self.handed += len(found)
        if self.fades:
            self.disconnect()
        return found

    def history_orders(self, from_ms: int, to_ms: int) -> list[Order]:
        found = super().history_orders(from_ms, to_ms)
        self.handed += len(found)
        return found


def test_very_long_history_is_read_in_pieces() -> None:
    broker, emitted = Counting(new_state(Scenario(), START_MS)), list[AnyReport]()
    broker.seed_history(100_000)
    scanner = Scanner(broker, "b" * 32, emitted.append, lambda code, message: None)
    scanner.begin(WELCOME_TO_ALL, ())
    most_read = most_emitted = most_kept = 0
    while not any(isinstance(report, ScanReport) for report in emitted[-1:]):
        handed, count = broker.handed, len(emitted)
        scanner.step(0, WINDOW)
        most_read = max(most_read, broker.handed - handed)
        most_emitted = max(most_emitted, len(emitted) - count)
        most_kept = max(most_kept, len(scanner))
    (scan,) = [report for report in emitted if isinstance(report, ScanReport)]
    deals = [report for report in emitted if isinstance(report, DealReport)]
    assert (scan.from_server_ms, scan.deals, scan.orders) == (0, 100_001, 100_000)
    assert len({deal.ticket for deal in deals}) == len(deals) == 100_001
    assert deals == sorted(deals, key=lambda deal: (deal.time_server_ms, deal.ticket))
    assert most_emitted <= WINDOW
    # The length of a piece was computed from sparser pieces.
    assert most_read < 5_000
    assert most_kept < 2_000
    # The next scan starts where there are records.
    handed = broker.handed
    scanner.rescan_now()
    scanner.step(1, WINDOW)
    assert broker.handed - handed < 2_000


def test_walk_continues_after_a_disconnection() -> None:
    broker, emitted = Counting(new_state(Scenario(), START_MS)), list[AnyReport]()
    broker.seed_history(2_000)
    scanner = Scanner(broker, "b" * 32, emitted.append, lambda code, message: None)
    scanner.begin(WELCOME_TO_ALL, ())
    while len(emitted) < 1_000:
        scanner.step(0, WINDOW)
    broker.fades = True
    with pytest.raises(BrokerGone):
        for _ in range(20):
            scanner.step(0, WINDOW)
    broker.fades = False
    assert not any(isinstance(report, ScanReport) for report in emitted)
    broker.connect()
    for _ in range(40):
        scanner.step(0, WINDOW)
    (scan,) = [report for report in emitted if isinstance(report, ScanReport)]
    deals = [report.ticket for report in emitted if isinstance(report, DealReport)]
    assert len(deals) == len(set(deals)) == scan.deals == 2_001


def test_older_state_is_not_reported_after_a_newer_one() -> None:
    broker, emitted = Broker.start(Scenario(), START_MS), list[AnyReport]()
    scanner = Scanner(broker, "b" * 32, emitted.append, lambda code, message: None)
    position = broker.manual_open("EURUSD", OrderType.BUY, LOT)
    scanner.begin(WELCOME, ())
    scanner.step(0, 1)  # the look is taken
    broker.manual_modify(position=position, sl=Decimal("1.09000"))
    scanner.report_now([position_report(present) for present in broker.positions()])
    for _ in range(10):
        scanner.step(0, 1)
    levels = [report.stop_loss for report in emitted if isinstance(report, PositionReport)]
    assert levels == [Decimal("1.09000")]


def test_order_that_ends_during_a_look_is_reported_as_done() -> None:
    emitted = list[AnyReport]()
    broker = Hasty(new_state(Scenario(), START_MS))
    ticket = broker.manual_pending("EURUSD", OrderType.BUY_LIMIT, LOT, Decimal("1.09000"))
    scanner = Scanner(broker, "b" * 32, emitted.append, lambda code, message: None)
    scanner.begin(WELCOME, ())
    for _ in range(10):
        scanner.step(0, WINDOW)
    states = [
        str(report.state) for report in emitted if isinstance(report, OrderReport) and report.ticket == ticket
    ]
    assert states == ["CANCELED"]


class Hasty(Broker):
    """A broker whose orders are cancelled while they are read."""

    def orders(self) -> list[Order]:
        live = super().orders()
        for order in live:
            self.manual_cancel(order.ticket)
        return live


def test_deep_scan_reports_what_was_annulled_behind_the_overlap_and_repeats_nothing_then(rig: Rig) -> None:
    rig.peer.overlap_ms = 1_000
    rig.join()
    rig.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    rig.run(2 * RESCAN_MS)
    opening = tickets(rig)[-1]
    rig.broker.cancel_deal(opening)
    rig.run(2 * RESCAN_MS)
    # It is older than what a rescan reads.
    assert [deal.type for deal in rig.peer.reports_of(DealReport) if deal.ticket == opening] == ["BUY"]
    rig.peer.watermark_server_ms = rig.broker.server_time()
    rig.mono_ms += DEEP_SCAN_MS
    rig.run(2 * RESCAN_MS)
    found = [deal.type for deal in rig.peer.reports_of(DealReport) if deal.ticket == opening]
    assert found == ["BUY", "BUY_CANCELED"]
    rig.peer.forget()
    rig.mono_ms += DEEP_SCAN_MS
    rig.run(2 * RESCAN_MS)
    earliest = min(scan.from_server_ms for scan in rig.peer.reports_of(ScanReport))
    assert earliest <= rig.broker.server_time() - DEEP_MS
    assert rig.peer.reports_of(DealReport) == []


def test_deep_scan_that_the_end_of_a_session_broke_off_comes_in_the_next(rig: Rig) -> None:
    emitted: list[AnyReport] = []
    scanner = Scanner(rig.broker, "0" * 32, emitted.append, lambda code, message: None)

    def scan(mono_ms: int, steps: int = 20) -> list[int]:
        emitted.clear()
        for _ in range(steps):
            scanner.step(mono_ms, WINDOW)
        return [report.from_server_ms for report in emitted if isinstance(report, ScanReport)]

    scanner.begin(WELCOME, ())
    scan(0)
    scan(RESCAN_MS)
    due_ms = RESCAN_MS + DEEP_SCAN_MS
    assert scan(due_ms, steps=1) == []
    scanner.begin(WELCOME, ())
    [full] = scan(due_ms)
    assert full > rig.broker.server_time() - DEEP_MS
    [deep] = scan(due_ms + RESCAN_MS)
    assert deep <= rig.broker.server_time() - DEEP_MS
    [after] = scan(due_ms + 2 * RESCAN_MS)
    assert after > rig.broker.server_time() - DEEP_MS
