"""The terminal's ledger: which commands were ever meant for the broker, and their outcomes.

JSON lines, appended only. The first line names the file, the others are loads, intents and outcomes:

    {"ledger": ID, "version": 2}
    {"instance": ID}                                                         written when a sidecar answers first
    {"mark": 1, "client_order_id": ..., "attempt": ..., "order": {...}}      written and flushed before the send
    {"client_order_id": ..., "retcode": ..., "order": ..., "deal": ...}      written after it

An `instance` is one load of the terminal: a sidecar that misses the instance of its last session in a ledger knows
that the file is a copy from before it. `mark` counts the intents. A client order id in the ledger is never sent
again, so the ledger alone keeps the promise 'at most once' through any crash. One terminal holds the file at a time
(a lock file beside it).

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

VERSION: Final = 2


class LedgerError(Exception):
    """The ledger cannot be used. The message names the file, the defect and the remedy."""


class LedgerLockedError(LedgerError):
    """Another terminal holds the ledger."""


class LedgerForeignError(LedgerError):
    """The file does not begin as a ledger. It was not touched."""


class LedgerWriteError(LedgerError):
    """The line is not on the disk, so the order must not be sent."""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """First line."""

    ledger: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
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
_line = (msgspec.json.Decoder(Intent), msgspec.json.Decoder(Outcome), msgspec.json.Decoder(Load))


class Ledger:
    """An open ledger. Not thread-safe."""

    def __init__(self, path: Path, *, entropy: Entropy = secrets.token_bytes) -> None:
        """Open the ledger at `path`; create one where there is no file, with an id from `entropy`.

        Raises LedgerLockedError, LedgerForeignError, and LedgerError where the file cannot be opened.
        """
        self._path = path
        self._entropy = entropy
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
            self._open()
        except BaseException as error:
            self._lock.release()
            if isinstance(error, OSError):
                raise LedgerError(f"{path} cannot be opened: {error}") from error
            raise

    def _open(self) -> None:
        if not self._path.exists() or _is_torn_header(self._path.read_bytes()):
            _create(self._path, self._entropy(16).hex())
        content = self._path.read_bytes()
        self._id = self._read_header(content)
        self._end = self._read(content)
        self._torn = len(content) > self._end
        self._file = self._path.open("r+b", buffering=0)

    @property
    def path(self) -> Path:
        """Path of the file."""
        return self._path

    @property
    def identity(self) -> LedgerIdentity:
        """The ledger's identity for the handshake."""
        return LedgerIdentity(
            id=self._id,
            mark=self._mark,
            unbroken=self._unbroken,
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
        self._file.close()
        self._lock.release()

    def _write_load(self) -> None:
        if self._unwritten_load is not None:
            self._append(self._unwritten_load)
            self._instances.append(self._unwritten_load.instance)
            self._unwritten_load = None

    def _append(self, record: Load | Intent | Outcome) -> None:
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

    def _read_header(self, content: bytes) -> str:
        try:
            header = _header.decode(content.partition(b"\n")[0])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LedgerForeignError(
                f"{self._path} is not a terminal's ledger: {error}. It was left as it is; restore it from a "
                "backup, or move it away and start with a new ledger."
            ) from error
        if header.version != VERSION:
            raise LedgerForeignError(
                f"{self._path} has ledger version {header.version}; this program supports {VERSION}."
            )
        return header.ledger

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
    shape = _encoder.encode(Header(ledger="?" * 32, version=VERSION))
    return len(content) < len(shape) and all(
        part in b"0123456789abcdef" if expected == ord("?") else part == expected
        for part, expected in zip(content, shape, strict=False)
    )


def _create(path: Path, ledger_id: str) -> None:
    """Create a ledger, complete or not at all: a crash here must not look like a damaged ledger."""
    header = Header(ledger=ledger_id, version=VERSION)
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
