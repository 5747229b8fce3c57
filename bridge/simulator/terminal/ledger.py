"""The terminal's ledger: which tokens were ever meant for the broker, and what became of them.

JSON lines, appended only. The first line names the file, the others are intents and outcomes:

    {"ledger": ID, "version": 1}
    {"mark": 1, "token": ..., "attempt": ..., "order": {...}}      written and flushed before the send
    {"token": ..., "retcode": ..., "order": ..., "deal": ..., ...}     written after it

`mark` counts the intents. A token that stands here is never sent again, so the ledger alone keeps the promise
'at most once', whatever crashes. One terminal holds the file at a time (a lock file beside it).

A crash in the middle of an append leaves a torn last line. Its flush had not returned, so nothing was sent:
it is cut off, and the ledger is unbroken. Damage anywhere else is never repaired or written over: what can
be read is used, `identity.unbroken` is False, and the sidecar then trusts no silence of this ledger.
"""

import os
import secrets
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import msgspec
from filelock import FileLock, Timeout

from bridge.core.link.messages import ClientOrderId, Count, LedgerIdentity, Order, Text, Ticket

VERSION: Final = 1


class LedgerError(Exception):
    """The ledger cannot be used. The message says which file, what is wrong and what to do."""


class LedgerLockedError(LedgerError):
    """Another terminal holds the ledger."""


class LedgerForeignError(LedgerError):
    """The file does not start as a ledger of ours. It was not touched."""


class LedgerWriteError(LedgerError):
    """The line is not on the disk, so the order must not be sent."""


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line."""

    ledger: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}$")]
    version: int


class Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """This order goes to the broker next."""

    mark: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    client_order_id: ClientOrderId
    attempt: Annotated[int, msgspec.Meta(ge=1, lt=2**31)]
    order: Order


class Outcome(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The broker's answer to it (MqlTradeResult). Prices and lots as the broker gave them."""

    client_order_id: ClientOrderId
    retcode: Annotated[int, msgspec.Meta(ge=0, lt=100_000)]
    order: Ticket = 0
    deal: Ticket = 0
    price: Decimal | None = None
    volume: Decimal | None = None
    message: Text = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """All that the ledger knows of one token."""

    intent: Intent
    outcome: Outcome | None = None


_encoder = msgspec.json.Encoder(decimal_format="number")
_header = msgspec.json.Decoder(Header)
_intent = msgspec.json.Decoder(Intent)
_outcome = msgspec.json.Decoder(Outcome)


class Ledger:
    """An open ledger. Not thread-safe; the process that opened it is the only one."""

    def __init__(self, path: Path) -> None:
        """Open the ledger at `path`, and make one where there is no file.

        Raises LedgerLockedError, LedgerForeignError, and LedgerError where the file cannot be opened.
        """
        self._path = path
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
        except BaseException:
            self._lock.release()
            raise

    def _open(self) -> None:
        self._entries: dict[int, Entry] = {}
        self._mark = 0
        self._unbroken = True
        try:
            if not self._path.exists():
                _create(self._path)
            content = self._path.read_bytes()
            self._id = self._read_header(content)
            self._end = self._read(content)
            self._file = self._path.open("r+b", buffering=0)
        except OSError as error:
            raise LedgerError(f"{self._path} cannot be opened: {error}") from error
        self._torn = len(content) > self._end

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def identity(self) -> LedgerIdentity:
        """What the handshake says of this ledger."""
        return LedgerIdentity(id=self._id, mark=self._mark, unbroken=self._unbroken)

    def find(self, client_order_id: ClientOrderId) -> Entry | None:
        """What is known of the token. None in an unbroken ledger: it was never sent from here."""
        return self._entries.get(client_order_id)

    def after(self, mark: Count) -> list[Entry]:
        """The entries with a higher mark, in the order in which they were written."""
        return [entry for entry in self._entries.values() if entry.intent.mark > mark]

    def intend(self, order: Order, attempt: int) -> Entry:
        """Write that this order goes out next. On the disk when this returns.

        Raises LedgerWriteError where the disk refuses it, and ValueError where the token already stands here.
        """
        if order.client_order_id in self._entries:
            raise ValueError(f"token {order.client_order_id} already stands in the ledger")
        intent = Intent(
            mark=self._mark + 1, client_order_id=order.client_order_id, attempt=attempt, order=order
        )
        self._append(intent)
        self._mark = intent.mark
        entry = self._entries[order.client_order_id] = Entry(intent=intent)
        return entry

    def conclude(self, outcome: Outcome) -> Entry:
        """Write what the broker answered. Raises LedgerWriteError; the entry is concluded in memory even
        then.

        Raises ValueError where there is no intent, or an outcome already.
        """
        entry = self._entries.get(outcome.client_order_id)
        if entry is None or entry.outcome is not None:
            raise ValueError(f"token {outcome.client_order_id} has no open intent in the ledger")
        entry = self._entries[outcome.client_order_id] = Entry(intent=entry.intent, outcome=outcome)
        self._append(outcome)
        return entry

    def close(self) -> None:
        """Let another terminal have it."""
        self._file.close()
        self._lock.release()

    def _append(self, record: Intent | Outcome) -> None:
        line = _encoder.encode(record) + b"\n"
        try:
            if self._torn:
                # Before the line and not after the failure: a full disk may refuse even that at first.
                self._file.truncate(self._end)
                self._torn = False
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
                f"{self._path} has ledger version {header.version}; this program knows {VERSION}."
            )
        return header.ledger

    def _read(self, content: bytes) -> int:
        """Take in every line after the header. Returns where the next line goes."""
        *lines, tail = content.split(b"\n")
        for line in lines[1:]:
            if not self._take(line):
                self._unbroken = False
        if not tail:
            return len(content)
        if not lines:
            return self._end_line(content)
        if self._unbroken and not self._take(tail):
            return len(content) - len(tail)
        # A whole record that only lacks its line end, or a tail behind damage: nothing of it is cut.
        return self._end_line(content)

    def _end_line(self, content: bytes) -> int:
        with self._path.open("ab", buffering=0) as file:
            file.write(b"\n")
            _flush(file.fileno())
        return len(content) + 1

    def _take(self, line: bytes) -> bool:
        """One line into memory. False where it is none of ours, or out of place."""
        try:
            intent = _intent.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._take_outcome(line)
        expected = intent.mark == self._mark + 1
        self._mark = max(self._mark, intent.mark)
        if intent.client_order_id in self._entries or intent.order.client_order_id != intent.client_order_id:
            return False
        self._entries[intent.client_order_id] = Entry(intent=intent)
        return expected

    def _take_outcome(self, line: bytes) -> bool:
        try:
            outcome = _outcome.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        entry = self._entries.get(outcome.client_order_id)
        if entry is None or entry.outcome is not None:
            return False
        self._entries[outcome.client_order_id] = Entry(intent=entry.intent, outcome=outcome)
        return True


def _create(path: Path) -> None:
    """A new ledger, complete or not at all: a crash here must not look like a damaged one."""
    header = Header(ledger=secrets.token_hex(16), version=VERSION)
    draft = path.with_name(path.name + ".new")
    with draft.open("wb", buffering=0) as file:
        file.write(_encoder.encode(header) + b"\n")
        _flush(file.fileno())
    draft.rename(path)
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _flush(descriptor: int) -> None:
    """Down to the disk. macOS keeps what fsync flushed in the drive's cache; F_FULLFSYNC does not."""
    if sys.platform == "darwin":
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)
