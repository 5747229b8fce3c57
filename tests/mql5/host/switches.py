"""Switches: behaviours in which terminals differ, and every unconfirmed line of mql5/FACTS.md.

The default of a switch is the documented or measured behaviour; `thrown` is the other side, which is harder for the
EA. Switches are read and written as JSON. A Probe report from a real terminal has the same form.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct


class Switches(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Behaviour of one terminal. Times are in milliseconds unless the name says otherwise; 0 means off."""

    speculative_byte: bool = False
    readable_at_second_look: bool = False
    long_read_blocks: int = 0
    zero_wait_read_blocks: int = 0
    send_at_most: int = 0
    send_would_block_every: int = 0
    read_fails_every: int = 0
    writable_at_second_look: bool = False
    close_unseen: bool = False
    closed_while_bytes_remain: bool = False
    bytes_with_error: bool = False
    first_send_refused: bool = False
    send_refused_for: int = 0
    connect_takes: int = 0
    connect_error: int = 5272
    address_refused: int = 0
    timer_grain_us: int = 0
    timer_late: int = 0
    timer_stalls_every: int = 0
    tick_count_grain_us: int = 0
    tick_count_starts_at: int = 0
    current_time_frozen: bool = False
    server_offset_s: int = 0
    pc_clock_off_s: int = 0
    transactions_reordered: bool = False
    transactions_dropped_every: int = 0
    transactions_late: int = 0
    transaction_queue: int = 1024
    history_late: int = 0
    history_refused_for: int = 0
    order_in_neither_list: int = 0
    position_late: int = 0
    quotes_late: int = 0
    session_end_wraps: bool = False
    check_says_done: bool = False
    check_knows_no_change: bool = False
    comment_most: int = 31
    comment_too_long: str = "truncated"
    comment_rewritten: bool = False
    closing_magic_zero: bool = False
    result_without_tickets: bool = False
    refused_send_is_true: bool = False
    account_late: int = 0
    init_twice: bool = False
    reload_when_reconnected: bool = False
    inputs_end_with_cr: bool = False
    empty_text_counts_terminator: bool = True
    zero_count_takes_all: bool = False
    unflushed_bytes_lost: bool = True
    file_move_copies: bool = False


@dataclass(frozen=True)
class About:
    """One switch: the value of its other side, the behaviour, and the section of mql5/FACTS.md."""

    thrown: Any
    behaviour: str
    source: str


