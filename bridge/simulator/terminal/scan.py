"""The broker's records as reports: everything after a welcome, then whatever is new or changed.

    full scan    after each welcome, from the sidecar's watermark less the overlap: everything is reported
    rescan       every RESCAN_MS, and when the broker is connected again: what this instance has not reported yet
    deep scan    a rescan of DEEP_MS of history, every DEEP_SCAN_MS: a broker may annul a deal, or
                 book its costs, days later
    change scan  CHANGE_SCAN_MS after a look met a change, or when the sidecar asks: the same, with the history
                 since the last scan
    look         when the broker's records have changed, LOOK_MS after the last look or sooner after a trade
                 transaction: live orders, positions, the last minute of history

A scan of each kind ends with a ScanReport, which moves the watermark. Transactions only make a look come sooner:
MetaTrader guarantees neither their order nor their completeness, so nothing is read from them. Work per call is
bounded however long the history is: reports leave as many at a time as the outbox has room for, a step compares at
most PORTION records, and a scan first walks through the older history piece by piece, then reads the rest at one
moment.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

import msgspec

from bridge.core.link.messages import InstanceId, Welcome
from bridge.core.link.report_identity import content_hash, report_key
from bridge.core.link.reports import AnyReport, OrderReport, ScanReport
from bridge.simulator.broker.api import BrokerApi, BrokerGone
from bridge.simulator.mt5.types import Deal, Order, Position
from bridge.simulator.terminal.broker_reports import deal_report, order_report, position_report
from bridge.simulator.terminal.search import AHEAD_MS

LOOK_MS: Final = 250
RESCAN_MS: Final = 60_000
DEEP_SCAN_MS: Final = 3_600_000
DEEP_MS: Final = 7 * 86_400_000
CHANGE_SCAN_MS: Final = 1_000
"""Time between a change and the change scan, which the deals and further changes have to arrive in; also the least
time between a scan and a later change scan."""
LOOK_BACK_MS: Final = 60_000
"""History that a look compares. A record that appears further back is found by the next rescan."""
MAX_POSITIONS: Final = 2048
"""Most positions of a ScanReport. A shorter list would say that the others are closed."""
MAX_LIVE_ORDERS: Final = 1000
"""Most live orders of a ScanReport: more, with the positions, might not fit into one message."""
RECENT_MS: Final = 86_400_000
"""Least history that is read together with positions and live orders."""
PORTION: Final = 500
"""Most records that one step compares, and the aim for a piece of the walk."""
FIRST_PIECE_MS: Final = 86_400_000
MAX_PIECE_MS: Final = 30 * FIRST_PIECE_MS
READS: Final = 64
"""Most empty pieces that one step of the walk reads."""
_EARLY_MS: Final = 946_684_800_000
"""The year 2000. No MetaTrader 5 account is older, so everything before it is one piece."""
_TRIES: Final = 3


class HistoryWalk:
    """The history within [from_ms, to_ms), in server milliseconds, oldest first, a bounded piece at a time.

    A piece covers more time after sparse pieces and less after dense ones, MAX_PIECE_MS at most: how much it holds
    is known only after it was read.
    """

    def __init__(self, broker: BrokerApi, from_ms: int, to_ms: int) -> None:
        self._broker = broker
        self._next_ms = from_ms
        self._to_ms = to_ms
        self._piece_ms = FIRST_PIECE_MS

    @property
    def done(self) -> bool:
        """True once everything was read."""
        return self._next_ms >= self._to_ms

    def read(self) -> tuple[list[Deal], list[Order]]:
        """Return deals and done orders of the next piece, each oldest first; nothing after READS empty pieces.

        Raises BrokerTimeout and BrokerGone; the next call then reads the same piece.
        """
        for _ in range(READS):
            end_ms = min(max(self._next_ms + self._piece_ms, _EARLY_MS), self._to_ms)
            orders = self._broker.history_orders(self._next_ms, end_ms - 1)
            deals = self._broker.history_deals(self._next_ms, end_ms - 1)
            if not self._broker.connected():
                raise BrokerGone("the broker disconnected during a scan")
            self._next_ms = end_ms
            found = len(deals) + len(orders)
            next_ms = self._piece_ms * 2 if found * 2 < PORTION else self._piece_ms * PORTION // found
            self._piece_ms = max(1_000, min(next_ms, MAX_PIECE_MS))
            if found or self.done:
                return sorted(deals, key=_deal_time), sorted(orders, key=_order_time)
        return [], []


class Snapshot(msgspec.Struct, frozen=True):
    """The broker's records at one moment, `to_ms` on the server's clock."""

    number: int
    """Number of this look at the broker among all of them."""
    to_ms: int
    deals: list[Deal]
    orders: list[Order]
    live: list[Order]
    positions: list[Position]

    def reports(self) -> Iterator[AnyReport]:
        """Yield deals first: each is reported before the position that it made, and before the cancellation of the
        rest of its order. Each report is made when it is asked for: there may be very many."""
        return chain(
            map(deal_report, self.deals),
            map(order_report, self.orders),
            map(order_report, self.live),
            map(position_report, self.positions),
        )


class Scan(msgspec.Struct, kw_only=True):
    """A scan that is under way, and the number of records that it met so far. Times are server milliseconds."""

    walk: HistoryWalk
    from_ms: int
    recent_ms: int
    """End of the walk."""
    everything: bool
    """Report also what was reported before: the journal may have been restored from a backup."""
    deep: bool = False
    first_look: int = 0
    whole: bool = True
    """False for a change scan: records that it does not meet are kept in memory."""
    deals: int = 0
    orders: int = 0


class Scanner:
    """Compares the broker's records with what this instance has reported."""

    def __init__(
        self,
        broker: BrokerApi,
        instance_id: InstanceId,
        post: Callable[[AnyReport], None],
        alarm: Callable[[str, str], None],
    ) -> None:
        """`alarm` receives a code and a message for an operator."""
        self._broker = broker
        self._instance_id = instance_id
        self._post = post
        self._alarm = alarm
        self._reported: dict[str, tuple[str, int]] = {}  # by subject: content hash, number of the last look
        self._looks = 0
        self._pending: Iterator[AnyReport | None] = iter(())
        self._scan: Scan | None = None
        self._welcome: Welcome | None = None
        self._before: Iterable[AnyReport] = ()
        self._counter = 0
        self._watermark_ms = 0
        self._overlap_ms = 0
        self._from_ms = 0
        self._next_look_ms = 0
        self._next_scan_ms = 0
        self._next_deep_ms: int | None = None
        self._deep = False  # a deep scan is under way
        self._deep_look = 0  # first look of the last deep scan; 0: none yet
        self._noted: tuple[int, int] | None = None  # last transaction, number of changes at the broker
        self._looked: tuple[int, int] | None = None  # the same at the last look
        self._at_rest = False  # nothing is under way
        self._listed: tuple[set[int], set[int]] = (
            set(),
            set(),
        )  # open positions and live orders of the last scan
        self._changed = False  # something was reported since then, or the lists are others
        self._requested = False  # the sidecar has asked for a scan
        self._scanned_ms = 0  # start of the last scan
        self._change_due_ms: int | None = None

    def __len__(self) -> int:
        """Number of records in memory."""
        return len(self._reported)

    def begin(self, welcome: Welcome, before: Iterable[AnyReport]) -> None:
        """Begin a session: report `before`, then scan everything. A scan under way is dropped."""
        self._welcome = welcome
        self._before = before
        self._pending = iter(())
        self._scan = None
        if self._deep:
            # The end of the last session broke it off: it is due again.
            self._next_deep_ms = 0

    def scan_soon(self) -> None:
        """Scan with one of the next steps: the sidecar asks for it."""
        self._requested = True

    def rescan_now(self) -> None:
        """Rescan with the next step: the broker was disconnected meanwhile."""
        self._next_scan_ms = self._next_look_ms = 0
        self._looked = None

    def note(self, transaction: int, changes: int) -> None:
        """Note the last trade transaction and the number of changes at the broker. Without this every look is made,
        none sooner."""
        self._noted = transaction, changes

    def due_ms(self, mono_ms: int) -> int:
        """Return the time of the next step, if nothing changes at the broker before."""
        if not self._at_rest:
            return mono_ms
        due = [self._next_scan_ms]
        if self._requested:
            due.append(self._scanned_ms + CHANGE_SCAN_MS)
        elif self._changed:
            due.append(mono_ms if self._change_due_ms is None else self._change_due_ms)
        if self._noted != self._looked:
            due.append(self._next_look_ms)
        return min(due)

    def report_now(self, reports: Iterable[AnyReport]) -> None:
        """Report the present state of records at once. An older state of them is not reported afterwards."""
        self._looks += 1
        for report in reports:
            self._reported[_subject(report)] = (content_hash(report), self._looks)
            self._post(report)
            self._changed = True

    def step(self, mono_ms: int, room: int) -> None:
        """Post at most `room` reports. Call it only in a session, with the broker connected.

        Raises BrokerTimeout and BrokerGone; the next step then continues.
        """
        self._at_rest = False
        for _ in range(PORTION):
            if room <= 0:
                return
            try:
                report = next(self._pending)
            except StopIteration:
                self._read_on(mono_ms)  # reading the broker is enough work for the rest of this call
                return
            if report is not None:
                self._post(report)
                room -= 1

    def _read_on(self, mono_ms: int) -> None:
        if self._scan is None:
            self._at_rest = not self._start_next(mono_ms)
        if self._scan is not None:
            piece = self._read(self._scan)
            self._pending, self._before = chain(self._before, piece), ()

    def _read(self, scan: Scan) -> Iterator[AnyReport | None]:
        """Return the next piece of a scan. After a failure the next step reads the same one again."""
        if not scan.walk.done:
            self._looks += 1
            deals, orders = scan.walk.read()
            scan.deals += len(deals)
            scan.orders += len(orders)
            past = chain[AnyReport](map(deal_report, deals), map(order_report, orders))
            # No later scan but a deep one goes back that far, so none of it needs memory.
            return self._news(past, self._looks, everything=scan.everything, remember=scan.deep)
        snapshot = self._snapshot(scan.recent_ms)
        self._listed = _listed(snapshot)
        self._changed = False
        scan.deals += len(snapshot.deals)
        scan.orders += len(snapshot.orders) + len(snapshot.live)
        self._scan = None
        news = self._news(snapshot.reports(), snapshot.number, everything=scan.everything)
        return chain(news, self._end(scan, snapshot))

    def _start_next(self, mono_ms: int) -> bool:
        """Start the scan or look that is due. Return False where none is."""
        if self._welcome is not None:
            self._overlap_ms = self._welcome.overlap_ms
            self._watermark_ms = self._welcome.watermark_server_ms
            self._start_scan(mono_ms, everything=True)
            self._welcome = None
        elif mono_ms >= self._next_scan_ms:
            self._start_scan(mono_ms, everything=False)
        elif self._change_scan_due(mono_ms):
            # A minute before the last scan's end, as a look: what enters the history later is a rescan's.
            now_ms = self._broker.server_time()
            from_ms = max(self._from_ms, min(self._watermark_ms, now_ms) - LOOK_BACK_MS)
            walk = HistoryWalk(self._broker, from_ms, from_ms)
            self._scan = Scan(walk=walk, from_ms=from_ms, recent_ms=from_ms, everything=False, whole=False)
            self._note_start(mono_ms)
        elif self._look_due(mono_ms):
            # Not further back than the last scan: older records are neither news nor in memory.
            snapshot = self._snapshot(max(self._from_ms, self._broker.server_time() - LOOK_BACK_MS))
            self._pending = self._noting(self._news(snapshot.reports(), snapshot.number))
            self._changed = self._changed or _listed(snapshot) != self._listed
            self._next_look_ms = mono_ms + LOOK_MS
        else:
            return False
        return True

    def _look_due(self, mono_ms: int) -> bool:
        """Return True where something has changed since the last look, and it is time or a transaction came."""
        if self._noted is not None and self._noted == self._looked:
            return False
        came = self._noted is not None and self._looked is not None and self._noted[0] != self._looked[0]
        return came or mono_ms >= self._next_look_ms

    def _change_scan_due(self, mono_ms: int) -> bool:
        """Return True where something has changed since the last scan, or the sidecar asks, and it is time."""
        if self._change_due_ms is None and self._changed:
            self._change_due_ms = mono_ms + CHANGE_SCAN_MS
        if self._requested:
            return mono_ms >= self._scanned_ms + CHANGE_SCAN_MS
        return self._change_due_ms is not None and mono_ms >= self._change_due_ms

    def _noting(self, news: Iterator[AnyReport | None]) -> Iterator[AnyReport | None]:
        """Yield the same, and note that something is reported."""
        for report in news:
            self._changed = self._changed or report is not None
            yield report

    def _note_start(self, mono_ms: int) -> None:
        self._scanned_ms = mono_ms
        self._next_look_ms = mono_ms + LOOK_MS
        self._change_due_ms = None
        self._requested = False

    def _start_scan(self, mono_ms: int, *, everything: bool) -> None:
        now_ms = self._broker.server_time()
        # Server time may have been set back behind the watermark: daylight saving, or another server.
        from_ms = max(0, min(self._watermark_ms, now_ms) - self._overlap_ms)
        deep = not everything and self._is_deep_due(mono_ms)
        self._deep = deep
        if deep:
            self._next_deep_ms = mono_ms + DEEP_SCAN_MS
            from_ms = max(0, min(from_ms, now_ms - DEEP_MS))
        recent_ms = max(from_ms, now_ms - max(RECENT_MS, 2 * self._overlap_ms))
        self._scan = Scan(
            walk=HistoryWalk(self._broker, from_ms, recent_ms),
            from_ms=from_ms,
            recent_ms=recent_ms,
            everything=everything,
            deep=deep,
            first_look=self._looks + 1,
        )
        self._next_scan_ms = mono_ms + RESCAN_MS
        self._note_start(mono_ms)

    def _is_deep_due(self, mono_ms: int) -> bool:
        if self._next_deep_ms is None:
            self._next_deep_ms = mono_ms + DEEP_SCAN_MS
        return mono_ms >= self._next_deep_ms

    def _snapshot(self, from_ms: int) -> Snapshot:
        """Return the records, with history and positions of one moment."""
        broker, noted = self._broker, self._noted
        to_ms = broker.server_time()
        until = to_ms + AHEAD_MS
        positions = broker.positions()
        for _ in range(_TRIES):
            # Live orders first: one that is done between the calls is then in both lists, but never in neither.
            live = broker.orders()
            orders = broker.history_orders(from_ms, until)
            deals = broker.history_deals(from_ms, until)
            before, positions = positions, broker.positions()
            if [(p.identifier, p.volume) for p in before] == [(p.identifier, p.volume) for p in positions]:
                break
        if not broker.connected():
            # These may be the records from before the disconnection, while server time went on.
            raise BrokerGone("the broker disconnected during a scan")
        self._looks += 1
        self._looked = noted
        done = {order.ticket for order in orders}
        return Snapshot(
            number=self._looks,
            to_ms=to_ms,
            deals=sorted(deals, key=_deal_time),
            orders=sorted(orders, key=_order_time),
            live=[order for order in live if order.ticket not in done],
            positions=positions,
        )

    def _news(
        self, reports: Iterator[AnyReport], number: int, *, everything: bool = False, remember: bool = True
    ) -> Iterator[AnyReport | None]:
        """Yield for each record its report where it was not reported yet, or with other content; None otherwise."""
        for report in reports:
            subject = _subject(report)
            digest, last = self._reported.get(subject, ("", 0))
            if last > number:
                yield None  # a later state was reported meanwhile
                continue
            present = content_hash(report)
            if remember:
                self._reported[subject] = (present, number)
            yield report if everything or present != digest else None

    def _end(self, scan: Scan, snapshot: Snapshot) -> Iterator[AnyReport]:
        """Yield the ScanReport, and move the watermark. Runs once everything before it was posted."""
        if len(snapshot.positions) > MAX_POSITIONS:
            if scan.whole:
                message = f"more than {MAX_POSITIONS} open positions: the scan cannot be closed"
                self._alarm("POSITIONS", message)
            return
        self._watermark_ms = snapshot.to_ms
        if scan.whole:
            self._from_ms = scan.from_ms
            if scan.deep:
                self._deep, self._deep_look = False, scan.first_look
            # A record that no later scan can meet needs no memory: those of the last deep scan meet the next.
            first = self._deep_look or snapshot.number
            self._reported = {
                subject: known for subject, known in self._reported.items() if known[1] >= first
            }
        self._counter += 1
        live = [order.ticket for order in snapshot.live]
        yield ScanReport(
            instance_id=self._instance_id,
            counter=self._counter,
            from_server_ms=scan.from_ms,
            to_server_ms=snapshot.to_ms,
            deals=scan.deals,
            orders=scan.orders,
            positions=[position.identifier for position in snapshot.positions],
            live_orders=live if len(live) <= MAX_LIVE_ORDERS else None,
        )


def _listed(snapshot: Snapshot) -> tuple[set[int], set[int]]:
    """Return the identifiers of the open positions and the tickets of the live orders."""
    return {each.identifier for each in snapshot.positions}, {each.ticket for each in snapshot.live}


def _subject(report: AnyReport) -> str:
    """Return the identity of the record. An order's key holds its levels, and they may return to earlier values."""
    return f"order:{report.ticket}" if isinstance(report, OrderReport) else report_key(report)


def _deal_time(deal: Deal) -> tuple[int, int]:
    return deal.time_msc, deal.ticket


def _order_time(order: Order) -> tuple[int, int]:
    return order.time_done_msc, order.ticket
