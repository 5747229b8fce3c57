"""Facts: one batch of a link, into the journal, with everything that follows from it."""

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import timedelta

import msgspec

from bridge.core import brokertime, folding
from bridge.core.contract import utc_text
from bridge.core.facts import (
    CommandFact,
    CommandStage,
    ConnectionFact,
    DealFact,
    NotSentReason,
    OrderFact,
    PositionFact,
    ScanFact,
    TroubleFact,
    content_hash,
    decode_fact,
    fact_key,
)
from bridge.core.folding import Scene
from bridge.core.protocol import ProtocolError
from bridge.core.records import CommandRecord, Disposition, Outcome
from bridge.core.reporting import system_error
from bridge.journal import rows
from bridge.journal.sessions import offsets
from bridge.journal.step import Step

_Stored = CommandFact | DealFact | OrderFact | PositionFact | ConnectionFact | TroubleFact
"""The facts that are kept. A scan is not: it moves the watermark."""


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch came to. `acked` is the last fact that the journal now has."""

    acked: int
    scanned: bool
    """A completed scan is among them."""
    applied: int
    repeated: int
    quarantined: int
    hold: str


def fold(step: Step, epoch: int, facts: Sequence[tuple[int, bytes]], *, grace: timedelta) -> Folded:
    """Store and apply the facts, in order. Total: no fact is refused, none stops the next.

    `facts` are (seq, raw JSON) of one epoch, at least one.
    """
    book = _Book(step, epoch, grace)
    for seq, raw in facts:
        try:
            with step.contained():
                book.take(seq, raw)
        except Exception as error:
            if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
                # The disk's trouble, not the fact's: the step fails as a whole.
                raise
            # Ours, and still no reason to hold up what comes after: the terminal would say it for ever.
            book.contain(seq, raw, error)
    return Folded(
        acked=facts[-1][0],
        scanned=book.scanned,
        applied=book.applied,
        repeated=book.repeated,
        quarantined=book.quarantined,
        hold=step.hold,
    )


class _Book:
    """One batch at work."""

    def __init__(self, step: Step, epoch: int, grace: timedelta) -> None:
        self._step = step
        self._connection: sqlite3.Connection = step.connection
        self._epoch = epoch
        known = offsets(step)
        self._scene = Scene(
            officer=step.officer,
            at=step.now,
            to_utc=lambda server_ms: brokertime.to_utc(server_ms, known, step.now),
            grace=grace,
        )
        self.scanned = False
        self.applied = 0
        self.repeated = 0
        self.quarantined = 0

    def take(self, seq: int, raw: bytes) -> None:
        try:
            fact = decode_fact(raw)
        except ProtocolError as error:
            self._quarantine_raw(seq, raw, str(error))
            return
        if isinstance(fact, ScanFact):
            self._scan(fact)
            return
        key, digest = fact_key(fact), content_hash(fact)
        latest = self._latest(key)
        same = latest is not None and latest["hash"] == digest
        if same and latest is not None and latest["disposition"] == Disposition.APPLIED:
            self.repeated += 1
            return
        outcome, before = self._fold(fact, revision=latest is not None)
        if same and outcome.disposition is not Disposition.APPLIED:
            # Said again, and still not ours or not to be understood. What it concerns may turn up later.
            self.repeated += 1
            return
        self._store(seq, raw, fact, key, digest, outcome, before)
        self._step.apply(outcome, before)
        if outcome.disposition is Disposition.QUARANTINED:
            self.quarantined += 1
            self._raise(key, outcome.note, before)
        else:
            self.applied += 1
        if isinstance(fact, DealFact) and outcome.disposition is Disposition.APPLIED:
            self._unpark(fact.position_id)

    def _latest(self, key: str) -> sqlite3.Row | None:
        """Hash and disposition of what was said last under the key."""
        row: sqlite3.Row | None = self._connection.execute(
            "SELECT hash, disposition FROM facts WHERE officer = ? AND server = ? AND login = ? AND key = ?"
            " ORDER BY id DESC LIMIT 1",
            (*self._step.account.key, key),
        ).fetchone()
        return row

    def _scan(self, fact: ScanFact) -> None:
        """All that a scan says is how far it came. One a minute would fill the journal with nothing."""
        self._connection.execute(
            "UPDATE officers SET watermark_server_ms = max(watermark_server_ms, ?) WHERE officer = ?",
            (fact.to_server_ms, self._step.officer),
        )
        self.scanned = True
        self.applied += 1

    def contain(self, seq: int, raw: bytes, error: Exception) -> None:
        """Keep a fact that we failed on."""
        self._quarantine_raw(seq, raw, f"{type(error).__name__}: {error}")

    def _fold(self, fact: _Stored, *, revision: bool) -> tuple[Outcome, CommandRecord | None]:
        match fact:
            case CommandFact():
                command = rows.load_command(self._connection, self._step.officer, fact.token)
                self._note_mark(fact.mark)
                if command is not None and self._proves_nothing(fact):
                    # Parked: the same words count when the right ledger says them.
                    return Outcome(disposition=Disposition.PARKED), command
                return folding.fold_command(fact, command, self._scene), command
            case DealFact():
                return self._fold_deal(fact, revision=revision)
            case OrderFact():
                command = rows.load_command(self._connection, self._step.officer, fact.magic)
                return folding.fold_order(fact, command, self._scene), command
            case PositionFact():
                position = rows.load_position(self._connection, self._step.account, fact.identifier)
                return folding.fold_position(fact, position), None
            case ConnectionFact():
                return folding.fold_connection(fact, self._scene), None
            case TroubleFact():
                return folding.fold_trouble(fact, self._scene), None

    def _fold_deal(self, fact: DealFact, *, revision: bool) -> tuple[Outcome, CommandRecord | None]:
        account = self._step.account
        command = rows.load_command(self._connection, account.officer, fact.magic) if fact.magic else None
        position = rows.load_position(self._connection, account, fact.position_id)
        position_deals = rows.deals_of_position(self._connection, account, fact.position_id)
        if revision and any(deal.ticket == fact.ticket for deal in position_deals):
            if fact.side is None:
                note = f"deal {fact.ticket} was revised to {fact.type}: the broker has cancelled it"
                return Outcome(disposition=Disposition.QUARANTINED, note=note), command
            # It counts already: a late commission changes sums, not states.
            others = [deal for deal in position_deals if deal.ticket != fact.ticket]
            after = position and folding.summed(position, [*others, fact])
            outcome = Outcome(disposition=Disposition.APPLIED, position=after)
            self._save_deal(fact, outcome, rows.token_of_deal(self._connection, account, fact.ticket))
            return outcome, None
        outcome = folding.fold_deal(
            fact,
            command=command,
            position=position,
            command_deals=rows.deals_of_command(self._connection, account, command.token) if command else (),
            position_deals=position_deals,
            scene=self._scene,
        )
        self._save_deal(fact, outcome, outcome.command.token if outcome.command is not None else None)
        return outcome, command

    def _save_deal(self, fact: DealFact, outcome: Outcome, token: int | None) -> None:
        rows.save_deal(
            self._connection,
            self._step.account,
            fact,
            token=token,
            disposition=outcome.disposition,
            done_at=self._scene.to_utc(fact.time_server_ms),
        )

    def _unpark(self, position_id: int) -> None:
        """Deals that waited for this position may count now; each may let the next one count."""
        while True:
            before = len(parked := rows.parked_deals(self._connection, self._step.account, position_id))
            for fact in parked:
                outcome, command = self._fold_deal(fact, revision=False)
                if outcome.disposition is not Disposition.PARKED:
                    self._step.apply(outcome, command)
            after = rows.parked_deals(self._connection, self._step.account, position_id)
            if not after or len(after) == before:
                return

    def _proves_nothing(self, fact: CommandFact) -> bool:
        """True for the silence of a ledger that is not the one which the command was dispatched to."""
        if fact.stage is not CommandStage.NOT_SENT or fact.reason is not NotSentReason.NO_INTENT:
            return False
        row = self._connection.execute(
            "SELECT d.ledger_id <> s.ledger_id AS other FROM dispatches d, sessions s"
            " WHERE d.token = ? AND s.epoch = ? ORDER BY d.attempt DESC LIMIT 1",
            (fact.token, self._epoch),
        ).fetchone()
        return row is not None and bool(row["other"])

    def _note_mark(self, mark: int) -> None:
        self._connection.execute(
            "UPDATE officers SET ledger_mark = max(ledger_mark, ?) WHERE officer = ?",
            (mark, self._step.officer),
        )

    def _store(
        self,
        seq: int,
        raw: bytes,
        fact: _Stored,
        key: str,
        digest: str,
        outcome: Outcome,
        before: CommandRecord | None,
    ) -> None:
        kind = key.split(":", 1)[0]
        self._insert(seq, raw.decode(), key, digest, kind, outcome)
        about = outcome.command or before or outcome.position
        if about is not None or outcome.disposition is Disposition.QUARANTINED:
            self._step.audit("fact", key, raw.decode(), about.directive_id if about else None)

    def _insert(self, seq: int, body: str, key: str, digest: str, kind: str, outcome: Outcome) -> None:
        self._connection.execute(
            "INSERT INTO facts (officer, server, login, key, hash, kind, body, disposition, note, epoch, seq,"
            " received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *self._step.account.key,
                key,
                digest,
                kind,
                body,
                outcome.disposition,
                outcome.note,
                self._epoch,
                seq,
                utc_text(self._step.now),
            ),
        )

    def _quarantine_raw(self, seq: int, raw: bytes, note: str) -> None:
        digest = hashlib.sha256(raw).hexdigest()
        key = f"undecodable:{digest}"
        if self._latest(key) is not None:
            self.repeated += 1
            return
        outcome = Outcome(disposition=Disposition.QUARANTINED, note=note)
        self._insert(seq, raw.decode("utf-8", "backslashreplace"), key, digest, "undecodable", outcome)
        self.quarantined += 1
        self._raise(key, f"the terminal reported something that cannot be taken in: {note}", None)

    def _raise(self, key: str, note: str, about: CommandRecord | None) -> None:
        self._step.tell(
            [
                system_error(
                    self._step.officer,
                    self._step.now,
                    code="FACT_QUARANTINED",
                    message=note,
                    subject=key,
                    directive_id=about.directive_id if about else None,
                )
            ]
        )
