"""The chart that the EA sits on, and the terminal's global variables.

Source: MQL5 reference, 'Object Functions', 'Chart Operations', 'Global Variables of the Client Terminal'.
"""

from dataclasses import dataclass, field
from typing import Final

from tests.terminal.clock import Clock
from tests.terminal.host import Answer, fail
from tests.terminal.reference import constants, spelled

LONGEST_OBJECT: Final = 63
LONGEST_VARIABLE: Final = 63
OBJECT_NOT_FOUND: Final = 4202


@dataclass
class Chart:
    """Objects by name, each with its properties by their MQL5 names."""

    symbol: str = "EURUSD"
    period: str = "PERIOD_H1"
    objects: dict[str, dict[str, int | float | str]] = field(default_factory=dict)

    def ChartID(self) -> Answer:
        return 1

    def ChartRedraw(self, chart: int) -> Answer:
        return None

    def ChartSymbol(self, chart: int) -> Answer:
        return self.symbol

    def ChartPeriod(self, chart: int) -> Answer:
        return constants()[self.period]

    def ChartGetInteger(self, chart: int, number: int, window: int) -> Answer:
        sizes = {"CHART_WIDTH_IN_PIXELS": 1200, "CHART_HEIGHT_IN_PIXELS": 700}
        return sizes.get(spelled("ENUM_CHART_PROPERTY_INTEGER")[number], 0)

    def ChartSetInteger(self, chart: int, number: int, value: int) -> Answer:
        return number in spelled("ENUM_CHART_PROPERTY_INTEGER")

    def EventChartCustom(self, chart: int, number: int, whole: int, real: float, text: str) -> Answer:
        return True

    def ObjectCreate(self, chart: int, name: str, kind: int, window: int, time: int, price: float) -> Answer:
        if not 0 < len(name) <= LONGEST_OBJECT:
            return fail(constants()["ERR_INVALID_PARAMETER"], False)
        self.objects.setdefault(name, {"OBJPROP_TYPE": kind})
        return True

    def ObjectDelete(self, chart: int, name: str) -> Answer:
        return self.objects.pop(name, None) is not None or fail(OBJECT_NOT_FOUND, False)

    def ObjectsDeleteAll(self, chart: int, prefix: str, window: int, kind: int) -> Answer:
        doomed = [name for name in self.objects if name.startswith(prefix)]
        for name in doomed:
            del self.objects[name]
        return len(doomed)

    def ObjectsTotal(self, chart: int, window: int, kind: int) -> Answer:
        return len(self.objects)

    def ObjectFind(self, chart: int, name: str) -> Answer:
        return 0 if name in self.objects else fail(OBJECT_NOT_FOUND, -1)

    def ObjectSetInteger(self, chart: int, name: str, number: int, value: int) -> Answer:
        return self._set(name, spelled("ENUM_OBJECT_PROPERTY_INTEGER")[number], value)

    def ObjectSetDouble(self, chart: int, name: str, number: int, value: float) -> Answer:
        return self._set(name, spelled("ENUM_OBJECT_PROPERTY_DOUBLE")[number], value)

    def ObjectSetString(self, chart: int, name: str, number: int, value: str) -> Answer:
        return self._set(name, spelled("ENUM_OBJECT_PROPERTY_STRING")[number], value)

    def ObjectGetInteger(self, chart: int, name: str, number: int, modifier: int) -> Answer:
        return self._get(name, spelled("ENUM_OBJECT_PROPERTY_INTEGER")[number], 0)

    def ObjectGetDouble(self, chart: int, name: str, number: int, modifier: int) -> Answer:
        return self._get(name, spelled("ENUM_OBJECT_PROPERTY_DOUBLE")[number], 0.0)

    def ObjectGetString(self, chart: int, name: str, number: int, modifier: int) -> Answer:
        return self._get(name, spelled("ENUM_OBJECT_PROPERTY_STRING")[number], "")

    def _set(self, name: str, key: str, value: int | float | str) -> Answer:
        if name not in self.objects:
            return fail(OBJECT_NOT_FOUND, False)
        self.objects[name][key] = value
        return True

    def _get(self, name: str, key: str, default: int | float | str) -> Answer:
        return (
            self.objects[name].get(key, default) if name in self.objects else fail(OBJECT_NOT_FOUND, default)
        )


class Variables:
    """The terminal's global variables: doubles, shared by all of its programs, kept over reloads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.values: dict[str, float] = {}

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
        return None
