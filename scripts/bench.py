"""Speed of the journal's steps and of the link, as ratios to a floor measured in the same run.

    python scripts/bench.py            (inside the project's environment)

The floor of a step is a bare fsync'd SQLite commit of one row; the floor of the link is a bare ZeroMQ round trip
between two pairs of sockets on loopback. Machines differ and are shared: compare the ratios.
"""

import asyncio
import statistics
import tempfile
import threading
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import zmq
from rich.console import Console
from rich.table import Table

from bridge.core.director.contract import OrderType, utc_text
from bridge.core.director.poll import Item, read_batch
from bridge.core.link.messages import (
    PROTOCOL_MAX,
    PROTOCOL_MIN,
    AccountIdentity,
    Command,
    Hello,
    LedgerIdentity,
    Prove,
)
from bridge.core.link.reports import (
    CommandReport,
    CommandStage,
    DealReport,
    NotSentReason,
    ScanReport,
    SymbolReport,
    encode_report,
)
from bridge.core.settings import DirectorSettings, OfficerSettings, Settings
from bridge.core.trade.dispatch import Gate
from bridge.core.units.mt5_terms import DealEntry, MarginMode, TradeMode
from bridge.journal.database.file import connect, create
from bridge.journal.journal import Journal, opened
from bridge.link import Link

ROUNDS = 300
_FIRST_SEQ = 3
"""Sequence number after the reports with which a session begins."""
OFFICER = "eo-001"
SETTINGS = Settings(
    director=DirectorSettings(url="http://127.0.0.1:1", api_key_env="NONE"),
    officers=[OfficerSettings(id=OFFICER)],
)


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        commit = _bare_commit(Path(folder) / "floor.db")
        path = Path(folder) / "journal.db"
        create(path)
        with opened(path, SETTINGS) as journal:
            steps = _steps(journal)
    trip, link_trip = _bare_trip(), _link_trip()
    table = Table("what", "median", "p99", "ratio to its floor", title=f"{ROUNDS} rounds each")
    _row(table, "floor: bare fsync'd commit", commit, commit)
    for name, times in steps.items():
        _row(table, name, times, commit)
    _row(table, "floor: bare ZeroMQ round trip", trip, trip)
    _row(table, "link: receive, answer", link_trip, trip)
    console = Console()
    console.print(table)
    console.print(f"memory of splitting a 1 MiB poll: {_batch_memory() / 1e6:.1f} MB at its peak")


def _row(table: Table, name: str, times: list[float], floor: list[float]) -> None:
    median = statistics.median(times)
    p99 = statistics.quantiles(times, n=100)[98]
    ratio = median / statistics.median(floor)
    table.add_row(name, f"{median * 1e3:.3f} ms", f"{p99 * 1e3:.3f} ms", f"{ratio:.1f}")


def _time(work: Callable[[int], object], before: Callable[[int], object] = lambda _: None) -> list[float]:
    """Return the seconds of each round of `work`. The call `before` a round is not measured."""
    times = []
    for number in range(ROUNDS):
        before(number)
        start = time.perf_counter()
        work(number)
        times.append(time.perf_counter() - start)
    return times


def _bare_commit(path: Path) -> list[float]:
    path.touch()
    with closing(connect(path)) as connection:
        connection.execute("CREATE TABLE t (n INTEGER, text TEXT)")

        def commit(number: int) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES (?, ?)", (number, "x" * 500))
            connection.execute("COMMIT")

        return _time(commit)


def _steps(journal: Journal) -> dict[str, list[float]]:
    now = datetime.now(UTC)
    epoch = _bind(journal, now)
    gate = Gate(
        epoch=epoch, instance_id="0" * 32, ready=True, alive=True, broker_connected=True, trade_allowed=True
    )
    replay = [_item(0, now)]
    seq = iter(range(_FIRST_SEQ, 10 * ROUNDS))
    sent: list[Command] = []

    def dispatch(_: int) -> None:
        sent.extend(journal.advance(OFFICER, gate, now).commands)

    def refuse(_: int = 0) -> None:
        """Report the sent commands as not sent: the number with a terminal at the same time is limited."""
        for command in sent:
            journal.apply_reports(OFFICER, epoch, [(next(seq), _not_sent(command))], now)
        sent.clear()

    def order(number: int) -> None:
        refuse()
        journal.intake(OFFICER, [_item(ROUNDS + number, now)], now)

    intake = _time(lambda n: journal.intake(OFFICER, [_item(n, now)], now))
    known = _time(lambda n: journal.intake(OFFICER, replay, now))
    dispatch(0)
    while sent:  # commands that the first rounds left
        refuse()
        dispatch(0)
    dispatched = _time(dispatch, before=order)
    if len(sent) != 1:
        raise RuntimeError(f"a round dispatched {len(sent)} commands, not 1: nothing was measured")
    refuse()
    return {
        "intake of one directive": intake,
        "intake of one known directive": known,
        "plan and dispatch one open": dispatched,
        "one deal that is not ours": _time(
            lambda n: journal.apply_reports(OFFICER, epoch, [(next(seq), _deal(n))], now)
        ),
        "the same deal again": _time(
            lambda n: journal.apply_reports(OFFICER, epoch, [(next(seq), _deal(n))], now)
        ),
        "one event delivered": _time(lambda n: journal.set_delivered(journal.due(1, ())[0], "evt", now)),
    }


