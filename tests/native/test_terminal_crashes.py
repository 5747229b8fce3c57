"""Terminal killed at every call with which the EA has an effect, over TCP.

After each kill the terminal is started again and the scenario continues to its end. The outcome of the directive
depends on the place of the kill: before the intent was on the disk it is executed again; after the send it is
found; in between it cannot be known and ends UNKNOWN. It is never sent twice.
"""

import signal
from typing import Final

import pytest

from bridge.core.director.contract import EventType
from tests.native.rig import NativeRig
from tests.rig.rig import CLOSED, OPENED
from tests.rig.round_trip import open_and_close, opened_and_closed

COMMAND: Final = '"type":"command"'
STATUS_REQUEST: Final = '"type":"status_request"'
LOST: Final = (EventType.DIRECTIVE_RECEIVED, EventType.SYSTEM_ERROR)
SOON_LOST: Final = {"status_request_every_s": 0.2, "unknown_grace_s": 0.4}


# A kill before a call equals a kill after the last one with an effect: of two neighbours one place is here.
LOADING: Final = [
    # The ledger is created and opened.
    *("FileOpen:1:before", "FileOpen:1:after", "FileWriteArray:1:after", "FileFlush:1:after"),
    *("FileMove:1:after", "FileOpen:2:after"),
    # The handshake: connection, greeting, hello, proof.
    *("SocketConnect:1:after", "SocketSend:1:after", "SocketRead:1:after"),
    *("SocketSend:2:after", "SocketSend:3:after"),
]
"""Counted from the start."""

DONE_ANEW: Final = [
    *("SocketRead:1:before", "SocketRead:1:after", "SocketSend:1:after", "OrderCheck:1:after"),
    "FileWriteArray:1:after",
]
"""Counted from the opening's command, as are all below. There is no intent yet.

The ledger flushes twice for each line: what was written, and after that line was read back.
"""

UNRESOLVED_STATES: Final = ["FileFlush:1:after", "FileFlush:2:after", "OrderSend:1:before"]
"""The intent is recorded, and the broker has no order."""

FOUND: Final = [
    "OrderSend:1:after",
    # The outcome is recorded.
    *("FileWriteArray:2:after", "FileFlush:3:after", "FileFlush:4:after"),
    # It is reported.
    "SocketSend:2:after",
    # The broker is searched, and findings are reported.
    *("HistorySelect:1:before", "HistorySelect:1:after"),
    *("HistoryDealGetTicket:1:after", "SocketSend:3:after"),
]
"""The broker has the order."""

CLOSING_DONE_ANEW: Final = ["OrderCheck:2:after", "FileFlush:5:before"]
CLOSING_UNRESOLVED: Final = ["FileFlush:5:after", "OrderSend:2:before"]
CLOSING_FOUND: Final = ["OrderSend:2:after", "FileFlush:7:after"]

ONLY_LOOKING: Final = {
    *("SocketIsConnected", "SocketIsReadable", "SocketIsWritable", "FileSize", "FileSeek", "FileReadArray"),
    *("GetMicrosecondCount", "GetTickCount64", "TimeCurrent", "TimeTradeServer"),
    *("TerminalInfoInteger", "MQLInfoInteger"),
    *("AccountInfoDouble", "AccountInfoInteger", "AccountInfoString"),
    *("SymbolExist", "SymbolInfoDouble", "SymbolInfoInteger", "SymbolInfoString", "SymbolInfoTick"),
    "SymbolInfoSessionTrade",
    *("PositionGetDouble", "PositionGetInteger", "PositionGetString", "PositionGetTicket", "PositionsTotal"),
    *("OrdersTotal", "OrderGetDouble", "OrderGetInteger", "OrderGetString", "OrderGetTicket"),
    *("HistoryDealsTotal", "HistoryDealGetDouble", "HistoryDealGetInteger", "HistoryDealGetString"),
    *("HistoryOrdersTotal", "HistoryOrderGetDouble", "HistoryOrderGetInteger", "HistoryOrderGetString"),
    *("HistoryOrderGetTicket", "HistorySelectByPosition", "ChartGetInteger"),
    # These change what the operator sees.
    *("Print", "ChartRedraw", "ObjectFind", "ObjectSetInteger", "ObjectSetString"),
}
"""Calls without an effect: a kill there equals a kill at the last call with one."""


def _start(rig: NativeRig) -> None:
    rig.start_director()
    rig.start_broker()
    rig.director_process.line("http://")
    rig.start_sidecar()


