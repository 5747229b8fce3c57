"""Which of the broker's symbols is meant by a name, and what its terms are.

A symbol of exactly that name is always the one. Otherwise, unless only that will do, one that has the name within
it, with at most EXTRA further characters before and behind it in all: EURUSD is meant by EURUSD.r or mEURUSD.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from bridge.core.link.messages import Inquire
from bridge.core.link.reports import SymbolReport
from bridge.simulator.broker.api import BrokerApi
from bridge.simulator.mt5.types import SymbolInfo
from bridge.simulator.terminal.permits import order_types

EXTRA: Final = 6
"""How long prefix and suffix may be together."""
MAX_CANDIDATES: Final = 16
"""As many as a symbol report names."""
MAX_INQUIRIES: Final = 64
"""Inquiries that wait at most. A further one is dropped; the sidecar asks again."""
PORTION: Final = 500
"""How many names are compared in one call."""


class Detection:
    """Inquiries that wait for their answers, each of which goes to `post`."""

    def __init__(self, broker: BrokerApi, post: Callable[[SymbolReport], None]) -> None:
        self._broker = broker
        self._post = post
        self._waiting: deque[Inquire] = deque()
        self._names: list[str] | None = None  # those still to be compared with the first one; None: not begun
        self._found: list[str] = []

    def __len__(self) -> int:
        """How many inquiries wait."""
        return len(self._waiting)

    def take(self, inquiry: Inquire) -> bool:
        """Put an inquiry at the end, once. False where too many wait."""
        if any((w.symbol, w.exact) == (inquiry.symbol, inquiry.exact) for w in self._waiting):
            return True
        if len(self._waiting) >= MAX_INQUIRIES:
            return False
        self._waiting.append(inquiry)
        return True

    def clear(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        self._begin()

    def step(self) -> None:
        """Go on with the first inquiry, a bounded way.

        Raises BrokerTimeout and BrokerGone; the next step then takes it up again.
        """
        if not self._waiting:
            return
        inquiry = self._waiting[0]
        if self._names is None:
            found = self._broker.symbol(inquiry.symbol)
            if found is not None or inquiry.exact:
                self._answer(inquiry, found, [])
                return
            self._names = self._broker.symbols()
        portion = self._names[:PORTION]
        self._found += [
            name for name in portion if is_candidate(inquiry.symbol, name) and self._offered(name)
        ]
        self._names = self._names[PORTION:]
        if self._names:
            return
        candidates = sorted(set(self._found))
        if len(candidates) == 1:
            # It may have gone since the names were read; then there is none.
            self._answer(inquiry, self._broker.symbol(candidates[0]), [])
        else:
            self._answer(inquiry, None, candidates[:MAX_CANDIDATES])

    def _offered(self, name: str) -> bool:
        """Whether it is the server's, and not one that somebody made in the terminal."""
        symbol = self._broker.symbol(name)
        return symbol is not None and not symbol.custom

    def _answer(self, inquiry: Inquire, found: SymbolInfo | None, candidates: list[str]) -> None:
        self._waiting.popleft()
        self._begin()
        self._post(symbol_report(inquiry.symbol, found, candidates))

    def _begin(self) -> None:
        self._names = None
        self._found = []


def is_candidate(asked: str, name: str) -> bool:
    """Whether the name is the asked one with a short prefix or suffix around it, or itself. Case counts."""
    return asked in name and len(name) - len(asked) <= EXTRA


def symbol_report(asked: str, symbol: SymbolInfo | None, candidates: list[str]) -> SymbolReport:
    """The answer to an inquiry."""
    if symbol is None:
        return SymbolReport(asked=asked, candidates=candidates)
    return SymbolReport(
        asked=asked,
        name=symbol.name,
        digits=symbol.digits,
        point=symbol.point,
        tick_size=symbol.trade_tick_size,
        volume_min=symbol.volume_min,
        volume_max=symbol.volume_max,
        volume_step=symbol.volume_step,
        volume_limit=symbol.volume_limit,
        trade_mode=symbol.trade_mode.name,
        order_types=order_types(symbol),
    )
