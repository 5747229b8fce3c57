"""Chart of the EA, and global variables of the terminal.

Source: MQL5 reference, 'Object Functions', 'Chart Operations', 'Global Variables of the Client Terminal', 'Types of
Chart Events'.
"""

import json
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.mql5.host.binding.host import Answer, Fault, fail
from tests.mql5.host.binding.library import Cell
from tests.mql5.host.clock import Clock
from tests.mql5.reference import constants, spelled

C: Final = constants()
LONGEST_OBJECT: Final = 63
LONGEST_VARIABLE: Final = 63
_OWN: Final = 1
"""Id of the chart; 0 stands for it too."""
_EMPTY: Final[dict[str, Cell]] = {"INTEGER": 0, "DOUBLE": 0.0, "STRING": ""}

ChartEvent = tuple[int, int, float, str]
"""Four arguments of OnChartEvent."""


@dataclass
class Chart:
    """Objects by name, each with its properties by MQL5 name. `events` is the queue of events for the EA."""

    symbol: str = "EURUSD"
    period: str = "PERIOD_H1"
    objects: dict[str, dict[str, Cell]] = field(default_factory=dict)
    events: deque[ChartEvent] = field(default_factory=deque)
    properties: dict[str, Cell] = field(
        default_factory=lambda: {
            "CHART_WIDTH_IN_PIXELS": 1200,
            "CHART_HEIGHT_IN_PIXELS": 700,
            "CHART_COLOR_BACKGROUND": 0,
        }
    )

    def texts(self) -> str:
        """Return the visible text of the chart, line by line."""
        return " ".join(str(each.get("OBJPROP_TEXT", "")).strip() for each in self.objects.values())

    def click(self, name: str) -> None:
        """Click a button. Raises LookupError for an unknown or hidden one."""
        found = self.objects.get(name)
        if found is None or found["OBJPROP_TYPE"] != C["OBJ_BUTTON"]:
            raise LookupError(f"unknown button {name!r}; present: {', '.join(self.objects) or 'no objects'}")
        if found.get("OBJPROP_TIMEFRAMES") == C["OBJ_NO_PERIODS"]:
            raise LookupError(f"button {name!r} is hidden; show it first")
        found["OBJPROP_STATE"] = int(not found.get("OBJPROP_STATE", 0))
        x, y = (int(found.get(key, 0)) for key in ("OBJPROP_XDISTANCE", "OBJPROP_YDISTANCE"))
        self._post(C["CHARTEVENT_OBJECT_CLICK"], x, float(y), name)

    def ChartID(self) -> Answer:
        return _OWN

    def ChartFirst(self) -> Answer:
        return _OWN

    def ChartNext(self, chart: int) -> Answer:
        return -1

    def ChartRedraw(self, chart: int) -> Answer:
        return None

    def ChartSymbol(self, chart: int) -> Answer:
        return self.symbol

    def ChartPeriod(self, chart: int) -> Answer:
        return C[self.period]

    def ChartGetInteger(self, chart: int, number: int, window: int) -> Answer:
        return self._property(chart, "INTEGER", number)

    def ChartGetDouble(self, chart: int, number: int, window: int) -> Answer:
        return self._property(chart, "DOUBLE", number)

    def ChartGetString(self, chart: int, number: int, window: int) -> Answer:
        return self._property(chart, "STRING", number)

    def ChartSetInteger(self, chart: int, number: int, value: int) -> Answer:
        return self._set_property(chart, "INTEGER", number, value)

    def ChartSetDouble(self, chart: int, number: int, value: float) -> Answer:
        return self._set_property(chart, "DOUBLE", number, value)

    def ChartSetString(self, chart: int, number: int, value: str) -> Answer:
        return self._set_property(chart, "STRING", number, value)

    def EventChartCustom(self, chart: int, number: int, whole: int, real: float, text: str) -> Answer:
        if chart not in (0, _OWN):
            return fail(C["ERR_CHART_WRONG_ID"], False)
        self._post(C["CHARTEVENT_CUSTOM"] + number, whole, real, text)
        return True

    def ObjectCreate(self, chart: int, name: str, kind: int, window: int, time: int, price: float) -> Answer:
        if kind not in spelled("ENUM_OBJECT"):
            raise Fault(f"object type {kind} is not in ENUM_OBJECT")
        if chart not in (0, _OWN):
            return fail(C["ERR_CHART_WRONG_ID"], False)
        if not 0 < len(name) <= LONGEST_OBJECT:
            return fail(C["ERR_INVALID_PARAMETER"], False)
        made: dict[str, Cell] = {"OBJPROP_TYPE": kind, "OBJPROP_NAME": name}
        self.objects.setdefault(name, {**made, "OBJPROP_TIME": time, "OBJPROP_PRICE": price})
        return True

    def ObjectMove(self, chart: int, name: str, point: int, time: int, price: float) -> Answer:
        if name not in self.objects:
            return fail(C["ERR_OBJECT_NOT_FOUND"], False)
        self.objects[name] |= {"OBJPROP_TIME": time, "OBJPROP_PRICE": price}
        return True

    def ObjectDelete(self, chart: int, name: str) -> Answer:
        return self.objects.pop(name, None) is not None or fail(C["ERR_OBJECT_NOT_FOUND"], False)

    def ObjectsDeleteAll(self, chart: int, prefix: str, window: int, kind: int) -> Answer:
        doomed = [name for name in self._names(window, kind) if name.startswith(prefix)]
        for name in doomed:
            del self.objects[name]
        return len(doomed)

    def ObjectsTotal(self, chart: int, window: int, kind: int) -> Answer:
        return len(self._names(window, kind))

    def ObjectName(self, chart: int, at: int, window: int, kind: int) -> Answer:
        names = self._names(window, kind)
        return names[at] if 0 <= at < len(names) else fail(C["ERR_OBJECT_NOT_FOUND"], "")

    def ObjectFind(self, chart: int, name: str) -> Answer:
        return 0 if name in self.objects else fail(C["ERR_OBJECT_NOT_FOUND"], -1)

    def ObjectSetInteger(self, chart: int, name: str, number: int, value: int, modifier: int = 0) -> Answer:
        return self._set(name, "INTEGER", number, value)

    def ObjectSetDouble(self, chart: int, name: str, number: int, value: float, modifier: int = 0) -> Answer:
        return self._set(name, "DOUBLE", number, value)

    def ObjectSetString(self, chart: int, name: str, number: int, value: str, modifier: int = 0) -> Answer:
        return self._set(name, "STRING", number, value)

    def ObjectGetInteger(self, chart: int, name: str, number: int, modifier: int) -> Answer:
        return self._get(name, "INTEGER", number)

    def ObjectGetDouble(self, chart: int, name: str, number: int, modifier: int) -> Answer:
        return self._get(name, "DOUBLE", number)

    def ObjectGetString(self, chart: int, name: str, number: int, modifier: int) -> Answer:
        return self._get(name, "STRING", number)

    def _post(self, number: int, whole: int, real: float, text: str) -> None:
        """Queue an event for the EA. A second event of a type that is queued already is lost."""
        if all(waiting[0] != number for waiting in self.events):
            self.events.append((number, whole, real, text))

    def _names(self, window: int, kind: int) -> list[str]:
        """Return the names of the objects of one type, or of all. There is one window."""
        wanted = [name for name, each in self.objects.items() if kind in (-1, each["OBJPROP_TYPE"])]
        return wanted if window in (-1, 0) else []

    def _set(self, name: str, kind: str, number: int, value: Cell) -> Answer:
        key = _known(f"ENUM_OBJECT_PROPERTY_{kind}", number)
        if name not in self.objects:
            return fail(C["ERR_OBJECT_NOT_FOUND"], False)
        if key == "OBJPROP_NAME":
            self.objects[str(value)] = self.objects.pop(name)
            name = str(value)
        self.objects[name][key] = value
        return True

    def _get(self, name: str, kind: str, number: int) -> Answer:
        key = _known(f"ENUM_OBJECT_PROPERTY_{kind}", number)
        if name not in self.objects:
            return fail(C["ERR_OBJECT_NOT_FOUND"], False, _EMPTY[kind])
        return True, self.objects[name].get(key, _EMPTY[kind])

    def _set_property(self, chart: int, kind: str, number: int, value: Cell) -> Answer:
        key = _known(f"ENUM_CHART_PROPERTY_{kind}", number)
        if chart not in (0, _OWN):
            return fail(C["ERR_CHART_WRONG_ID"], False)
        self.properties[key] = value
        return True

    def _property(self, chart: int, kind: str, number: int) -> Answer:
        key = _known(f"ENUM_CHART_PROPERTY_{kind}", number)
        if chart not in (0, _OWN):
            return fail(C["ERR_CHART_WRONG_ID"], False, _EMPTY[kind])
        return True, self.properties.get(key, _EMPTY[kind])


