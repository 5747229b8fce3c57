"""B: the broker's positions and orders, compared with the journal's in both directions."""

import json
from decimal import Decimal
from typing import Final

from bridge.core.director.contract import EventType
from bridge.exits import ExitCode
from bridge.simulator.broker.fault_rules import DelayHistory, DropTransactions, LoseAnswer, SendKind
from bridge.simulator.mt5.types import DealEntry, OrderType
from tests.conformance.reports import reported
from tests.conformance.rig import ConformanceRig
from tests.conformance.specification.case import case
from tests.conformance.specification.expectations import PLACED, rests, until, volumes
from tests.conformance.specification.fills import deals
from tests.conformance.specification.netting import netting
from tests.conformance.specification.operator_commands import order
from tests.rig.rig import CLOSED, OPENED
from tests.rig.world import OFFICER

REOPENED = (EventType.ORDER_FILLED, EventType.ORDER_FILLED)
"""Events of the two deals of a reopening."""


PROMPT: Final = {"mismatch_grace_s": 2.0}
"""Configuration of the link with which a difference is raised soon; no history is late in such a case."""

HIDDEN_MS: Final = 3_600_000
"""Time for which the history lacks a deal: longer than any case lasts."""

PATIENT: Final = {"mismatch_grace_s": 10.0}
"""Configuration of the link with which a close comes before the difference is raised."""


def flattened(rig: ConformanceRig) -> None:
    """Flatten, and wait until the flatten itself is done."""
    order(rig, "flatten", "--yes")
    found = "SELECT state FROM directives WHERE action = 'FLATTEN' ORDER BY id DESC LIMIT 1"
    until(rig, "the flatten is done", lambda: rig.journal.rows(found)[0]["state"] == "DONE")
    assert volumes(rig) == []


def shows(rig: ConformanceRig, text: str, count: int = 1) -> None:
    """Wait until the journal has so many positions as the broker shows them now."""
    found = "SELECT body FROM broker_positions"
    until(
        rig, f"{text} is shown", lambda: sum(text in row["body"] for row in rig.journal.rows(found)) == count
    )


def requires(rig: ConformanceRig, *codes: str) -> None:
    """Wait until `status` has exactly these required actions: a heartbeat may be from before a reconnect."""
    shown: list[str] = []

    def found() -> bool:
        process = rig.bridge("status", "--config", str(rig.config_path), "--json")
        assert process.exited() in (ExitCode.OK, ExitCode.ATTENTION), process.log
        report = json.loads(process.log[-1])
        shown[:] = [each["code"] for each in report["required_actions"]]
        return shown == list(codes)

    try:
        until(rig, f"status requires {codes or 'nothing'}", found)
    except AssertionError as error:
        raise AssertionError(f"{error}; at last it required {shown or 'nothing'}") from error


