"""A running EA: its inputs, its event handlers, and what killed it.

The driver is no terminal. It calls one handler at a time, when it is told to; `terminal` does what a terminal
does around them (timer, transactions, reloads).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mql5.host.binding.host import Host
from tests.mql5.host.binding.library import Cell, Library
from tests.mql5.reference import constants


class ExpertKilled(Exception):
    """The EA died of a fault, as a terminal would have stopped it. The message is file:line and the
    reason."""


class ExpertCrashed(ExpertKilled):
    """The host let the terminal die (kill -9) at one call of the EA."""


class InputError(ValueError):
    """There is no such input, or it does not take the value."""


@dataclass(frozen=True)
class InputInfo:
    """One input as the library knows it; `value` as text."""

    name: str
    type: str
    value: str
    description: str
    group: str


class NativeExpert:
    """One instance of the EA. `start` first, `close` last; every handler raises ExpertKilled when the EA dies
    in it."""

    def __init__(self, library: Path, host: Host) -> None:
        self.host = host
        self.dead = False
        self._library: Library | None = Library(library, host.answer)

    @property
    def _loaded(self) -> Library:
        assert self._library is not None, "the EA is closed"
        return self._library

    @property
    def inputs(self) -> list[InputInfo]:
        """The inputs in the order of declaration."""
        count = self._loaded.call("input_count")
        return [
            InputInfo(*(self._loaded.text("input", at, field) for field in range(5))) for at in range(count)
        ]

    def set_inputs(self, values: dict[str, str]) -> None:
        """Set inputs by name, before `start`. Raises InputError."""
        names = [info.name for info in self.inputs]
        for name, value in values.items():
            if name not in names:
                raise InputError(f"no input {name!r} among {', '.join(names)}")
            if not self._loaded.call("set_input", names.index(name), value.encode()):
                raise InputError(f"input {name} does not take {value!r}")

    def set_switch(self, name: str, value: bool) -> None:
        """Set a switch of the stand-in itself."""
        self._loaded.call("set_switch", name.encode(), int(value))

    def create(self) -> None:
        """Construct the globals."""
        self._checked(self._loaded.create())

    def init(self) -> int:
        """OnInit's result; where it is not INIT_SUCCEEDED, OnDeinit(REASON_INITFAILED) has been called
        too."""
        status, code = self._loaded.init()
        self._checked(status)
        if code != constants()["INIT_SUCCEEDED"]:
            self.deinit(constants()["REASON_INITFAILED"])
        return code

    def start(self) -> int:
        """Construct the globals and call OnInit: its result."""
        self.create()
        return self.init()

    def deinit(self, reason: int) -> None:
        """OnDeinit."""
        self._checked(self._loaded.call("on_deinit", reason))

    def timer(self) -> None:
        """OnTimer."""
        self._checked(self._loaded.call("on_timer"))

    def tick(self) -> None:
        """OnTick."""
        self._checked(self._loaded.call("on_tick"))

    def trade(self) -> None:
        """OnTrade."""
        self._checked(self._loaded.call("on_trade"))

    def run(self) -> None:
        """OnStart: a script's one handler."""
        self._checked(self._loaded.call("on_start"))

    def trade_transaction(self, fields: Sequence[Cell]) -> None:
        """OnTradeTransaction: the transaction's 16 fields, the request's 17, the result's 10."""
        self._checked(self._loaded.cells("on_trade_transaction", fields))

    def chart_event(self, number: int, whole: int, real: float, text: str) -> None:
        """OnChartEvent."""
        self._checked(self._loaded.chart_event(number, whole, real, text))

    def close(self) -> None:
        """Destroy the globals unless the EA is dead, and unload it."""
        if self._library is None:
            return
        library, self._library = self._library, None
        try:
            if not self.dead:
                library.call("destroy")
        finally:
            library.call("kill")
            library.unload()

    def _checked(self, status: int) -> None:
        if status == 0:
            return
        self.dead = True
        fault = self._loaded.text("fault")
        raise (ExpertCrashed if self._loaded.call("crashed") else ExpertKilled)(fault)

    def __enter__(self) -> "NativeExpert":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
