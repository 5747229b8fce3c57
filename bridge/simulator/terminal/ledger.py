"""The terminal's ledger: which commands were ever meant for the broker, and their outcomes.

JSON lines, appended only. The first line names the file, the others are loads, intents and outcomes:

    {"ledger": ID, "version": 3, "login": LOGIN}
    {"instance": ID}                                                         written when a sidecar answers first
    {"mark": 1, "client_order_id": ..., "attempt": ..., "order": {...}}      written and flushed before the send
    {"client_order_id": ..., "retcode": ..., "order": ..., "deal": ...}      written after it

An `instance` is one load of the terminal: a sidecar that misses the instance of its last session in a ledger knows
that the file is a copy from before it. `mark` counts the intents. A client order id in the ledger is never sent
again, so the ledger alone keeps the promise 'at most once' through any crash. One terminal holds the file at a time
(a lock file beside it).

`login` is that of the account that the file was made for: a sidecar refuses a ledger of another account. A file of
version 2 has none. It is read and written as before, and keeps its version.

A crash during an append leaves an incomplete last line. Its flush had not returned, so nothing was sent: the line
is cut off, and the ledger is unbroken. A file with a part of the first line alone is made anew. Damage anywhere
else is never repaired or overwritten: readable lines are used, `identity.unbroken` is False, and the sidecar then
draws no conclusion from a missing entry.
"""

import os
import secrets
import sys
from contextlib import suppress
from decimal import Decimal
from io import FileIO
from pathlib import Path
from typing import Annotated, Final

import msgspec
from filelock import FileLock, Timeout

from bridge.core.link.messages import (
    MAX_INSTANCES,
    ClientOrderId,
    Count,
    InstanceId,
    LedgerIdentity,
    Order,
    Text,
    Ticket,
)
from bridge.core.units.clock import Entropy
from bridge.replacement import replace

VERSION: Final = 3
WITHOUT_LOGIN: Final = 2
"""Version of the ledgers whose first line names no account."""


class LedgerError(Exception):
    """The ledger cannot be used. The message names the file, the defect and the remedy."""


class LedgerLockedError(LedgerError):
    """Another terminal holds the ledger."""


class LedgerForeignError(LedgerError):
    """The file does not begin as a ledger. It was not touched."""


class LedgerWriteError(LedgerError):
    """The line is not on the disk, so the order must not be sent."""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """First line."""

    ledger: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    version: int
    login: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    """Account that the file was made for. Version 2 has none, each later one has it."""


class _AnyVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Part of the first line that each version has."""

    ledger: str
    version: int


class Load(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A load of the terminal that works with this ledger."""

    instance: InstanceId


class Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An order that is sent next."""

    mark: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    client_order_id: ClientOrderId
    attempt: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    order: Order


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker's answer (MqlTradeResult). Price and volume as the broker gave them."""

    client_order_id: ClientOrderId
    retcode: Annotated[int, msgspec.Meta(ge=0, lt=100_000)]
    order: Ticket = 0
    deal: Ticket = 0
    price: Decimal | None = None
    volume: Decimal | None = None
    message: Text = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Intent and outcome of one client order id."""

    intent: Intent
    outcome: Outcome | None = None


_encoder = msgspec.json.Encoder(decimal_format="number")
_header = msgspec.json.Decoder(Header)
_any_version = msgspec.json.Decoder(_AnyVersion)
_BEFORE_LOGIN: Final = _encoder.encode(Header(ledger="?" * 32, version=VERSION))[:-1] + b',"login":'
_FIRST_WITHOUT_LOGIN: Final = _encoder.encode(Header(ledger="?" * 32, version=WITHOUT_LOGIN))
"""First lines, with ? for each digit of the id."""
_line = (msgspec.json.Decoder(Intent), msgspec.json.Decoder(Outcome), msgspec.json.Decoder(Load))


class Ledger:
    """An open ledger. Not thread-safe."""

    def __init__(self, path: Path, *, entropy: Entropy = secrets.token_bytes) -> None:
        """Open the ledger at `path`. Where there is no file, `make` makes one, with an id from `entropy`.

        Raises LedgerLockedError, LedgerForeignError, and LedgerError where the file cannot be opened.
        """
        self._path = path
        self._entropy = entropy
        self._header: Header | None = None
        """First line; None while there is no file yet."""
        self._file: FileIO | None = None
        self._end = 0
        """Offset of the next line."""
        self._torn = False
        """True where a part of a line may stand behind the end."""
        self._entries: dict[int, Entry] = {}
        self._instances: list[InstanceId] = []
        self._unwritten_load: Load | None = None
        self._mark = 0
        self._unbroken = True
        self._lock = FileLock(path.with_name(path.name + ".lock"))
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise LedgerLockedError(
                f"{path} is in use by another terminal. Stop that one, or give this one a ledger of its own."
            ) from None
        except OSError as error:
            raise LedgerError(f"{path} cannot be locked: {error}") from error
        try:
            if path.exists() and not _is_torn_header(path.read_bytes()):
                self._open()
        except BaseException as error:
            self._lock.release()
            if isinstance(error, OSError):
                raise LedgerError(f"{path} cannot be opened: {error}") from error
            raise

    def make(self, login: int) -> None:
        """Make the file for this account, where there is none yet. Raises LedgerError.

        The account is not known before the broker answers.
        """
        if self._header is not None:
            return
        try:
            _create(self._path, Header(ledger=self._entropy(16).hex(), version=VERSION, login=login))
            self._open()
        except OSError as error:
            raise LedgerError(f"{self._path} cannot be made: {error}") from error

    def _open(self) -> None:
        content = self._path.read_bytes()
        self._header = self._read_header(content)
        self._end = self._read(content)
        self._torn = len(content) > self._end
        self._file = self._path.open("r+b", buffering=0)

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self._path

    @property
    def identity(self) -> LedgerIdentity:
        """The ledger's identity for the handshake. Raises ValueError before the file is made."""
        if self._header is None:
            raise ValueError(f"{self._path} is not made yet")
        return LedgerIdentity(
            id=self._header.ledger,
            mark=self._mark,
            unbroken=self._unbroken,
            login=self._header.login,
            instances=self._instances[-MAX_INSTANCES:],
        )

    def find(self, client_order_id: ClientOrderId) -> Entry | None:
        """Return the entry of the id. None from an unbroken ledger: it was never sent from here."""
        return self._entries.get(client_order_id)

    def after(self, mark: Count) -> list[Entry]:
        """Return the entries with a higher mark, in the order in which they were written."""
        return [entry for entry in self._entries.values() if entry.intent.mark > mark]

    def enter(self, instance_id: InstanceId) -> None:
        """Write once that this load works with the ledger. After a refusal of the disk the next intent does it."""
        if instance_id in self._instances:
            return
        self._unwritten_load = Load(instance=instance_id)
        with suppress(LedgerWriteError):
            self._write_load()

    def intend(self, order: Order, attempt: int) -> Entry:
        """Write that this order is sent next. It is on the disk when this returns.

        Raises LedgerWriteError where the disk refuses it, and ValueError where the id is in the ledger already.
        """
        if order.client_order_id in self._entries:
            raise ValueError(f"client order id {order.client_order_id} is in the ledger already")
        self._write_load()
        intent = Intent(
            mark=self._mark + 1, client_order_id=order.client_order_id, attempt=attempt, order=order
        )
        self._append(intent)
        self._mark = intent.mark
        entry = self._entries[order.client_order_id] = Entry(intent=intent)
        return entry

    def conclude(self, outcome: Outcome) -> Entry:
        """Write the broker's answer.

        Raises LedgerWriteError (the entry is concluded in memory even then), and ValueError where there is no
        intent, or an outcome already.
        """
        entry = self._entries.get(outcome.client_order_id)
        if entry is None or entry.outcome is not None:
            raise ValueError(f"client order id {outcome.client_order_id} has no open intent in the ledger")
        entry = self._entries[outcome.client_order_id] = Entry(intent=entry.intent, outcome=outcome)
        self._append(outcome)
        return entry

    def close(self) -> None:
        """Close the file and release the lock."""
        if self._file is not None:
            self._file.close()
        self._lock.release()

    def _write_load(self) -> None:
        if self._unwritten_load is not None:
            self._append(self._unwritten_load)
            self._instances.append(self._unwritten_load.instance)
            self._unwritten_load = None

    def _append(self, record: Load | Intent | Outcome) -> None:
        if self._file is None:
            raise ValueError(f"{self._path} is not made yet")
        line = _encoder.encode(record) + b"\n"
        try:
            if self._torn:
                # Before the next line, and not after the failure: a full disk may refuse even that at first.
                self._file.truncate(self._end)
            self._file.seek(self._end)
            self._torn = True
            unwritten = memoryview(line)
            while unwritten:
                unwritten = unwritten[self._file.write(unwritten) :]
            _flush(self._file.fileno())
        except OSError as error:
            raise LedgerWriteError(f"{self._path} cannot be written: {error}") from error
        self._torn = False
        self._end += len(line)

    def _read_header(self, content: bytes) -> Header:
        line = content.partition(b"\n")[0]
        try:
            version = _any_version.decode(line).version
            if version not in (WITHOUT_LOGIN, VERSION):
                raise LedgerForeignError(
                    f"{self._path} has ledger version {version}; this program supports {WITHOUT_LOGIN} and "
                    f"{VERSION}. It was left as it is."
                )
            header = _header.decode(line)
            if (header.login is None) != (version == WITHOUT_LOGIN):
                raise msgspec.ValidationError(f"`login` does not fit version {version}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LedgerForeignError(
                f"{self._path} is not a terminal's ledger: {error}. It was left as it is; restore it from a "
                "backup, or move it away and start with a new ledger."
            ) from error
        return header

    def _read(self, content: bytes) -> int:
        """Take in every line after the header. Return the offset of the next line."""
        *lines, tail = content.split(b"\n")
        for line in lines[1:]:
            self._unbroken &= self._take(line)
        if not tail:
            return len(content)
        if lines and self._unbroken and not self._take(tail):
            return len(content) - len(tail)
        # A whole record without its line end, or a tail after damage: nothing is cut.
        with self._path.open("ab", buffering=0) as file:
            file.write(b"\n")
            _flush(file.fileno())
        return len(content) + 1

    def _take(self, line: bytes) -> bool:
        """Take in one line. False where it is no record, or out of place."""
        record = _decode(line)
        if record is None:
            return False
        if isinstance(record, Load):
            self._instances.append(record.instance)
            return True
        known = self._entries.get(record.client_order_id)
        if isinstance(record, Outcome):
            if known is None or known.outcome is not None:
                return False
            self._entries[record.client_order_id] = Entry(intent=known.intent, outcome=record)
            return True
        expected = record.mark == self._mark + 1
        self._mark = max(self._mark, record.mark)
        if known is not None or record.order.client_order_id != record.client_order_id:
            return False
        self._entries[record.client_order_id] = Entry(intent=record)
        return expected