@case(
    "B01",
    "A position that the server reopens for its swap stays open under its directive, and is closed whole",
)
def reopened(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(quantity=0.02)
    (held,) = rig.broker.positions()
    rig.broker.reopen_position(held.ticket, reopen_price=Decimal("1.09400"))
    *_, out, into = rig.emitted(opening, *OPENED, *REOPENED)
    assert [event.body["action"] for event in (out, into)] == ["REVISION", "REVISION"]
    assert "fill_quantity" not in out.body
    *_, closed = rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert (closed.body["opening_directive_id"], closed.body["fill_quantity"]) == (opening, 0.02)
    assert volumes(rig) == []
    kept = rig.open(quantity=0.03)
    (held,) = rig.broker.positions()
    rig.broker.reopen_position(held.ticket, keep_magic=False)
    rig.emitted(kept, *OPENED, *REOPENED)
    flattened(rig)
    rig.emitted(kept, *OPENED, *REOPENED, EventType.POSITION_CLOSED)


@case("B02", "A split by deals changes the open volume, and a close closes all of it")
def split(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open(quantity=0.02)
    rig.broker.split_symbol("EURUSD", Decimal(2), deals=True)
    rig.emitted(opening, *OPENED, *REOPENED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert (rig.broker.sends()[-1].request.volume, volumes(rig)) == (Decimal("0.04"), [])


@case("B03", "A close of a position whose volume changed without a deal closes what the broker shows")
def corrected(rig: ConformanceRig) -> None:
    # Once it is raised, the journal itself has the broker's volume.
    rig.configure(link=PATIENT)
    rig.start()
    opening = rig.open(quantity=0.02)
    (held,) = rig.broker.positions()
    rig.broker.correct_position(held.ticket, volume=Decimal("0.05"))
    shows(rig, '"volume":0.05')
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert (rig.broker.sends()[-1].request.volume, volumes(rig)) == (Decimal("0.05"), [])
    assert closed.body["fill_quantity"] == 0.05
    # No deal explains it.
    *_, mismatch = rig.emitted(opening, *OPENED, EventType.SYSTEM_ERROR)
    assert mismatch.code == "POSITION_MISMATCH"


@case("B04", "A volume that changed without a deal is raised until a flatten has closed what is there")
def raised(rig: ConformanceRig) -> None:
    rig.reports_compared = True
    rig.configure(link=PROMPT)
    rig.start()
    opening = rig.open(quantity=0.02)
    (held,) = rig.broker.positions()
    rig.broker.correct_position(held.ticket, Decimal("0.01"), price_open=Decimal("0.5"))
    shows(rig, '"volume":0.01')
    reported(rig, "position", identifier=held.identifier, volume=0.01, price_open=0.5)
    # The sidecar asks for the scan that raises it.
    *_, mismatch = rig.emitted(opening, *OPENED, EventType.SYSTEM_ERROR)
    assert mismatch.code == "POSITION_MISMATCH"
    assert "0.02 lots open" in mismatch.body["error_message"]
    requires(rig, "POSITION_MISMATCH")
    flattened(rig)
    rig.emitted(opening, *OPENED, EventType.SYSTEM_ERROR, EventType.POSITION_CLOSED)
    requires(rig)


@case("B05", "Positions in a renamed symbol are closed by directive id, by the new name and by the old one")
def renamed(rig: ConformanceRig) -> None:
    rig.start()
    one, other, third = (rig.open(quantity=quantity) for quantity in (0.01, 0.02, 0.03))
    rig.broker.rename_symbol("EURUSD", "EURUSD.r")
    shows(rig, '"symbol":"EURUSD.r"', count=3)
    rig.emitted(rig.issue("CLOSE", target_directive_id=other), *CLOSED)
    assert volumes(rig) == [Decimal("0.01"), Decimal("0.03")]
    rig.emitted(rig.issue("CLOSE", symbol="EURUSD.r", target_directive_id=one), *CLOSED)
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert volumes(rig) == []
    for opening in (one, other, third):
        rig.emitted(opening, *OPENED)


@case("B06", "A flatten closes positions and cancels orders in a renamed symbol")
def renamed_and_flattened(rig: ConformanceRig) -> None:
    rig.start()
    opening = rig.open()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.08, time_in_force="GTC")
    rests(rig, waiting)
    rig.broker.rename_symbol("EURUSD", "EURUSD.r")
    # Events name the symbol as it was known when they were made.
    shows(rig, '"symbol":"EURUSD.r"')
    known = "SELECT 1 FROM orders WHERE off_book = 0 AND symbol = 'EURUSD.r'"
    until(rig, "the order is shown", lambda: bool(rig.journal.rows(known)))
    flattened(rig)
    assert rig.broker.orders() == []
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)
    rig.emitted(waiting, *PLACED, EventType.ORDER_CANCELLED)


@case(
    "B07", "A position that bears the id of a command without an answer is its evidence: nothing is UNKNOWN"
)
def shown(rig: ConformanceRig) -> None:
    rig.start()
    for effect in (LoseAnswer(), DropTransactions(), DelayHistory(milliseconds=12_000)):
        rig.fault(effect, SendKind.OPEN)
    opening = rig.issue("OPEN_LONG")
    lost = (EventType.DIRECTIVE_RECEIVED, EventType.BROKER_ERROR)
    rig.emitted(opening, *lost, *OPENED[1:])
    rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert volumes(rig) == []


@case("B08", "A flatten closes a position whose deal is not in the history yet")
def unseen(rig: ConformanceRig) -> None:
    rig.start()
    rig.fault(DelayHistory(milliseconds=HIDDEN_MS), SendKind.OPEN)
    opening = rig.issue("OPEN_LONG", quantity=0.02)
    shows(rig, '"volume":0.02')
    (held,) = rig.broker.positions()
    order(rig, "flatten", "--yes")
    until(rig, "the position is closed", lambda: volumes(rig) == [])
    # The close went out before the history had the opening, which comes only now.
    (closing,) = deals(rig)
    assert closing.entry is DealEntry.OUT
    rig.broker.show_deal(closing.ticket - 1)
    rig.broker.show_order(held.identifier)
    rig.emitted(opening, *OPENED, EventType.POSITION_CLOSED)


@case("B09", "A netted position's deals are divided anew once an earlier deal becomes known")
def divided(rig: ConformanceRig) -> None:
    netting(rig)
    ours = rig.open(quantity=0.03)
    rig.broker.delay_history(deals=4_000)
    rig.broker.manual_open("EURUSD", OrderType.BUY, Decimal("0.02"))
    rig.broker.delay_history(deals=0)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.02"))
    # Until the purchase is known, the sale seems to be of ours.
    *_, revised = rig.emitted(ours, *OPENED, EventType.ORDER_PARTIAL_FILL, EventType.ORDER_FILLED)
    assert (revised.body["action"], revised.body["remaining_quantity"]) == ("REVISION", 0.03)
    *_, closed = rig.emitted(rig.issue("CLOSE"), *CLOSED)
    assert (closed.body["fill_quantity"], volumes(rig)) == (0.03, [])


@case(
    "B12",
    "An earlier deal of ours that is unknown is raised; once it is known, the later ones are divided anew",
)
def raised_while_it_is_unknown(rig: ConformanceRig) -> None:
    netting(rig)
    rig.fault(DelayHistory(milliseconds=HIDDEN_MS), SendKind.OPEN)
    first = rig.issue("OPEN_LONG", quantity=0.03)
    shows(rig, '"volume":0.03')
    second = rig.open(quantity=0.02)
    rig.broker.manual_open("EURUSD", OrderType.SELL, Decimal("0.01"))
    # It seems to be taken from the only lot that is known.
    *_, part = rig.emitted(second, *OPENED, EventType.ORDER_PARTIAL_FILL)
    assert part.body["remaining_quantity"] == 0.01
    unknown = (*PLACED, EventType.SYSTEM_ERROR)
    *_, raised = rig.emitted(first, *unknown)
    assert raised.code == "UNKNOWN_OUTCOME"
    requires(rig, "UNKNOWN")
    opening = next(deal for deal in deals(rig) if deal.volume == Decimal("0.02"))
    rig.broker.show_deal(opening.ticket - 1)
    rig.broker.show_order(opening.position_id)
    *_, taken = rig.emitted(
        first, *unknown, EventType.ORDER_FILLED, EventType.POSITION_OPENED, EventType.ORDER_FILLED
    )
    *_, returned = rig.emitted(second, *OPENED, EventType.ORDER_PARTIAL_FILL, EventType.ORDER_FILLED)
    assert [event.body["action"] for event in (taken, returned)] == ["REVISION", "REVISION"]
    assert [event.body["remaining_quantity"] for event in (taken, returned)] == [0.02, 0.02]
    requires(rig)
    flattened(rig)
    opened = (EventType.ORDER_FILLED, EventType.POSITION_OPENED, EventType.ORDER_FILLED)
    rig.emitted(first, *unknown, *opened, EventType.POSITION_CLOSED)
    closed = (EventType.ORDER_PARTIAL_FILL, EventType.ORDER_FILLED, EventType.POSITION_CLOSED)
    rig.emitted(second, *OPENED, *closed)


@case(
    "B10",
    "A position that a dealer deletes is raised until a write-off ends it as closed without a deal",
)
def deleted(rig: ConformanceRig) -> None:
    # The write-off has to be refused before.
    rig.configure(link={"mismatch_grace_s": 12.0})
    rig.start()
    opening, kept = rig.open(quantity=0.02), rig.open(quantity=0.03)
    gone, held = rig.broker.positions()
    words = ("writeoff", "--note", "deleted by the broker", "--yes", str(gone.identifier))
    shows(rig, '"volume":0.02')
    assert "is at the broker (BUY 0.02 lots in EURUSD)" in order(rig, *words, code=ExitCode.FAILED)
    rig.broker.correct_position(gone.ticket, volume=Decimal(0))
    noted = "SELECT raised_at FROM position_mismatches"
    until(rig, "the difference is noted", lambda: bool(rig.journal.rows(noted)))
    assert "not been missing" in order(rig, *words, code=ExitCode.FAILED)
    rig.emitted(opening, *OPENED, EventType.SYSTEM_ERROR)
    assert f" --officer {OFFICER} {gone.identifier} --note" in order(rig, "status", code=ExitCode.ATTENTION)
    done = order(rig, *words)
    for text in (
        "has BUY 0.02 lots of EURUSD open",
        f"it shows {held.identifier} BUY 0.03",
        "without a deal",
    ):
        assert text in done
    *_, mismatch, closed = rig.emitted(opening, *OPENED, EventType.SYSTEM_ERROR, EventType.POSITION_CLOSED)
    assert (mismatch.code, closed.code) == ("POSITION_MISMATCH", "CLOSED_WITHOUT_DEAL")
    assert {"fill_price", "fill_quantity", "profit"} & closed.body.keys() == set()
    requires(rig)
    assert "is closed in the journal already" in order(rig, *words, code=ExitCode.FAILED)
    requires(rig)
    flattened(rig)
    rig.emitted(kept, *OPENED, EventType.POSITION_CLOSED)
    rig.emitted(opening, *OPENED, EventType.SYSTEM_ERROR, EventType.POSITION_CLOSED)


@case(
    "B11",
    "A pending order that vanishes without a record is raised until a write-off ends it, as cancelled",
)
def order_deleted(rig: ConformanceRig) -> None:
    # A command without evidence would be UNKNOWN before a busy machine has written the order off.
    rig.configure(link=PROMPT | {"unknown_grace_s": 60.0})
    rig.start()
    waiting = rig.issue("OPEN_LONG", order_type="LIMIT", price=1.08, time_in_force="GTC")
    rests(rig, waiting)
    (gone,) = rig.broker.orders()
    words = ("writeoff", "--order", "--note", "deleted by the broker", "--yes", str(gone.ticket))
    assert "has not been missing" in order(rig, *words, code=ExitCode.FAILED)
    rig.broker.disconnect()
    rig.emitted_besides(EventType.CONNECTION_LOST)
    rig.broker.manual_cancel(gone.ticket)
    rig.broker.hide_order(gone.ticket)
    rig.broker.connect()
    *_, mismatch = rig.emitted(waiting, *PLACED, EventType.SYSTEM_ERROR)
    assert mismatch.code == "POSITION_MISMATCH"
    requires(rig, "POSITION_MISMATCH")
    assert f"order {gone.ticket} is ended without a record" in order(rig, *words)
    *_, cancelled = rig.emitted(waiting, *PLACED, EventType.SYSTEM_ERROR, EventType.ORDER_CANCELLED)
    assert "deleted by the broker" in cancelled.body["error_message"]
    requires(rig)
    assert "is not on the book in the journal" in order(rig, *words, code=ExitCode.FAILED)
