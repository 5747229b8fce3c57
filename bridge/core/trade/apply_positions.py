"""Application of positions as the broker shows them: levels, the symbol's name, and evidence for commands.

Volume is counted from deals; a position that is shown before the deal that opened it is a lot all the same, so that
it can be closed. Total, like `apply_reports`.
"""

from collections.abc import Sequence

import msgspec

from bridge.core.link.messages import CommandKind
from bridge.core.link.reports import PositionReport
from bridge.core.trade import position_events
from bridge.core.trade.apply_reports import Scene, unusable
from bridge.core.trade.command_states import CommandInput
from bridge.core.trade.comparison import with_volume
from bridge.core.trade.position_states import PositionInput, PositionState, step_position
from bridge.core.trade.records import CommandRecord, Disposition, NewEvent, Outcome, PositionRecord
from bridge.core.trade.transitions import advance


def apply_position(
    report: PositionReport,
    lots: Sequence[PositionRecord],
    scene: Scene,
    *,
    explained: bool,
    command: CommandRecord | None = None,
    netting: bool = False,
) -> Outcome:
    """Apply a position as it stands at the broker.

    `lots` are those of our commands in it. `explained`: a MODIFY under way requested the levels that are seen.
    `command` is the one whose client order id it bears, where no deal of that command in it is known yet: the
    position shows that the command was executed, whatever its answer said. Where positions are not netted, it is
    the command's own, and may be closed before its deal is known.
    """
    evidence = None if command is None else _evidence(report, command, scene, netting=netting)
    if not lots and command is not None and evidence is not None and not netting:
        lots = _shown(report, command, scene)
    if not lots:
        return _of_no_lot(report, command, evidence)
    after: list[PositionRecord] = []
    new_events: list[NewEvent] = []
    for known in lots:
        lot = _as_shown(known, report)
        same = (lot.stop_loss, lot.take_profit) == (report.stop_loss, report.take_profit)
        if lot.levels_seen and (same or not lot.volume):
            # A closed lot has no levels any more; the last that were seen stand.
            if lot != known:
                after.append(lot)
            continue
        seen = msgspec.structs.replace(
            lot,
            stop_loss=report.stop_loss,
            take_profit=report.take_profit,
            levels_seen=lot.levels_seen + 1,
        )
        after.append(seen)
        if (lot.levels_seen or _moved_before_seen(lot, report)) and not explained:
            new_events.append(position_events.levels_changed(seen, scene.at))
    return Outcome(
        disposition=Disposition.APPLIED,
        command=evidence.command if evidence is not None else None,
        positions=tuple(after),
        events=(*(evidence.events if evidence is not None else ()), *new_events),
    )


def _evidence(
    report: PositionReport, command: CommandRecord, scene: Scene, *, netting: bool
) -> Outcome | None:
    """Return what the position shows of the command whose client order id it bears; None where it shows nothing."""
    if _not_of(command, report, netting=netting):
        return None
    # A position of a command's own has the number of the order that opened it.
    opened = report.identifier if command.order.kind is CommandKind.OPEN and not netting else 0
    known = msgspec.structs.replace(
        command,
        order_ticket=command.order_ticket or opened,
        position_id=command.position_id or report.identifier,
    )
    return advance(known, CommandInput.ORDER_SEEN, scene.at)


def _of_no_lot(report: PositionReport, command: CommandRecord | None, evidence: Outcome | None) -> Outcome:
    if command is None:
        return Outcome(disposition=Disposition.FOREIGN)
    if evidence is None:
        found = _not_of(command, report, netting=True) or _not_of(command, report, netting=False)
        return unusable(
            f"position {report.identifier} bears client order id {command.client_order_id}, but {found}"
        )
    # Volume and money follow from the deal, which the history may have later.
    waits = evidence.command is not None and not evidence.command.state.over
    disposition = Disposition.PARKED if waits else Disposition.FOREIGN
    return msgspec.structs.replace(evidence, disposition=disposition)


def _not_of(command: CommandRecord, report: PositionReport, *, netting: bool) -> str:
    """Return the reason for which the command cannot have formed the position; empty where it can have."""
    order = command.order
    if order.kind.changes:
        return f"a {order.kind} makes no position"
    if report.symbol != order.symbol:
        return f"its symbol is {report.symbol}, not {order.symbol}"
    if order.kind is CommandKind.CLOSE:
        same = report.identifier == order.position
        return "" if same else f"its position is {report.identifier}, not {order.position}"
    # On a netting account an opposite order only reduces what is there.
    return "" if netting or report.side is order.side else f"its side is {report.side}, not {order.side}"


def _shown(report: PositionReport, command: CommandRecord, scene: Scene) -> list[PositionRecord]:
    """Return the lot of a position of which no deal is known yet; none where the command opens nothing."""
    stepped = step_position(None, PositionInput.SEEN)
    if command.order.kind is not CommandKind.OPEN or stepped is None:
        return []
    lot = PositionRecord(
        identifier=report.identifier,
        officer=scene.officer,
        directive_id=command.directive_id,
        client_order_id=command.client_order_id,
        symbol=command.order.symbol,
        side=report.side,
        state=stepped[0],
        stop_loss=command.order.stop_loss,
        take_profit=command.order.take_profit,
        opened_at=scene.at,
    )
    return [lot]


def _as_shown(lot: PositionRecord, report: PositionReport) -> PositionRecord:
    """Return the lot with the symbol's present name and, where no deal is known, with the volume that is shown."""
    if lot.symbol != report.symbol:
        lot = msgspec.structs.replace(
            lot, symbol=report.symbol, former_symbol=lot.former_symbol or lot.symbol
        )
    if lot.state is PositionState.SHOWN:
        lot = corrected(lot, report)
    return lot


def corrected(lot: PositionRecord, report: PositionReport) -> PositionRecord:
    """Return the lot with the volume that the broker shows, whatever its deals say."""
    return msgspec.structs.replace(
        with_volume(lot, report.volume), corrected_server_ms=report.updated_server_ms
    )


def _moved_before_seen(lot: PositionRecord, report: PositionReport) -> bool:
    """Return True where a requested level stands elsewhere at the first sight. An absent one is a missing stop."""
    levels = ((lot.stop_loss, report.stop_loss), (lot.take_profit, report.take_profit))
    return any(asked and there and asked != there for asked, there in levels)