ABOUT: Final[dict[str, About]] = {
    "speculative_byte": About(True, "SocketIsReadable returns 1 before any byte has arrived", "1, book"),
    "readable_at_second_look": About(True, "SocketIsReadable returns 0 once before it counts", "1, field"),
    "long_read_blocks": About(29_030, "SocketRead of more than has arrived blocks, reads nothing", "8.1"),
    "zero_wait_read_blocks": About(120_000, "SocketRead of nothing with time-out 0 blocks this long", "1"),
    "send_at_most": About(7, "SocketSend takes at most this many bytes", "1, partial sends"),
    "send_would_block_every": About(5, "one send in this many returns 0 or -1, without an error", "1, field"),
    "read_fails_every": About(40, "one read in this many returns -1 and 5273; bytes remain", "1, field"),
    "writable_at_second_look": About(True, "SocketIsWritable returns false once before true", "8.1"),
    "close_unseen": About(True, "the peer's close is visible only when a send fails", "1, field"),
    "closed_while_bytes_remain": About(True, "SocketIsConnected is false before the last byte", "1, field"),
    "bytes_with_error": About(True, "the last bytes before a close come with -1 and 5273", "1, field"),
    "first_send_refused": About(True, "a send in the handler that connected: 5273, lost", "8.1"),
    "send_refused_for": About(600, "a send this soon after the connect: 5273, lost", "8.1, unconfirmed"),
    "connect_takes": About(200, "SocketConnect blocks this long", "1, field; 8.1: 15.7 ms"),
    "connect_error": About(5273, "SocketConnect's error without a listener", "1, Wine"),
    "address_refused": About(4014, "SocketConnect's error while the address is not in the list", "1, 8.1"),
    "timer_grain_us": About(15_625, "timer events happen on this grid", "4; 8.2"),
    "timer_late": About(900, "a timer event is up to this late", "8.2: no gap above 2 s"),
    "timer_stalls_every": About(100, "after this many timer events the next is 4.5 s late", "4, field"),
    "tick_count_grain_us": About(15_625, "GetTickCount64 moves in these steps", "4"),
    "tick_count_starts_at": About(4_294_960_000, "GetTickCount64 at the start, near 49.7 days", "8.2"),
    "current_time_frozen": About(True, "TimeCurrent does not advance without quotes", "4; 8.5"),
    "server_offset_s": About(10_800, "the trade server's clock less UTC", "4; 8.5"),
    "pc_clock_off_s": About(420, "the PC's clock, and TimeTradeServer's minutes with it, are ahead", "4, book"),
    "transactions_reordered": About(True, "transactions due together arrive in another order", "3"),
    "transactions_dropped_every": About(4, "one transaction in this many never arrives", "3"),
    "transactions_late": About(1_500, "transactions arrive this late", "3"),
    "transaction_queue": About(3, "length of the queue; older transactions are lost", "3: 1024"),
    "history_late": About(800, "an order or deal enters the history this late", "3, live gap"),
    "history_refused_for": About(1_000, "HistorySelect is false this long after the start", "3, unconfirmed"),
    "order_in_neither_list": About(800, "a new live order is visible this late too", "3, live gap"),
    "position_late": About(800, "a new position is visible this late after OrderSend returns", "3, book"),
    "quotes_late": About(2_500, "no symbol has a quote this long after the start", "4, book"),
    "session_end_wraps": About(True, "a session's end is a time of day: 24:00 is 00:00", "4, field"),
    "check_says_done": About(True, "OrderCheck's code for a valid request is 10009, not 0", "2, unconfirmed"),
    "check_knows_no_change": About(True, "OrderCheck refuses every change and removal", "2, unconfirmed"),
    "comment_most": About(16, "maximum length of a comment", "5, unconfirmed"),
    "comment_too_long": About("rejected", "a longer comment is truncated or rejected", "5, unconfirmed"),
    "comment_rewritten": About(True, "the broker replaces the comment", "5, field"),
    "closing_magic_zero": About(True, "closing orders and deals show magic 0", "5, field"),
    "result_without_tickets": About(True, "MqlTradeResult has neither deal nor order", "3"),
    "refused_send_is_true": About(True, "OrderSend returns true for a request that the server refused", "3"),
    "account_late": About(700, "account properties are 0 this long after the start", "4, book"),
    "init_twice": About(True, "the EA is loaded, unloaded and loaded at the terminal's start", "8.2"),
    "reload_when_reconnected": About(True, "a lost broker connection ends in a reload", "4, unconfirmed"),
    "inputs_end_with_cr": About(True, "string inputs end with a carriage return", "8.4"),
    "empty_text_counts_terminator": About(False, "StringToCharArray of '' returns 0, not 1", "5, unconfirmed"),
    "zero_count_takes_all": About(True, "CharArrayToString of 0 bytes takes all bytes", "8.4, unconfirmed"),
    "unflushed_bytes_lost": About(False, "bytes written but not flushed survive a crash", "4; 8.7"),
    "file_move_copies": About(True, "FileMove copies, then deletes: a crash may leave both", "4, unconfirmed"),
}  # fmt: skip


class SwitchError(ValueError):
    """Unknown switch, or a value that it does not accept."""


def thrown(*names: str) -> Switches:
    """Return the defaults with these switches thrown. Raises SwitchError."""
    for name in names:
        if name not in ABOUT:
            raise SwitchError(f"unknown switch {name!r}; supported: {', '.join(ABOUT)}")
    return Switches(**{name: ABOUT[name].thrown for name in names})


def all_thrown(seed: int) -> Switches:
    """Return all switches thrown except some chosen by the seed: some switches mask others."""
    chance = random.Random(seed)  # noqa: S311 - random choices of a test
    return thrown(*(name for name in ABOUT if chance.random() < 0.8))


def load_switches(path: Path) -> Switches:
    """Read switches from a JSON file: a Probe report, or the output of `dump`. Raises SwitchError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Switches)
    except (OSError, msgspec.DecodeError) as error:
        raise SwitchError(f"file {path} holds no switches ({error}); give a Probe report") from None


def dump(switches: Switches) -> bytes:
    """Return the switches as JSON."""
    return msgspec.json.format(msgspec.json.encode(switches), indent=2)
