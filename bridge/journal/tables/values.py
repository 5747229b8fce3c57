"""Conversions between columns and values, and the key that most tables begin with."""

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from bridge.core.director.contract import utc_text
from bridge.core.units.clock import ms_of, utc_of_ms
from bridge.core.units.decimals import plain
from bridge.journal.database.sql import Parameters


class Account(msgspec.Struct, frozen=True):
    """Account that an officer's reports, positions and event keys belong to. ('', 0) until it is bound."""

    officer: str
    server: str = ""
    login: int = 0

    @property
    def parameters(self) -> Parameters:
        """Values of the named parameters of ACCOUNT_COLUMNS."""
        return {"officer": self.officer, "server": self.server, "login": self.login}


ACCOUNT_COLUMNS: Final = ("officer", "server", "login")
OF_ACCOUNT: Final = "officer = :officer AND server = :server AND login = :login"
"""Condition for the rows of one account."""


def moment(text: str | None) -> datetime | None:
    """Return the aware time of a stored text."""
    return None if text is None else datetime.fromisoformat(text)


def text(at: datetime | None) -> str | None:
    """Return a time as it is stored."""
    return None if at is None else utc_text(at)


def milliseconds(at: datetime | None) -> int | None:
    """Return a time as it is stored as a number."""
    return None if at is None else ms_of(at)


def moment_of_ms(stored: int | None) -> datetime | None:
    """Return the aware time of a stored number."""
    return None if stored is None else utc_of_ms(stored)


def amount(value: Decimal | None) -> str | None:
    """Return one amount of a report or an order as it is stored."""
    return None if value is None else plain(value)


def total(value: Decimal) -> str:
    """Return a sum as it is stored. It may exceed what a single amount can be: no report may fail for that."""
    return format(value, "f")


def decimal(text: str | None) -> Decimal | None:
    """Return the number of a stored text."""
    return None if text is None else Decimal(text)
