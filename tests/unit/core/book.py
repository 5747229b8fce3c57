"""Journal in memory: the caller of the functions that apply reports, and no more."""

from collections.abc import Iterable
from decimal import Decimal

from bridge.core.link.report_identity import content_hash, report_key
from bridge.core.link.reports import (
    AnyReport,
    CommandReport,
    ConnectionReport,
    DealReport,
    OrderReport,
    PositionReport,
    TroubleReport,
)
from bridge.core.trade.apply_deals import apply_deal
from bridge.core.trade.apply_positions import apply_position
from bridge.core.trade.apply_reports import (
    Scene,
    apply_command,
    apply_connection,
    apply_order,
    apply_trouble,
)
from bridge.core.trade.events import event_key
from bridge.core.trade.position_book import PositionBook
from bridge.core.trade.records import (
    Allocation,
    CommandRecord,
    Disposition,
    NewEvent,
    Outcome,
    PositionRecord,
)
from bridge.core.trade.revise_deals import revise_deal
from bridge.core.units.decimals import ZERO
from bridge.core.units.mt5_terms import DealEntry
from tests.unit.core.samples import SCENE


class Book:
    """Commands, positions, deals and events. The same report again is left out; parked deals are tried again."""

    def __init__(self, *commands: CommandRecord, scene: Scene = SCENE, netting: bool = False) -> None:
        self.commands = {command.client_order_id: command for command in commands}
        self.parts: dict[tuple[int, int], PositionRecord] = {}
        """By identifier and client order id of the opener, in the order in which they began."""
        self.parked: list[DealReport] = []
        self.quarantined: list[str] = []
        self.held: list[str] = []
        self.halted: list[str] = []
        self.events: list[NewEvent] = []
        """Each event once, by its key, in the order of their making."""
        self._scene = scene
        self._netting = netting
        self._reports: dict[str, str] = {}
        self._orders: dict[int, OrderReport] = {}
        self._deals: dict[int, DealReport] = {}
        """Those that count, by ticket."""
        self._fills: dict[int, int] = {}
        """By deal: the command that it filled."""
        self._allocations: dict[int, tuple[Allocation, ...]] = {}
        """By deal."""
        self._position: dict[int, int] = {}
        """By deal: the position that its shares are of."""
        self._keys: set[str] = set()

    def take(self, reports: Iterable[AnyReport]) -> "Book":
        for report in reports:
            key, digest = report_key(report), content_hash(report)
            if self._reports.get(key) == digest:
                continue
            self._reports[key] = digest
            self._apply(report)
        return self

    def complete(self) -> "Book":
        """Every earlier deal is known by now: what still waits is what was put on before our time."""
        waiting, self.parked = self.parked, []
        for deal in waiting:
            self._keep(self._deal(deal, complete=True))
        return self

    @property
    def positions(self) -> dict[int, PositionRecord]:
        """By identifier, where each is one command's own."""
        assert not self._netting
        return {identifier: part for (identifier, _), part in self.parts.items()}

    def foreign(self, identifier: int) -> Decimal:
        """Return the open volume in the position that is not ours."""
        allocations = self._allocations_of(identifier).get(0, [])
        signed = [
            allocation.volume if allocation.entry is DealEntry.IN else -allocation.volume
            for allocation in allocations
        ]
        return sum(signed, ZERO)

    @property
    def emitted(self) -> list[tuple[str | None, str]]:
        """(directive, event type) of each event, in order."""
        return [(new_event.event.directive_id, new_event.event.event_type) for new_event in self.events]

    @property
    def keys(self) -> set[tuple[str | None, str, str]]:
        return {
            (new_event.event.directive_id, new_event.event.event_type, new_event.subject)
            for new_event in self.events
        }

    def _apply(self, report: AnyReport) -> None:
        match report:
            case CommandReport():
                outcome = apply_command(report, self.commands.get(report.client_order_id), self._scene)
            case OrderReport():
                before = self._orders.get(report.ticket)
                outcome = apply_order(report, self.commands.get(report.magic), self._scene, before=before)
                self._orders[report.ticket] = report
            case PositionReport():
                parts = [
                    part for (identifier, _), part in self.parts.items() if identifier == report.identifier
                ]
                outcome = apply_position(report, parts, self._scene, explained=False)
            case DealReport():
                outcome = self._deal(report)
            case ConnectionReport():
                outcome = apply_connection(report, self._scene)
            case TroubleReport():
                outcome = apply_trouble(report, self._scene)
            case _:
                raise AssertionError(f"not in these stories: {report}")
        self._keep(outcome)
        if isinstance(report, DealReport) and outcome.disposition is Disposition.APPLIED:
            waiting, self.parked = self.parked, []
            for deal in sorted(waiting, key=lambda each: each.ticket):
                self._apply(deal)

    def _deal(self, report: DealReport, *, complete: bool = False) -> Outcome:
        counted = self._deals.get(report.ticket)
        if counted is not None:
            filled = self._fills.get(report.ticket)
            outcome = revise_deal(
                report,
                counted,
                allocations=self._allocations.get(report.ticket, ()),
                book=self._book(counted.position_id, without=report.ticket),
                maker=self.commands[filled] if filled else None,
                scene=self._scene,
            )
            self._deals[report.ticket], self._allocations[report.ticket] = report, outcome.allocations
            return outcome
        command = self.commands.get(report.magic)
        outcome = apply_deal(
            report,
            command=command,
            command_deals=[
                self._deals[ticket]
                for ticket, client_order_id in self._fills.items()
                if command and client_order_id == command.client_order_id
            ],
            book=self._book(report.position_id, without=report.ticket, complete=complete),
            scene=self._scene,
        )
        if outcome.disposition is Disposition.APPLIED:
            self._deals[report.ticket] = report
        elif outcome.disposition is Disposition.PARKED:
            self.parked.append(report)
        if outcome.command is not None:
            self._fills[report.ticket] = outcome.command.client_order_id
        self._position[report.ticket] = report.position_id
        if outcome.allocations:
            self._allocations[report.ticket] = outcome.allocations
        return outcome

    def _book(self, identifier: int, *, without: int, complete: bool = False) -> PositionBook:
        allocations = self._allocations_of(identifier, without)
        return PositionBook(
            lots=[part for (position, _), part in self.parts.items() if position == identifier],
            began={
                allocation.client_order_id: deal
                for deal in sorted(self._allocations, reverse=True)
                if deal != without and self._position[deal] == identifier
                for allocation in self._allocations[deal]
            },
            foreign=allocations.pop(0, []),
            allocations=allocations,
            netting=self._netting,
            complete=complete,
        )

    def _allocations_of(self, identifier: int, without: int = 0) -> dict[int, list[Allocation]]:
        found: dict[int, list[Allocation]] = {}
        for deal, allocations in sorted(self._allocations.items()):
            if deal != without and self._position[deal] == identifier:
                for allocation in allocations:
                    found.setdefault(allocation.client_order_id, []).append(allocation)
        return found

    def _keep(self, outcome: Outcome) -> None:
        assert bool(outcome.note) is (outcome.disposition is Disposition.UNUSABLE)
        if outcome.command is not None:
            self.commands[outcome.command.client_order_id] = outcome.command
        for part in outcome.positions:
            self.parts[part.identifier, part.client_order_id] = part
        if outcome.disposition is Disposition.UNUSABLE:
            self.quarantined.append(outcome.note)
        if outcome.quarantine:
            self.held.append(outcome.quarantine)
        if outcome.halt:
            self.halted.append(outcome.halt)
        for new_event in outcome.events:
            key = event_key(
                officer=self._scene.officer, server="Broker-Demo", login=12345, new_event=new_event
            )
            if key not in self._keys:
                self._keys.add(key)
                self.events.append(new_event)
