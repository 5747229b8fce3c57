"""At most once: random sequences of commands, crashes and faults send no client order id twice."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from bridge.core.link.messages import Bye, CommandKind, Order, encode
from bridge.core.link.reports import CommandReport, CommandStage
from bridge.core.trade.retcodes import Verdict, verdict
from bridge.core.units.mt5_terms import Side
from bridge.simulator.broker.api import SendRecord
from bridge.simulator.broker.fault_rules import Effect, LoseAnswer, Reject, Rule
from bridge.simulator.mt5.types import Retcode, TradeAction, TradeRequest
from tests.mql5.host.binding.driver import ExpertCrashed
from tests.mql5.host.binding.host import Crash
from tests.native.bench import Bench
from tests.native.requests import change, pending
from tests.sidecar_peer import open_order

CALLS = ["OrderCheck", "OrderSend", "FileWriteArray", "FileFlush", "SocketSend"]
FAULTS: list[Effect] = [LoseAnswer(retcode=None), LoseAnswer(retcode=10031), Reject(retcode=10018)]

POSITION = 11
WAITING = (12, 13, 14)
"""Objects that exist before the first command: client order ids of a position and of pending orders."""

CLIENT_ORDER_IDS = range(1, 10)
TROUBLES = ["status_request", "replay", "run", "restart", "reinit", "cut", "link", "broker", "fault"]
Action = tuple[str, int, int]


def actions(dice: random.Random) -> list[Action]:
    """Strategy of events. Most are commands: an event without a command shows nothing."""
    return [_action(dice) for _ in range(30)]


def _action(dice: random.Random) -> Action:
    what = dice.choice(["command"] * 5 + ["crash"] * 2 + [dice.choice(TROUBLES)] * 3)
    match what:
        case "command" | "status_request":
            return what, dice.choice(CLIENT_ORDER_IDS), dice.randint(1, 3)
        case "crash":
            return what, dice.choice([0, 2, 3, 4] + [1] * 6), dice.randrange(2)
        case "run":
            return what, dice.choice([20, 40, 300, 4_000]), 0
        case "reinit":
            return what, dice.choice([3, 5]), 0
    return what, dice.randrange(30), 0


class Driver:
    """EA with faults of the link, the broker and the terminal."""

    def __init__(self, library: Path, folder: Path) -> None:
        self.bench = Bench(library, folder)
        self.bench.start()
        self.bench.join()
        self.lost_epoch = 0
        """Epoch of the last session that ended."""
        self.frames: list[bytes] = []
        self.orders = {order.client_order_id: order for order in self._orders()}
        """Order of every command. No two make the same request to the broker, so a send identifies its command."""

    def _orders(self) -> Iterator[Order]:
        bench = self.bench
        bench.send_frame(bench.peer.command(open_order(POSITION)))
        for client_order_id in WAITING:
            bench.send_frame(
                bench.peer.command(replace(pending("LIMIT", "1.09000"), client_order_id=client_order_id))
            )
        bench.run(200)
        (position,) = (present.identifier for present in bench.broker.positions())
        tickets = {order.magic: order.ticket for order in bench.broker.orders()}
        yield from (open_order(1), open_order(2))
        close = open_order(3, kind=CommandKind.CLOSE, side=Side.SELL, position=position, volume="0.04")
        yield replace(close, opener=POSITION)
        for client_order_id, level in ((4, "1.08100"), (5, "1.08200")):
            yield change("MODIFY", client_order_id=client_order_id, position=position, stops=(level, None))
        moved, *cancelled = WAITING
        for client_order_id, price in ((6, "1.09100"), (7, "1.09200")):
            yield change(
                "MODIFY", client_order_id=client_order_id, order=tickets[moved], opener=moved, price=price
            )
        for client_order_id, opener in zip((8, 9), cancelled, strict=True):
            yield change("CANCEL", client_order_id=client_order_id, order=tickets[opener], opener=opener)

    @property
    def up(self) -> bool:
        """True while a session is established."""
        bench = self.bench
        standing = bool(bench.pipes) and not bench.pipes[-1].closed_by_expert
        return standing and bench.linked and bench.peer.epoch > self.lost_epoch

    def restart(self) -> None:
        """Kill the terminal as by kill -9 and start it again."""
        self.lost_epoch = self.bench.peer.epoch
        self.bench.restart()

    def act(self, what: str, first: int, second: int) -> None:
        bench = self.bench
        match what:
            case "command":
                self.command(self.orders[first], second)
            case "status_request" if self.up:
                bench.send_frame(bench.peer.status_request(self.orders[first], attempt=second))
            case "replay" if self.frames and self.up:
                bench.send_frame(self.frames[first % len(self.frames)])
            case "run":
                bench.run(first)
            case "crash":
                self.crash_at(CALLS[first], behind=bool(second))
            case "restart":
                self.restart()
            case "reinit":
                self.lost_epoch = bench.peer.epoch
                bench.stepped.terminal.reinit(first)
                bench.carry()
            case "cut" if self.up:
                self.lost_epoch = bench.peer.epoch
                bench.send_frame(encode(Bye(epoch=bench.peer.epoch, reason="test")))
            case "link":
                bench.linked = not bench.linked
            case "broker":
                (bench.broker.disconnect if bench.broker.connected() else bench.broker.connect)()
            case "fault":
                bench.broker.add_rule(Rule(effect=FAULTS[first % len(FAULTS)]))

    def command(self, order: Order, attempt: int) -> None:
        """Send a command as soon as a session is established.

        The next timer event executes it, together with messages sent before that.
        """
        for _ in range(30):
            if self.up:
                break
            self.bench.run(200)
        if self.up:
            self.frames.append(self.bench.peer.command(order, attempt=attempt))
            self.bench.send_frame(self.frames[-1])
            self.bench.run(20 * (attempt - 1))

    def crash_at(self, call: str, *, behind: bool) -> None:
        """Kill the terminal at the next such call."""
        host = self.bench.stepped.terminal.host

        def crash(name: str, arguments: object) -> None:
            if name == call:
                raise Crash

        host.before, host.behind = (None, crash) if behind else (crash, None)

    def finish(self) -> None:
        """Remove all faults, wait, and request the status of every client order id."""
        bench = self.bench
        bench.linked = True
        bench.broker.connect()
        bench.restart()
        bench.join(120_000)
        bench.peer.forget()
        for order in self.orders.values():
            bench.send_frame(bench.peer.status_request(order, attempt=3))
        bench.run(1_500)

    def sends(self, order: Order) -> list[SendRecord]:
        """Return the broker's requests of a command."""
        return [record for record in self.bench.broker.sends() if _asks(record.request, order)]