def _bind(journal: Journal, now: datetime) -> int:
    hello = Hello(
        min_version=PROTOCOL_MIN,
        max_version=PROTOCOL_MAX,
        officer=OFFICER,
        instance_id="0" * 32,
        nonce="0" * 64,
    )
    prove = Prove(
        proof="0" * 64,
        account=AccountIdentity(
            login=1,
            server="Bench",
            margin_mode=MarginMode.RETAIL_HEDGING,
            trade_mode=TradeMode.DEMO,
            currency="USD",
        ),
        ledger=LedgerIdentity(id="0" * 32, mark=0),
        program="bench",
        server_ms=int(now.timestamp() * 1000),
    )
    opening = journal.open_epoch(OFFICER, hello, prove, now)
    epoch = getattr(opening, "epoch", 0)
    scan = ScanReport(
        instance_id="0" * 32, counter=1, from_server_ms=0, to_server_ms=1, deals=0, orders=0, positions=[]
    )
    terms = SymbolReport(
        asked="EURUSD",
        name="EURUSD",
        digits=5,
        point=Decimal("0.00001"),
        volume_min=Decimal("0.01"),
        volume_max=Decimal(100),
        volume_step=Decimal("0.01"),
        order_types=[OrderType.MARKET],
    )
    journal.apply_reports(OFFICER, epoch, [(1, encode_report(scan)), (2, encode_report(terms))], now)
    return int(epoch)


def _not_sent(command: Command) -> bytes:
    return encode_report(
        CommandReport(
            client_order_id=command.order.client_order_id,
            attempt=command.attempt,
            stage=CommandStage.NOT_SENT,
            reason=NotSentReason.CHECK,
        )
    )


def _item(number: int, now: datetime) -> Item:
    later = utc_text(now + timedelta(hours=1))
    body = (
        f'{{"directives":[{{"directive_id":"d{number}","symbol":"EURUSD","action":"OPEN_LONG","order_type":'
        f'"MARKET","quantity":0.01,"issued_at":"{utc_text(now)}","expires_at":"{later}"}}]}}'
    )
    return read_batch(body)[0]


def _deal(number: int) -> bytes:
    return encode_report(
        DealReport(
            ticket=number + 1,
            order=number + 1,
            position_id=number + 1,
            symbol="EURUSD",
            type="BUY",
            entry=DealEntry.IN,
            reason="CLIENT",
            magic=0,
            volume=Decimal("0.01"),
            price=Decimal("1.09510"),
            commission=Decimal(0),
            swap=Decimal(0),
            profit=Decimal(0),
            fee=Decimal(0),
            time_server_ms=1,
        )
    )


def _bare_trip() -> list[float]:
    with zmq.Context() as context, context.socket(zmq.REP) as server, context.socket(zmq.REQ) as client:
        port = server.bind_to_random_port("tcp://127.0.0.1")
        client.connect(f"tcp://127.0.0.1:{port}")

        def answer() -> None:
            for _ in range(ROUNDS):
                server.send(server.recv())

        thread = threading.Thread(target=answer)
        thread.start()

        def ask(_: int) -> None:
            client.send(b"x" * 200)
            client.recv()

        times = _time(ask)
        thread.join()
    return times


def _link_trip() -> list[float]:
    async def measure() -> list[float]:
        link = Link("tcp://127.0.0.1:*")
        times: list[float] = []

        def ask() -> None:
            with zmq.Context() as context, context.socket(zmq.DEALER) as client:
                client.connect(link.endpoint)

                def trip(_: int) -> None:
                    client.send(b"x" * 200)
                    client.recv()

                times.extend(_time(trip))

        asking = asyncio.create_task(asyncio.to_thread(ask))
        answered = 0
        while answered < ROUNDS:
            for peer, frame in await link.receive():
                link.send(peer, frame)
                answered += 1
        await asking
        link.close()
        return times

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(measure())


def _batch_memory() -> int:
    item = '{"directive_id":"d","symbol":"EURUSD","quantity":0.01}'
    body = '{"directives":[' + ",".join([item] * (2**20 // len(item))) + "]}"
    tracemalloc.start()
    read_batch(body)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


if __name__ == "__main__":
    main()
