"""Operations of the broker on names, permissions and its clock."""

from typing import Final

import msgspec

from bridge.simulator.broker.api import ControlError
from bridge.simulator.broker.execution.triggers import DAY_MS, midnights
from bridge.simulator.broker.services.market import MarketControl

MOST_MS: Final = 366 * DAY_MS
"""Most by which the clock is set at once: each midnight in between passes."""


class IdentityOperations(MarketControl):
    """rename_symbol, set_account and shift_clock (see BrokerOperations)."""

    def rename_symbol(self, symbol: str, new_name: str, history: bool = False) -> None:
        known = self._known_symbol(symbol)
        if not new_name or len(new_name) > 31:
            raise ControlError(f"new_name {new_name!r} has not 1 to 31 characters; write such a name")
        if new_name in self._trade.symbols:
            raise ControlError(f"new_name {new_name!r} is another symbol's; write a free name")
        renamed = msgspec.structs.replace(
            known, name=new_name, path=known.path.removesuffix(symbol) + new_name
        )
        self._trade.rename(symbol, renamed, history=history)
        self.state.original_names[new_name] = self.state.original_names.pop(symbol, symbol)
        if symbol in self.state.pinned:
            self.state.pinned.remove(symbol)
            self.state.pinned.add(new_name)

    def set_account(
        self,
        login: int | None = None,
        server: str | None = None,
        name: str | None = None,
        company: str | None = None,
        trade_allowed: bool | None = None,
        trade_expert: bool | None = None,
    ) -> None:
        if login is not None and login < 1:
            raise ControlError(f"login {login} is below 1; write an account number")
        if server is not None and not server:
            raise ControlError("server '' is empty; write the trade server's name")
        given = {
            "login": login,
            "server": server,
            "name": name,
            "company": company,
            "trade_allowed": trade_allowed,
            "trade_expert": trade_expert,
        }
        changes = {key: value for key, value in given.items() if value is not None}
        if not changes:
            raise ControlError("set_account names no property; name one or more")
        self._trade.terms = msgspec.structs.replace(self._trade.terms, **changes)

    def shift_clock(self, milliseconds: int) -> None:
        before = self._trade.now_ms
        if abs(milliseconds) > MOST_MS or before + milliseconds < 0:
            raise ControlError(
                f"milliseconds {milliseconds} is more than a year ({MOST_MS}), or sets the clock before 1970;"
                " write less"
            )
        self.state.clock_shift_ms += milliseconds
        if milliseconds < 0:
            self._trade.book.turned_back = True
        else:
            for at in midnights(before, before + milliseconds):
                self._trade.now_ms = at
                self._pass_midnight()
        self._trade.now_ms = before + milliseconds
        self._expire_orders()
