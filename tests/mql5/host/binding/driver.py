"""Running EA: inputs, event handlers, and the fault that killed it.

The driver calls one handler at a time, on request. The module `terminal` adds a terminal's work around the handlers
(timer, transactions, reloads).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mql5.host.binding.host import Host
from tests.mql5.host.binding.library import Cell, Library
from tests.mql5.reference import constants


class ExpertKilled(Exception):
    """The EA was stopped by a fault, as a terminal stops it. The message is file:line and the reason."""


class ExpertCrashed(ExpertKilled):
    """The host ended the terminal (kill -9) at one call of the EA."""


class InputError(ValueError):
    """Unknown input, or a value that it does not accept."""


@dataclass(frozen=True)
class InputInfo:
    """One input of the library; `value` as text."""

    name: str
    type: str
    value: str
    description: str
    group: str


class NativeExpert:
    """One instance of the EA. Call `start` first and `close` last. A handler raises ExpertKilled on a fault."""

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
        """Inputs in the order of declaration."""
        count = self._loaded.call("input_count")
        return [
            InputInfo(*(self._loaded.text("input", at, field) for field in range(5))) for at in range(count)
        ]

    def set_inputs(self, values: dict[str, str]) -> None:
        """Set inputs by name, before `start`. Raises InputError."""
        names = [info.name for info in self.inputs]
        for name, value in values.items():
            if name not in names:
                raise InputError(f"unknown input {name!r}; supported: {', '.join(names)}")
            if not self._loaded.call("set_input", names.index(name), value.encode()):
                raise InputError(f"input {name} does not accept {value!r}; give a value of its type")

    def set_switch(self, name: str, value: bool) -> None:
        """Set a switch of the stand-in itself."""
        self._loaded.call("set_switch", name.encode(), int(value))

    def create(self) -> None:
        """Construct the globals."""
        self._checked(self._loaded.create())

    def init(self) -> int:
        """Call OnInit and return its result.

        Where it is not INIT_SUCCEEDED, OnDeinit(REASON_INITFAILED) follows.
        """
        status, code = self._loaded.init()
        self._checked(status)
        if code != constants()["INIT_SUCCEEDED"]:
            self.deinit(constants()["REASON_INITFAILED"])
        return code

    def start(self) -> int:
        """Construct the globals, call OnInit and return its result."""
        self.create()
        return self.init()

    def deinit(self, reason: int) -> None:
        """Call OnDeinit."""
        self._checked(self._loaded.call("on_deinit", reason))

    def timer(self) -> None:
        """Call OnTimer."""
        self._checked(self._loaded.call("on_timer"))

    def tick(self) -> None:
        """Call OnTick."""
        self._checked(self._loaded.call("on_tick"))

    def trade(self) -> None:
        """Call OnTrade."""
        self._checked(self._loaded.call("on_trade"))

    def run(self) -> None:
        """Call OnStart, the handler of a script."""
        self._checked(self._loaded.call("on_start"))

    def trade_transaction(self, fields: Sequence[Cell]) -> None:
        """Call OnTradeTransaction with 16 fields of the transaction, 17 of the request and 10 of the result."""
        self._checked(self._loaded.cells("on_trade_transaction", fields))

    def chart_event(self, number: int, whole: int, real: float, text: str) -> None:
        """Call OnChartEvent."""
        self._checked(self._loaded.chart_event(number, whole, real, text))

    def close(self) -> None:
        """Destroy the globals unless the EA was killed, and unload it."""
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
