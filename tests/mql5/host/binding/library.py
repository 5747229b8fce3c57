"""Built EA in this process: a private copy of its library, and the C values passed in both directions.

Each instance loads its own copy of the file. Globals, static members and static variables therefore belong to the
instance, and a reload begins with initial values, as in the terminal.
"""

import contextlib
import ctypes
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar, Final

if sys.platform != "win32":
    from _ctypes import dlclose

Cell = int | float | str | bytes
"""Value passed between Python and the EA: an integer or boolean, a double, a string, an array of bytes."""

MOST_RESULTS: Final = 24
CRASH: Final = -1
FAULT: Final = -2


class Tag(IntEnum):
    """Kind of a Value (standin/runtime.h)."""

    NONE = 0
    INTEGER = 1
    REAL = 2
    TEXT = 3
    BYTES = 4


# An EA makes a thousand calls in each simulated second, and the look-up of a member takes longer than the rest.
_INTEGER: Final = int(Tag.INTEGER)
_REAL: Final = int(Tag.REAL)
_TEXT: Final = int(Tag.TEXT)
_BYTES: Final = int(Tag.BYTES)


class _Content(ctypes.Union):
    """One pointer: `data` is its address, and an assignment to `owned` points to the bytes of a Python object."""

    _fields_: ClassVar = [("data", ctypes.c_void_p), ("owned", ctypes.c_char_p)]


class Value(ctypes.Structure):
    """`rt::value` of standin/runtime.h."""

    _anonymous_: ClassVar = ["content"]
    _fields_: ClassVar = [
        ("kind", ctypes.c_int32),
        ("padding", ctypes.c_int32),
        ("whole", ctypes.c_int64),
        ("fraction", ctypes.c_double),
        ("content", _Content),
        ("size", ctypes.c_int64),
    ]


HOST_CALL: Final = ctypes.CFUNCTYPE(
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.POINTER(Value),
    ctypes.c_int,
    ctypes.POINTER(Value),
    ctypes.POINTER(ctypes.c_int32),
)

Answering = Callable[[str, list[Cell]], tuple[int, Sequence[Cell], int]]
"""Host function: (name, arguments) -> (status 0, CRASH or FAULT; results; _LastError, 0 for unchanged)."""


def read(value: Value) -> Cell:
    """Return the Python value."""
    kind = value.kind
    if kind == _INTEGER:
        whole: int = value.whole
        return whole
    if kind == _REAL:
        fraction: float = value.fraction
        return fraction
    if kind not in (_TEXT, _BYTES):
        raise ValueError(f"value kind {kind} is unknown; runtime.h and Tag differ")
    raw = ctypes.string_at(value.data, value.size) if value.size else b""
    return raw.decode("utf-16-le", "surrogatepass") if kind == _TEXT else raw


def write(value: Value, cell: Cell) -> object:
    """Fill a C value. The returned object must live as long as the value is read."""
    if isinstance(cell, int):
        # Tickets and magics are unsigned: the upper half becomes negative, and the C++ side converts it back.
        value.kind, value.whole = _INTEGER, cell
        return None
    if isinstance(cell, float):
        value.kind, value.fraction = _REAL, cell
        return None
    raw = cell.encode("utf-16-le", "surrogatepass") if isinstance(cell, str) else bytes(cell)
    value.kind = _TEXT if isinstance(cell, str) else _BYTES
    value.owned, value.size = raw, len(raw)
    return raw


class Library:
    """One loaded copy."""

    def __init__(self, path: Path, host: Answering) -> None:
        self._host = host
        self._kept: list[object] = []
        self._folder = tempfile.TemporaryDirectory(prefix="expert-", ignore_cleanup_errors=True)
        copy = shutil.copy(path, Path(self._folder.name, path.name))
        self._c = ctypes.CDLL(str(copy))
        if sys.platform != "win32":  # where a file in use cannot be removed, `unload` removes it
            self._folder.cleanup()
        for name in ("mql_fault", "mql_input"):
            getattr(self._c, name).restype = ctypes.c_char_p
        self._c.mql_on_chart_event.argtypes = [
            ctypes.c_int,
            ctypes.c_int64,
            ctypes.c_double,
            ctypes.POINTER(Value),
        ]
        self._callback = HOST_CALL(self._answer)
        self.failure: BaseException | None = None
        """Exception of the host while the EA was running. The EA is dead then."""

    def _answer(self, name: bytes, arguments: Any, count: int, results: Any, error: Any) -> int:
        """Execute a call from C++, which no exception may leave."""
        try:
            given = [read(arguments[i]) for i in range(count)] if count else []
            status, cells, code = self._host(name.decode(), given)
            self._kept = [write(results[i], cell) for i, cell in enumerate(cells)]
            error[0] = code
            return status if status < 0 else len(cells)
        except BaseException as failure:
            self.failure = failure
            self._kept = [write(results[0], f"the host failed: {failure!r}")]
            return FAULT

    def call(self, name: str, *arguments: Any) -> int:
        """Call an exported function that returns an int."""
        result = int(getattr(self._c, f"mql_{name}")(*arguments))
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        return result

    def create(self) -> int:
        """Construct the globals, the first code of the EA to run."""
        return self.call("create", self._callback)

    def init(self) -> tuple[int, int]:
        """Call OnInit and return (status, OnInit's result)."""
        code = ctypes.c_int(0)
        return self.call("on_init", ctypes.byref(code)), code.value

    def cells(self, name: str, cells: Sequence[Cell]) -> int:
        """Call a function that takes an array of values."""
        values = (Value * len(cells))()
        kept = [write(values[i], cell) for i, cell in enumerate(cells)]
        status = self.call(name, values)
        del kept
        return status

    def chart_event(self, number: int, whole: int, real: float, text: str) -> int:
        """Call OnChartEvent."""
        value = Value()
        kept = write(value, text)
        status = self.call("on_chart_event", number, whole, real, ctypes.byref(value))
        del kept
        return status

    def text(self, name: str, *arguments: int) -> str:
        """Call an exported function that returns a C string."""
        raw: bytes = getattr(self._c, f"mql_{name}")(*arguments)
        return raw.decode()

    def unload(self) -> None:
        """Unload the library. Nothing may be called afterwards."""
        handle = self._c._handle
        del self._c
        if sys.platform != "win32":
            dlclose(handle)
        else:
            ctypes.windll.kernel32.FreeLibrary(ctypes.c_void_p(handle))
            with contextlib.suppress(OSError):
                self._folder.cleanup()