def _decode(line: bytes) -> Load | Intent | Outcome | None:
    for decoder in _line:
        try:
            record: Load | Intent | Outcome = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        return record
    return None


def _is_torn_header(content: bytes) -> bool:
    """Return True for a file that ends within its first line: its creation was cut off, and nothing is in it."""
    login = content[len(_BEFORE_LOGIN) :]
    if _fits(content, _BEFORE_LOGIN) and (not login or login.isdigit()):
        return True
    return len(content) < len(_FIRST_WITHOUT_LOGIN) and _fits(content, _FIRST_WITHOUT_LOGIN)


def _fits(content: bytes, shape: bytes) -> bool:
    return all(
        part in b"0123456789abcdef" if expected == ord("?") else part == expected
        for part, expected in zip(content, shape, strict=False)
    )


def _create(path: Path, header: Header) -> None:
    """Create a ledger, complete or not at all: a crash here must not look like a damaged ledger."""
    new = path.with_name(path.name + ".new")
    with new.open("wb", buffering=0) as file:
        file.write(_encoder.encode(header) + b"\n")
        _flush(file.fileno())
    replace(new, path)
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _flush(descriptor: int) -> None:
    """Write through to the disk. macOS keeps what fsync flushed in the drive's cache; F_FULLFSYNC does not."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)