def _known(enumeration: str, number: int) -> str:
    """Return a property's name. Raises Fault for an unknown number."""
    name = spelled(enumeration).get(number)
    if name is None:
        raise Fault(f"number {number} is not in {enumeration}")
    return name


class Variables:
    """Global variables of the terminal: doubles, shared by all programs, kept over reloads.

    Flushed values survive the end of the terminal, in a file of its data folder.
    """

    def __init__(self, clock: Clock, kept: Path) -> None:
        self._clock = clock
        self._kept = kept
        self.values: dict[str, float] = json.loads(kept.read_text()) if kept.exists() else {}

    def GlobalVariableCheck(self, name: str) -> Answer:
        return name in self.values

    def GlobalVariableGet(self, name: str) -> Answer:
        if name not in self.values:
            return fail(constants()["ERR_GLOBALVARIABLE_NOT_FOUND"], False, 0.0)
        return True, self.values[name]

    def GlobalVariableSet(self, name: str, value: float) -> Answer:
        if len(name) > LONGEST_VARIABLE:
            return fail(constants()["ERR_INVALID_PARAMETER"], 0)
        self.values[name] = value
        return self._clock.utc_ms() // 1000

    def GlobalVariableSetOnCondition(self, name: str, value: float, check: float) -> Answer:
        if self.values.get(name) != check:
            return fail(constants()["ERR_GLOBALVARIABLE_NOT_FOUND"] if name not in self.values else 0, False)
        self.values[name] = value
        return True

    def GlobalVariableTemp(self, name: str) -> Answer:
        return self.values.setdefault(name, 0.0) == 0.0

    def GlobalVariableDel(self, name: str) -> Answer:
        return self.values.pop(name, None) is not None

    def GlobalVariablesFlush(self) -> Answer:
        # A process that is killed here leaves the former values.
        temporary = self._kept.with_suffix(".new")
        temporary.write_text(json.dumps(self.values))
        temporary.replace(self._kept)
        return None