def _die_at(rig: NativeRig, place: str, *, count_from: str = COMMAND, switches: tuple[str, ...] = ()) -> None:
    """Start the terminal with a kill point and wait for its end."""
    rig.start_terminal(die_at=place, count_from=count_from, switches=switches)
    assert rig.terminal.exited() == -signal.SIGKILL


@pytest.mark.parametrize("place", LOADING)
def test_trading_works_after_a_kill_while_loading_at(rig: NativeRig, place: str) -> None:
    _start(rig)
    ids = open_and_close(rig)
    _die_at(rig, place, count_from="")
    rig.start_terminal()
    opened_and_closed(rig, ids)


@pytest.mark.parametrize("place", DONE_ANEW + FOUND + CLOSING_DONE_ANEW + CLOSING_FOUND)
def test_order_is_repeated_or_found_after_a_kill_at(rig: NativeRig, place: str) -> None:
    _start(rig)
    ids = open_and_close(rig)
    _die_at(rig, place)
    rig.start_terminal()
    opened_and_closed(rig, ids)


@pytest.mark.parametrize("place", UNRESOLVED_STATES)
def test_opening_ends_unknown_after_a_kill_at(rig: NativeRig, place: str) -> None:
    rig.configure(link=SOON_LOST)
    _start(rig)
    opening = rig.issue("OPEN_LONG")
    _die_at(rig, place)
    rig.start_terminal()
    _lost(rig, opening)
    # The officer continues to trade.
    rig.open()
    assert len(rig.broker.sends()) == 1


@pytest.mark.parametrize("place", CLOSING_UNRESOLVED)
def test_closing_ends_unknown_after_a_kill_at(rig: NativeRig, place: str) -> None:
    rig.configure(link=SOON_LOST)
    _start(rig)
    opening, closing = open_and_close(rig)
    _die_at(rig, place)
    rig.start_terminal()
    rig.emitted(opening, *OPENED)
    _lost(rig, closing)
    # The position can still be closed.
    rig.emitted(rig.issue("CLOSE", target_directive_id=opening), *CLOSED)
    assert len(rig.broker.sends()) == 2


def _lost(rig: NativeRig, directive_id: str) -> None:
    *_, lost = rig.emitted(directive_id, *LOST)
    assert lost.code == "UNKNOWN_OUTCOME"
    assert rig.journal.state(directive_id) == "UNKNOWN"


def test_unflushed_intent_that_survived_ends_unknown(rig: NativeRig) -> None:
    rig.configure(link=SOON_LOST)
    _start(rig)
    opening = rig.issue("OPEN_LONG")
    _die_at(rig, "FileWriteArray:1:after", switches=("unflushed_bytes_lost",))
    rig.start_terminal()
    _lost(rig, opening)
    assert not rig.broker.sends()


def test_order_is_found_after_repeated_kills_during_the_search(rig: NativeRig) -> None:
    _start(rig)
    ids = open_and_close(rig)
    _die_at(rig, "OrderSend:1:after")
    _die_at(rig, "FileReadArray:1", count_from="")
    _die_at(rig, "SocketSend:3", count_from="")
    _die_at(rig, "HistorySelect:1", count_from="")
    for side in ("before", "after"):
        _die_at(rig, f"SocketSend:1:{side}", count_from=STATUS_REQUEST)
    rig.start_terminal()
    opened_and_closed(rig, ids)


@pytest.mark.parametrize("place", ["FileFlush:1:before", "OrderSend:1:after", "FileFlush:7:after"])
def test_order_is_repeated_or_found_after_a_kill_of_terminal_and_sidecar_at(
    rig: NativeRig, place: str
) -> None:
    _start(rig)
    ids = open_and_close(rig)
    _die_at(rig, place)
    rig.restart_sidecar()
    rig.start_terminal()
    opened_and_closed(rig, ids)


def test_kill_points_cover_every_call_of_the_scenario(rig: NativeRig) -> None:
    _start(rig)
    ids = open_and_close(rig)
    rig.start_terminal(die_at="nowhere:1", count_from=COMMAND)
    opened_and_closed(rig, ids)
    passed = {line.removeprefix("passes ") for line in rig.terminal.log if line.startswith("passes ")}
    killed = {place.partition(":")[0] for place in DONE_ANEW + UNRESOLVED_STATES + FOUND}
    assert killed <= passed <= killed | ONLY_LOOKING
