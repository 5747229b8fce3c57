"""A value that the EA does not know is refused by name on each border, and nothing is sent."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bridge.core.link.messages import CommandKind, ErrorMessage
from bridge.core.units.mt5_terms import Side
from bridge.simulator.mt5.types import Retcode
from tests.mql5.host.functions.chart import Chart
from tests.native.bench import Bench
from tests.native.console import Console, console, variables
from tests.native.test_ledger import LIST, NAME, OPEN, fill, path
from tests.native.test_small_parts import LoggedOut
from tests.sidecar_peer import open_order

KINDS: Final = "OPEN, CLOSE, MODIFY, CANCEL"
SIDES: Final = "BUY, SELL"
TYPES: Final = "MARKET, LIMIT, STOP, STOP_LIMIT"
TIMES: Final = "GTC, DAY, GTD"
VALUES, KIND, PENDING, EXPIRY, ACTION, FLAG = 1, 2, 3, 4, 5, 6


@pytest.fixture(scope="module")
def checks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = Path(tmp_path_factory.mktemp("values"))
    with console("values", folder, LoggedOut(), Chart(), variables(folder)) as running:
        yield running


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Console]:
    with console("ledger", tmp_path, LoggedOut(), Chart(), variables(tmp_path)) as running:
        yield running


def refused(joined: Bench, frame: bytes) -> ErrorMessage:
    """Send a frame; return the one error message that answers it. No order went out, no intent was written."""
    before = joined.ledger.read_text()
    joined.send_frame(frame)
    joined.run(1_500)
    (error,) = joined.peer.messages_of(ErrorMessage)
    assert joined.broker.sends() == []
    assert joined.broker.positions() == []
    assert joined.ledger.read_text() == before
    assert joined.stages() == []
    return error


def still_executes(joined: Bench) -> None:
    """Check that the session goes on: the next command is executed."""
    joined.send_frame(joined.peer.command(open_order(1002)))
    joined.run(1_500)
    assert joined.stages(1002) == ["received", "submitted", "result"]


@pytest.mark.parametrize(
    ("known", "unknown", "message"),
    [
        ('"kind":"OPEN"', '"kind":"HEDGE"', f'command: kind "HEDGE" is not supported; supported: {KINDS}'),
        ('"kind":"OPEN"', '"kind":"open"', f'command: kind "open" is not supported; supported: {KINDS}'),
        ('"kind":"OPEN"', '"kind":"OPEN,CLOSE"', f'kind "OPEN,CLOSE" is not supported; supported: {KINDS}'),
        ('"side":"BUY"', '"side":"SHORT"', f'command: side "SHORT" is not supported; supported: {SIDES}'),
        (
            '"side":"BUY"',
            '"side":"BUY","order_type":"ICEBERG"',
            f'command: order_type "ICEBERG" is not supported; supported: {TYPES}',
        ),
        (
            '"side":"BUY"',
            '"side":"BUY","time_in_force":"FOK"',
            f'command: time_in_force "FOK" is not supported; supported: {TIMES}',
        ),
    ],
)
def test_command_with_unknown_value_is_answered_with_error(
    joined: Bench, known: str, unknown: str, message: str
) -> None:
    frame = joined.peer.command(open_order()).decode()
    assert known in frame
    error = refused(joined, frame.replace(known, unknown).encode())
    assert error.code == "MALFORMED"
    assert message in error.message
    still_executes(joined)


def test_message_of_unknown_type_is_answered_with_error(joined: Bench) -> None:
    frame = joined.peer.command(open_order()).replace(b'"type":"command"', b'"type":"trade"')
    error = refused(joined, frame)
    assert (error.code, error.message) == ("UNKNOWN_TYPE", 'unknown message type "trade"')
    still_executes(joined)


@pytest.mark.parametrize(
    ("check", "value", "retcode", "message"),
    [
        (VALUES, "kind=HEDGE", Retcode.INVALID, f'kind "HEDGE" is not supported; supported: {KINDS}'),
        (VALUES, "kind=", Retcode.INVALID, f'kind "" is not supported; supported: {KINDS}'),
        (VALUES, "side=LONG", Retcode.INVALID, f'side "LONG" is not supported; supported: {SIDES}'),
        (
            VALUES,
            "order_type=X",
            Retcode.INVALID_ORDER,
            f'order_type "X" is not supported; supported: {TYPES}',
        ),
        (
            VALUES,
            "time_in_force=FOK",
            Retcode.INVALID_EXPIRATION,
            f'time_in_force "FOK" is not supported; supported: {TIMES}',
        ),
        (KIND, "kind=HEDGE", Retcode.INVALID, f'kind "HEDGE" is not supported; supported: {KINDS}'),
        (
            PENDING,
            "order_type=MARKET",
            Retcode.INVALID_ORDER,
            'order_type "MARKET" is not supported; supported: LIMIT, STOP, STOP_LIMIT',
        ),
        (
            EXPIRY,
            "time_in_force=FOK",
            Retcode.INVALID_EXPIRATION,
            f'time_in_force "FOK" is not supported; supported: {TIMES}',
        ),
    ],
)
def test_check_refuses_unknown_value_by_name(
    checks: Console, check: int, value: str, retcode: Retcode, message: str
) -> None:
    assert checks.one(check, value) == f"refused CHECK {int(retcode)} {message}"


@pytest.mark.parametrize("value", ["kind=HEDGE", "side=LONG"])
def test_action_of_unknown_value_is_not_allowed(checks: Console, value: str) -> None:
    assert checks.one(ACTION, value).startswith("refused")


def test_unknown_order_type_is_allowed_by_no_symbol(checks: Console) -> None:
    assert checks.one(FLAG, "order_type=ICEBERG").startswith("refused")


@pytest.mark.parametrize("kind", CommandKind)
@pytest.mark.parametrize("side", Side)
def test_known_values_pass_every_check(checks: Console, kind: CommandKind, side: Side) -> None:
    for value in (f"kind={kind}", f"side={side}"):
        assert checks.one(VALUES, value) == "passed"
        assert checks.one(ACTION, value) == "passed"
    for order_type in ("LIMIT", "STOP", "STOP_LIMIT"):
        assert checks.one(PENDING, f"order_type={order_type}") == "passed"
        assert checks.one(FLAG, f"order_type={order_type}") == "passed"


@pytest.mark.parametrize(
    ("known", "unknown"),
    [
        (b'"kind":"OPEN"', b'"kind":"HEDGE"'),
        (b'"side":"BUY"', b'"side":"LONG"'),
        (b'"side":"BUY"', b'"side":"BUY","order_type":"ICEBERG"'),
        (b'"side":"BUY"', b'"side":"BUY","time_in_force":"FOK"'),
        (b'"side":"BUY"', b'"side":"BUY","leverage":100'),
        (b'"attempt":1', b'"attempt":1,"note":"x"'),
        (b'{"mark":2', b'{"entry":2'),
    ],
)
def test_ledger_line_with_unknown_word_breaks_the_ledger(
    ledger: Console, tmp_path: Path, known: bytes, unknown: bytes
) -> None:
    fill(ledger, 3)
    lines = path(tmp_path).read_bytes().split(b"\n")
    assert known in lines[2]
    lines[2] = lines[2].replace(known, unknown, 1)
    path(tmp_path).write_bytes(b"\n".join(lines))
    assert ledger.one(OPEN) == "open"
    assert ledger.one(NAME).endswith(" broken")
    assert "3:3" in ledger.one(LIST)