@pytest.mark.parametrize("seed", range(24))
def test_client_order_id_is_sent_at_most_once(expert: Path, tmp_path: Path, seed: int) -> None:
    driver = Driver(expert, tmp_path)
    bench = driver.bench
    taken = actions(random.Random(seed))  # noqa: S311 - random choices of a test
    try:
        for number, (what, first, second) in enumerate(taken):
            try:
                driver.act(what, first, second)
            except ExpertCrashed:
                driver.restart()
            sends = {
                client_order_id: len(driver.sends(order)) for client_order_id, order in driver.orders.items()
            }
            assert max(sends.values()) <= 1, taken[: number + 1]
        for client_order_id in driver.orders:
            _check_story(driver.bench, client_order_id)
        driver.finish()
        numbers = [seq for epoch, seq in bench.peer.sequence if epoch == bench.peer.epoch]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        for order in driver.orders.values():
            _check_answer(driver, order)
    finally:
        bench.close()


def _asks(request: TradeRequest, order: Order) -> bool:
    """Return True where the request belongs to the command. Changes have their target's magic, or none."""
    match order.kind:
        case CommandKind.CANCEL:
            return request.action is TradeAction.REMOVE and request.order == order.order
        case CommandKind.MODIFY if order.position:
            return request.action is TradeAction.SLTP and request.sl == order.stop_loss
        case CommandKind.MODIFY:
            return request.action is TradeAction.MODIFY and request.price == order.price
    return request.action is TradeAction.DEAL and request.magic == order.client_order_id


def _check_story(bench: Bench, client_order_id: int) -> None:
    """Check the reports: no `not_sent` after `submitted`; unacknowledged reports are repeated in order."""
    reports = [
        report for report in bench.peer.reports_of(CommandReport) if report.client_order_id == client_order_id
    ]
    at = next((i for i, report in enumerate(reports) if report.stage is CommandStage.SUBMITTED), len(reports))
    later = [report for report in reports[at:] if report.stage is CommandStage.NOT_SENT]
    assert all(report in reports[:at] for report in later), later


def _check_answer(driver: Driver, order: Order) -> None:
    """Check that the status reply agrees with the broker's record of sends."""
    reports = [
        report
        for report in driver.bench.peer.reports_of(CommandReport)
        if report.client_order_id == order.client_order_id
    ]
    stages = {report.stage for report in reports}
    results = {report.retcode for report in reports if report.stage is CommandStage.RESULT}
    if sends := driver.sends(order):
        assert CommandStage.NOT_SENT not in stages
        assert CommandStage.SUBMITTED in stages
        # None: the answer never arrived, and the terminal reports the same.
        assert results <= {record.retcode or Retcode.TIMEOUT for record in sends}
    elif CommandStage.SUBMITTED in stages:
        assert CommandStage.STATUS_REPLY in stages or CommandStage.RESULT in stages
    else:
        assert stages == {CommandStage.NOT_SENT}
    if CommandStage.SUBMITTED in stages and order.kind.changes:
        # The state of a target does not show who changed it: only a refusal is conclusive.
        refused = any(verdict(retcode) is Verdict.REFUSED for retcode in results)
        assert (CommandStage.STATUS_REPLY in stages) is not refused
