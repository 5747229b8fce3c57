"""From the broker's records to reports: everything after a welcome, then whatever is new or changed.

    full scan   after each welcome, from the sidecar's watermark less the overlap: everything is reported
    rescan      every RESCAN_MS, and when the broker is back: what this boot has not reported yet
    look        every LOOK_MS, sooner on a trade transaction: live orders, positions, the last minute of history

A scan of either kind ends with a ScanReport, which moves the watermark. Transactions only make a look come
sooner: MetaTrader guarantees neither their order nor their completeness, so nothing is read from them.
Reports leave in portions, as many as the caller has room for, and a step looks at PORTION records at most, however
long the history is. A scan first walks through what is long past, piece by piece, and then takes the rest in at
one moment.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Final

import msgspec

from bridge.core.link.messages import InstanceId, Welcome
from bridge.core.link.reports import AnyReport, OrderReport, ScanReport, content_hash, report_key
from bridge.simulator.broker.api import BrokerApi, BrokerGone
from bridge.simulator.mt5 import types
from bridge.simulator.terminal.broker_reports import deal_report, order_report, position_report
from bridge.simulator.terminal.search import AHEAD_MS
from bridge.simulator.terminal.walk import HistoryWalk

LOOK_MS: Final = 250
RESCAN_MS: Final = 60_000
LOOK_BACK_MS: Final = 60_000
"""How much history a look compares. What enters history later than that is found by the next rescan."""
MAX_POSITIONS: Final = 2048
"""A ScanReport names no more. A shorter list would say that the others are closed."""
RECENT_MS: Final = 86_400_000
"""How much history at least is read together with positions and live orders."""
PORTION: Final = 500
"""How many records one step compares at most, whether there is anything to say of them or not."""
_TRIES: Final = 3


class Snapshot(msgspec.Struct, frozen=True):
    """The broker's records at one moment, `to_ms` on the server's clock."""

    sight: int
    """Its place among all looks at the broker."""
    to_ms: int
    deals: list[types.Deal]
    orders: list[types.Order]
    live: list[types.Order]
    positions: list[types.Position]

    def reports(self) -> Iterator[AnyReport]:
        """Deals first: each is known before the position that it made, and before the word that the rest of
        its order was cancelled. Each is made when it is asked for: there may be very many."""
        return chain(
            map(deal_report, self.deals),
            map(order_report, self.orders),
            map(order_report, self.live),
            map(position_report, self.positions),
        )


class Scan(msgspec.Struct, kw_only=True):
    """A scan that is under way, and how many records it met so far. Times are server milliseconds."""

    walk: HistoryWalk
    from_ms: int
    recent_ms: int
    """Where the walk ends."""
    everything: bool
    """Also what was said before: the journal may have been restored from a backup."""
    deals: int = 0
    orders: int = 0


class Scanner:
    """Compares the broker's records with what this boot has reported."""

    def __init__(
        self,
        broker: BrokerApi,
        instance_id: InstanceId,
        post: Callable[[AnyReport], None],
        alarm: Callable[[str, str], None],
    ) -> None:
        """`alarm` is told what a person must see: a code and a message."""
        self._broker = broker
        self._instance_id = instance_id
        self._post = post
        self._alarm = alarm
        self._said: dict[str, tuple[str, int]] = {}  # subject: content hash, the last sight of it
        self._sights = 0
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
        self._heard = 0

    def __len__(self) -> int:
        """How many reports are kept in mind."""
        return len(self._said)

    def begin(self, welcome: Welcome, before: Iterable[AnyReport]) -> None:
        """A session began: report `before`, then scan everything. Whatever was under way is dropped."""
        self._welcome = welcome
        self._before = before
        self._pending = iter(())
        self._scan = None

    def hurry(self) -> None:
        """Rescan with the next step: the broker was away, and things went on without us."""
        self._next_scan_ms = self._next_look_ms = 0

    def sight(self, reports: Iterable[AnyReport]) -> None:
        """Report how something stands now, out of turn. What was seen of it earlier is not reported after it."""
        self._sights += 1
        for report in reports:
            self._said[_subject(report)] = (content_hash(report), self._sights)
            self._post(report)

    def step(self, mono_ms: int, room: int) -> None:
        """Report at most `room` reports. Call it only in a session, with the broker connected.

        Raises BrokerTimeout and BrokerGone; the next step then takes it up again.
        """
        for _ in range(PORTION):
            if room <= 0:
                return
            try:
                report = next(self._pending)
            except StopIteration:
                # Reading the broker is enough work for the rest of this call.
                self._read_on(mono_ms)
                return
            if report is not None:
                self._post(report)
                room -= 1

    def _read_on(self, mono_ms: int) -> None:
        if self._scan is None:
            self._start_next(mono_ms)
        if self._scan is not None:
            piece = self._read(self._scan)
            self._pending, self._before = chain(self._before, piece), ()

    def _read(self, scan: Scan) -> Iterator[AnyReport | None]:
        """The next piece of a scan. Where it fails, the next step tries the same one again."""
        if not scan.walk.through:
            self._sights += 1
            deals, orders = scan.walk.read()
            scan.deals += len(deals)
            scan.orders += len(orders)
            past = chain[AnyReport](map(deal_report, deals), map(order_report, orders))
            # No later scan goes back that far, so nothing of it needs to be remembered.
            return self._news(past, self._sights, everything=scan.everything, remember=False)
        snapshot = self._snapshot(scan.recent_ms)
        scan.deals += len(snapshot.deals)
        scan.orders += len(snapshot.orders) + len(snapshot.live)
        self._scan = None
        news = self._news(snapshot.reports(), snapshot.sight, everything=scan.everything)
        return chain(news, self._end(scan, snapshot))

    def _start_next(self, mono_ms: int) -> None:
        if self._welcome is not None:
            welcome = self._welcome
            self._overlap_ms = welcome.overlap_ms
            self._watermark_ms = welcome.watermark_server_ms
            self._start_scan(mono_ms, everything=True)
            self._welcome = None
        elif mono_ms >= self._next_scan_ms:
            self._start_scan(mono_ms, everything=False)
        elif self._emitted() or mono_ms >= self._next_look_ms:
            # Never further back than the scan did: what lies before that is neither news nor in memory.
            since = max(self._from_ms, self._broker.server_time() - LOOK_BACK_MS)
            snapshot = self._snapshot(since)
            self._pending = self._news(snapshot.reports(), snapshot.sight)
            self._next_look_ms = mono_ms + LOOK_MS

    def _start_scan(self, mono_ms: int, *, everything: bool) -> None:
        from_ms = self._scan_from(self._watermark_ms)
        recent_ms = self._broker.server_time() - max(RECENT_MS, 2 * self._overlap_ms)
        recent_ms = max(from_ms, recent_ms)
        walk = HistoryWalk(self._broker, from_ms, recent_ms)
        self._scan = Scan(walk=walk, from_ms=from_ms, recent_ms=recent_ms, everything=everything)
        self._next_scan_ms = mono_ms + RESCAN_MS
        self._next_look_ms = mono_ms + LOOK_MS

    def _scan_from(self, watermark_ms: int) -> int:
        """Server time may have been set back behind the watermark: daylight saving, or another server."""
        return max(0, min(watermark_ms, self._broker.server_time()) - self._overlap_ms)

    def _snapshot(self, from_ms: int) -> Snapshot:
        """The records, with history and positions of one moment."""
        broker = self._broker
        to_ms = broker.server_time()
        until = to_ms + AHEAD_MS
        positions = broker.positions()
        for _ in range(_TRIES):
            # Live orders first: one that is done in between is then in both lists, but never in neither.
            live = broker.orders()
            orders = broker.history_orders(from_ms, until)
            deals = broker.history_deals(from_ms, until)
            before, positions = positions, broker.positions()
            if [(p.identifier, p.volume) for p in before] == [(p.identifier, p.volume) for p in positions]:
                break
        if not broker.connected():
            # What came may be the picture from before the connection went, while server time ran on.
            raise BrokerGone("the broker went away during a scan")
        self._sights += 1
        done = {order.ticket for order in orders}
        return Snapshot(
            sight=self._sights,
            to_ms=to_ms,
            deals=sorted(deals, key=lambda deal: (deal.time_msc, deal.ticket)),
            orders=sorted(orders, key=lambda order: (order.time_done_msc, order.ticket)),
            live=[order for order in live if order.ticket not in done],
            positions=positions,
        )

    def _news(
        self, reports: Iterator[AnyReport], sight: int, *, everything: bool = False, remember: bool = True
    ) -> Iterator[AnyReport | None]:
        """For each record what is to be said of it: what was not said yet, or not with this content."""
        for report in reports:
            subject = _subject(report)
            said, last = self._said.get(subject, ("", 0))
            if last > sight:
                yield None  # it was told since how this stands
                continue
            digest = content_hash(report)
            if remember:
                self._said[subject] = (digest, sight)
            yield report if everything or digest != said else None

    def _end(self, scan: Scan, snapshot: Snapshot) -> Iterator[AnyReport]:
        """The ScanReport, and what follows from it. Runs once everything before it was posted."""
        if len(snapshot.positions) > MAX_POSITIONS:
            self._alarm("POSITIONS", f"more than {MAX_POSITIONS} open positions: the scan cannot be closed")
            return
        self._watermark_ms = snapshot.to_ms
        self._from_ms = scan.from_ms
        # A report that no scan from here on can meet again needs no memory.
        self._said = {subject: said for subject, said in self._said.items() if said[1] >= snapshot.sight}
        self._counter += 1
        yield ScanReport(
            instance_id=self._instance_id,
            counter=self._counter,
            from_server_ms=scan.from_ms,
            to_server_ms=snapshot.to_ms,
            deals=scan.deals,
            orders=scan.orders,
            positions=[position.identifier for position in snapshot.positions],
        )

    def _emitted(self) -> bool:
        """Whether trade transactions came since the last call."""
        news = self._broker.transactions(self._heard)
        if news:
            self._heard = news[-1][0]
        return bool(news)


def _subject(report: AnyReport) -> str:
    """What the report is about. An order's key has its levels in it, and they may return to what they were."""
    return f"order:{report.ticket}" if isinstance(report, OrderReport) else report_key(report)
