"""Steps of the journal that an operator requests, and what their commands look up first.

Each method is one step or one read, as in `journal`. It raises JournalUnavailableError where it fails as a whole.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal

from bridge.core.trade.comparison import Thing
from bridge.journal.operator import halt, lost_orders, rebind, recover, resolve, writeoff
from bridge.journal.operator.halt import Flattened
from bridge.journal.operator.lost_orders import LostOrders
from bridge.journal.operator.rebind import Rebound
from bridge.journal.operator.recover import Adopted, Adoption
from bridge.journal.operator.resolve import Resolved
from bridge.journal.operator.writeoff import WrittenOff
from bridge.journal.steps import outbox
from bridge.journal.tables import directives, events, officers, positions, symbols
from bridge.journal.tables.events import RefusedEvent
from bridge.journal.tables.halts import ALL, Halt
from bridge.journal.transactions import Transactions


class OperatorSteps(Transactions):
    """Steps that an operator requests, of the journal."""

    def refused(
        self, officer: str, *, directive_id: str | None = None, dismissed: bool = False
    ) -> list[RefusedEvent]:
        """Return the events that the Director refused for good, oldest first; with `dismissed` also those that an
        operator has dismissed."""
        return self._read(
            "outbox",
            lambda: events.refused(self._connection, officer, directive_id=directive_id, dismissed=dismissed),
        )

    def retry(self, officer: str, refused: Collection[RefusedEvent], now: datetime) -> None:
        """Queue refused events again, by an operator's order."""
        self._step("retry", officer, now, lambda step: outbox.retry(step, refused))

    def dismiss(self, officer: str, refused: Collection[RefusedEvent], now: datetime, *, note: str) -> None:
        """Dismiss refused events, by an operator's order: they stay refused, and need no action any more."""
        self._step("dismiss", officer, now, lambda step: outbox.dismiss(step, refused, note))

    def check_rebind(self, officer: str, *, account: bool, renamed_server: str = "", login: int = 0) -> None:
        """Raise StillUnresolvedError or WrongLoginError where `rebind` would."""
        if renamed_server:
            self._read("rebind", lambda: rebind.check_login(self._connection, officer, login))
        if account:
            self._read("rebind", lambda: rebind.check_resolved(self._connection, officer))

    def rebind(
        self,
        officer: str,
        now: datetime,
        *,
        account: bool,
        why: str,
        renamed_server: str = "",
        login: int = 0,
    ) -> Rebound:
        """Accept another ledger, account or server name, by an operator's order. Raises StillUnresolvedError,
        WrongLoginError."""
        return self._step(
            "rebind",
            officer,
            now,
            lambda step: rebind.rebind(
                step, account=account, why=why, renamed_server=renamed_server, login=login
            ),
        )

    def lost_orders(self, officer: str, now: datetime) -> LostOrders:
        """Return the officer's lost orders, as of its last completed scan. Reads only."""
        return self._read(
            "recover", lambda: lost_orders.list_all(self._connection, self._officers[officer], now)
        )

    def foreign_ledger(self, officer: str) -> str:
        """Return the reason why the present ledger of the officer's terminal is that of another officer or account;
        empty where it is not."""

        def read() -> str:
            known = officers.load(self._connection, officer)
            settings = self._officers[officer]
            return "" if known is None else lost_orders.foreign_ledger(self._connection, known, settings)

        return self._read("recover", read)

    def adopt(
        self, officer: str, now: datetime, *, chosen: Sequence[Adoption], why: str, report_past: bool
    ) -> Adopted:
        """Adopt lost orders under their directives, by an operator's order. Raises CannotRecoverError."""
        link, settings = self._settings.link, self._officers[officer]
        return self._step(
            "adopt",
            officer,
            now,
            lambda step: recover.adopt(step, settings, chosen, why=why, report_past=report_past, link=link),
        )

    def dismiss_orders(
        self, officer: str, now: datetime, *, client_order_ids: Collection[int], why: str
    ) -> list[int]:
        """Note that an operator takes lost orders over. Raises CannotRecoverError."""
        link, settings = self._settings.link, self._officers[officer]
        return self._step(
            "dismiss orders",
            officer,
            now,
            lambda step: recover.dismiss(step, settings, client_order_ids, why=why, link=link),
        )

    def known_symbols(self, officer: str) -> set[str]:
        """Return the names that the officer's terminal was asked for, the broker's names, and its lots' symbols."""
        return self._read(
            "symbols",
            lambda: (
                symbols.all_names(self._connection, officer) | positions.symbols(self._connection, officer)
            ),
        )

    def halt(self, officer: str, now: datetime, *, symbol: str, why: str) -> Halt:
        """Halt opens, by an operator's order: of one symbol, or of all where it is empty."""
        return self._step("halt", officer, now, lambda step: halt.halt(step, symbol=symbol, why=why))

    def resume(self, officer: str, now: datetime, *, symbol: str | None, why: str) -> list[Halt]:
        """Lift the halts of one symbol, or with None all of the officer's, by an operator's order."""
        settings = self._officers[officer]
        return self._step(
            "resume", officer, now, lambda step: halt.resume(step, settings, symbol=symbol, why=why)
        )

    def flatten(self, officer: str, now: datetime, *, nonce: str, why: str, symbol: str = ALL) -> Flattened:
        """Halt the officer and order everything it has closed and cancelled, by an operator's order; with a symbol,
        in that alone."""
        return self._step(
            "flatten", officer, now, lambda step: halt.flatten(step, nonce=nonce, why=why, symbol=symbol)
        )

    def has_directive(self, officer: str, directive_id: str) -> bool:
        """Return True where the officer's inbox holds the directive."""
        return self._read("inbox", lambda: directives.exists(self._connection, officer, directive_id))

    def resolve(
        self,
        officer: str,
        now: datetime,
        *,
        directive_id: str,
        verdict: resolve.Verdict,
        note: str,
        client_order_id: int | None = None,
        price: Decimal | None = None,
        quantity: Decimal | None = None,
    ) -> Resolved:
        """End an unresolved command with the outcome that an operator states. Raises CannotResolveError."""
        return self._step(
            "resolve",
            officer,
            now,
            lambda step: resolve.resolve(
                step,
                directive_id=directive_id,
                verdict=verdict,
                note=note,
                client_order_id=client_order_id,
                price=price,
                quantity=quantity,
            ),
        )

    def officers_with(self, among: list[str], thing: Thing, number: int) -> list[str]:
        """Return those of the officers that have, or had, that position or order."""
        return self._read("writeoff", lambda: writeoff.officers_with(self._connection, among, thing, number))

    def write_off(
        self, officer: str, now: datetime, *, thing: Thing, number: int, note: str, look: bool = False
    ) -> WrittenOff:
        """End a position or order that the broker no longer has. With `look` only return what would be ended.

        Raises CannotWriteOffError.
        """
        return self._step(
            "writeoff",
            officer,
            now,
            lambda step: writeoff.write_off(step, thing=thing, number=number, note=note, look=look),
        )
