"""The equity with which the broker's day began, kept beside the ledger: a restart must not begin the day anew."""

from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from bridge.log_codes import LogCode
from bridge.logs import EventLog

_DAY_MS: Final = 86_400_000

_log = EventLog.named(__name__)


class _Record(msgspec.Struct, frozen=True, kw_only=True):
    day: int
    """Days of the broker's clock since 1970."""
    equity: Decimal


_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(_Record)


class DayEquity:
    """The equity at the day's first beat. A day whose beginning was not seen begins when it is first seen."""

    def __init__(self, path: Path) -> None:
        """The file at `path` is written with a day's first beat, and made where there is none."""
        self._path = path
        self._record = self._read()

    @property
    def equity(self) -> Decimal | None:
        """Account currency; None before the first beat."""
        return None if self._record is None else self._record.equity

    def beat(self, server_ms: int, equity: Decimal) -> None:
        """How the account stands now. A clock that was set back does not begin an earlier day."""
        day = server_ms // _DAY_MS
        if self._record is not None and day <= self._record.day:
            return
        self._record = _Record(day=day, equity=equity)
        draft = self._path.with_name(self._path.name + ".new")
        try:
            draft.write_bytes(_encoder.encode(self._record))
            draft.replace(self._path)
        except OSError as error:
            # The day goes on in memory; only a restart begins it anew.
            _log.warning(LogCode.DAY_EQUITY_NOT_WRITTEN, file=str(self._path), error=str(error))

    def _read(self) -> _Record | None:
        try:
            return _decoder.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
            _log.warning(LogCode.DAY_EQUITY_NOT_READ, file=str(self._path), error=str(error))
            return None
