"""Observations of the doctor: what its shell has seen, and nothing that is concluded from it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from bridge.config import Config
from bridge.core.director.responses import Failed
from bridge.core.link.reports import SymbolReport
from bridge.core.units.broker_time import Offset
from bridge.journal.database.backup_note import BackupNote
from bridge.status.command_lines import CommandLines
from bridge.status.look import Look


class Poll(msgspec.Struct, frozen=True, kw_only=True):
    """One poll of an officer, as the sidecar makes it."""

    officer: str
    failed: Failed | None = None
    malformed: str = ""
    """Reason for which the listing cannot be read; empty where it can, or where there is none."""
    listed: int = 0
    """Number of directives in the listing."""
    took_s: float = 0.0
    ahead_s: float | None = None
    """Seconds by which this machine's clock is ahead of the Director's; None where no Date came."""


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """Certificate of the Director's https address."""

    expires: datetime | None = None
    """None where none was seen, for the reason in `problem` or `unreachable`."""
    problem: str = ""
    """Finding against the certificate or the handshake."""
    unreachable: str = ""
    """Reason for which the address could not be connected to."""


class PortState(StrEnum):
    """State of an address that the sidecar binds."""

    FREE = "free"
    TAKEN = "taken"
    """It could not be bound, for the reason in `problem`."""
    UNSEEN = "unseen"
    """Not tried: a process owns the journal, and may be binding it."""


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """Address that the sidecar binds."""

    state: PortState
    problem: str = ""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Key file, or the variable of the API key."""

    place: str
    problem: str = ""
    """Message of the error with its remedy; empty where the key can be used."""
    readers: tuple[str, ...] | None = ()
    """Others who may read it by Windows' rights, besides system and administrators. None: not known."""


class SymbolSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Last answer of a terminal about one symbol."""

    asked: str
    """Name that the terminal is asked for."""
    report: SymbolReport | None = None
    """None where no terminal of the account was asked yet."""
    chosen: SymbolReport | None = None
    """Last answer about the broker's symbol that is taken for it, where it has another name."""
    seen_at: str = ""


class OfficerSeen(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the journal about one officer, beyond `status`."""

    officer: str
    offset: Offset | None = None
    """Last measured offset of the account's broker; None where none was measured."""
    symbols: list[SymbolSeen] = []
    """Symbols that the configuration names."""


class JournalSeen(msgspec.Struct, frozen=True, kw_only=True):
    """File of the journal and its disk."""

    problem: str = ""
    """Finding of the quick check with its remedy; empty where it found nothing."""
    unwritable: str = ""
    """File or folder that this user may not write; empty where all can be written."""
    bytes: int = 0
    """Size with its write-ahead log."""
    free_bytes: int | None = None
    """Free space of its disk; None where that could not be seen."""
    begun_at: datetime | None = None
    """Time of the audit's first row; None where there is none, or the journal cannot be read."""
    backup: BackupNote | None = None


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was seen."""

    now: datetime
    config: Config
    config_changed_at: datetime | None
    lines: CommandLines
    """For the command lines of the remedies."""
    user: str = "USER"
    """Name of the user on Windows, for a remedy."""
    windows: bool
    api_key: Key
    link_keys: dict[str, Key]
    """By officer."""
    page_key: Key | None = None
    """Page key; None where it takes no commands."""
    polls: list[Poll]
    """Empty where no key could be used."""
    certificate: Certificate | None
    """None where the address is not https."""
    link: Port
    control: Port | None
    """None where no port is configured, or the sidecar runs."""
    web: Port | None = None
    """The same of [web]."""
    journal: JournalSeen
    look: Look
    officers: dict[str, OfficerSeen]
    """By id; without those that the journal does not have, or could not show."""
    shipped: str
    """Name and version of the Expert Advisor that this version has."""

    @property
    def running(self) -> bool:
        """True where a sidecar answers."""
        return self.look.sidecar is not None
