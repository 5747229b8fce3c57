"""Selection of one symbol's positions and orders, by the name that an operator gives it."""

import sqlite3

from bridge.core.settings import OfficerSettings
from bridge.core.trade.records import CommandRecord, OrderRecord, PositionRecord
from bridge.journal.tables import directives, symbols
from bridge.journal.tables.values import Account


class SymbolSelection:
    """One symbol, or all of them where no name is given.

    The name is the Director's or the broker's. A name of the Director's means the broker's symbol that it stands
    for now, and whatever its directives opened before.
    """

    def __init__(
        self, connection: sqlite3.Connection, account: Account, settings: OfficerSettings, name: str
    ) -> None:
        self._connection = connection
        self._officer = account.officer
        self._name = name
        asked, mapped = settings.inquiry(name)
        terms = symbols.load(connection, account, asked)
        directors = mapped or terms is not None or directives.uses_symbol(connection, self._officer, name)
        self._directors = directors
        self._broker = (terms.name if terms is not None and terms.name else asked) if directors else name

    def holds(self, target: PositionRecord | OrderRecord) -> bool:
        """Return True for a position or order in the symbol."""
        former = target.former_symbol
        return self._meant(target.symbol, target.directive_id) or bool(
            former and self._meant(former, target.directive_id)
        )

    def holds_command(self, command: CommandRecord) -> bool:
        """Return True for a command in the symbol."""
        return self._meant(command.order.symbol, command.directive_id)

    def any_of(self, broker_symbols: set[str]) -> bool:
        """Return True where the symbol is among those of the broker."""
        return bool(broker_symbols) and (not self._name or self._broker in broker_symbols)

    def _meant(self, symbol: str, directive_id: str) -> bool:
        if not self._name or symbol == self._broker:
            return True
        return (
            self._directors
            and directives.symbol_of(self._connection, self._officer, directive_id) == self._name
        )
