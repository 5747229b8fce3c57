"""What a trade server's return code says about a request.

Source: MQL5 reference, 'Trade Server Return Codes'. A code that is not in the table leaves the outcome open:
a broker that says something unheard of may have executed the order all the same.
"""

from enum import StrEnum
from typing import Final


class Verdict(StrEnum):
    """What became of the request, as far as its return code can tell."""

    ACCEPTED = "ACCEPTED"
    """The server took it. Deals tell how much was filled."""
    REFUSED = "REFUSED"
    """The server or the terminal refused it; nothing was executed."""
    OPEN = "OPEN"
    """Nobody knows yet. Orders, deals and positions will tell."""


RETCODE_NO_CHANGES: Final = 10025
"""To a MODIFY: the levels are these already."""

_A = Verdict.ACCEPTED
_R = Verdict.REFUSED
_O = Verdict.OPEN

RETCODES: Final[dict[int, tuple[str, Verdict]]] = {
    10004: ("REQUOTE", _R),
    10006: ("REJECT", _R),
    10007: ("CANCEL", _R),
    10008: ("PLACED", _A),
    10009: ("DONE", _A),
    10010: ("DONE_PARTIAL", _A),
    10011: ("ERROR", _O),
    10012: ("TIMEOUT", _O),
    10013: ("INVALID", _R),
    10014: ("INVALID_VOLUME", _R),
    10015: ("INVALID_PRICE", _R),
    10016: ("INVALID_STOPS", _R),
    10017: ("TRADE_DISABLED", _R),
    10018: ("MARKET_CLOSED", _R),
    10019: ("NO_MONEY", _R),
    10020: ("PRICE_CHANGED", _R),
    10021: ("PRICE_OFF", _R),
    10022: ("INVALID_EXPIRATION", _R),
    10023: ("ORDER_CHANGED", _R),
    10024: ("TOO_MANY_REQUESTS", _R),
    10025: ("NO_CHANGES", _R),
    10026: ("SERVER_DISABLES_AT", _R),
    10027: ("CLIENT_DISABLES_AT", _R),
    # The request is with the server and being worked on.
    10028: ("LOCKED", _O),
    10029: ("FROZEN", _R),
    10030: ("INVALID_FILL", _R),
    # 'No connection with the trade server': seen for requests that had been executed when it broke.
    10031: ("CONNECTION", _O),
    10032: ("ONLY_REAL", _R),
    10033: ("LIMIT_ORDERS", _R),
    10034: ("LIMIT_VOLUME", _R),
    10035: ("INVALID_ORDER", _R),
    10036: ("POSITION_CLOSED", _R),
    10038: ("INVALID_CLOSE_VOLUME", _R),
    10039: ("CLOSE_ORDER_EXIST", _R),
    10040: ("LIMIT_POSITIONS", _R),
    10041: ("REJECT_CANCEL", _R),
    10042: ("LONG_ONLY", _R),
    10043: ("SHORT_ONLY", _R),
    10044: ("CLOSE_ONLY", _R),
    10045: ("FIFO_CLOSE", _R),
    10046: ("HEDGE_PROHIBITED", _R),
}


def verdict(retcode: int) -> Verdict:
    """What the code says; OPEN for one that is not in the table (0 among them)."""
    return RETCODES[retcode][1] if retcode in RETCODES else Verdict.OPEN


def describe(retcode: int) -> str:
    """The code's MQL5 name and number, for people: 'NO_MONEY (10019)'."""
    name = RETCODES[retcode][0] if retcode in RETCODES else "unknown return code"
    return f"{name} ({retcode})"
