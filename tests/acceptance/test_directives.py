"""Invalid, late, repeated and changed directives in the Director's poll."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from bridge.core.director.contract import EventType, utc_text
from bridge.core.units.mt5_retcodes import Retcode
from tests.rig.rig import OPENED, REFUSED, Rig
from tests.rig.world import OFFICER


def _in(seconds: float) -> str:
    """Return the time that many seconds from now."""
    return utc_text(datetime.now(UTC) + timedelta(seconds=seconds))


def _text(directive_id: str, **fields: object) -> bytes:
    """Return a directive as the Director writes it, with fields added, changed, or (None) left out."""
    whole = {
        "directive_id": directive_id,
        "symbol": "EURUSD",
        "action": "OPEN_LONG",
        "order_type": "MARKET",
        "quantity": 0.01,
        "issued_at": _in(-1),
        "expires_at": _in(300),
        **fields,
    }
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


def _bad() -> dict[str, tuple[bytes, str]]:
    """Return directives that must cause no order: text and error code, by directive_id."""
    return {
        "zero": (_text("zero", quantity=0), "INVALID_VALUE"),
        "negative": (_text("negative", quantity=-0.01), "INVALID_VALUE"),
        "nan": (_text("nan", quantity=float("nan")), "INVALID_VALUE"),
        "huge": (_text("huge").replace(b"0.01", b"1e999999"), "INVALID_VALUE"),
        "words": (_text("words", quantity="a lot"), "INVALID_VALUE"),
        "no-quantity": (_text("no-quantity", quantity=None), "MISSING_FIELD"),
        "no-symbol": (_text("no-symbol", symbol=None), "MISSING_FIELD"),
        "nul": (_text("nul", symbol="EUR\0USD"), "INVALID_VALUE"),
        "action": (_text("action", action="OPEN_SIDEWAYS"), "UNKNOWN_ACTION"),
        "order-type": (_text("order-type", order_type="ICEBERG"), "UNKNOWN_ORDER_TYPE"),
        "zone": (_text("zone", issued_at="2026-01-04T10:00:00"), "INVALID_VALUE"),
        "twice": (_text("twice").replace(b'"quantity"', b'"quantity": 5, "quantity"'), "DUPLICATE_KEY"),
        "stops": (_text("stops", stop_loss=1.2, take_profit=1.0), "INVALID_STOPS"),
        "expired": (_text("expired", issued_at=_in(-20), expires_at=_in(-10)), "EXPIRED"),
        # Errors that only the terminal or the broker can detect.
        "step": (_text("step", quantity=0.015), "INVALID_QUANTITY"),
        "symbol": (_text("symbol", symbol="NOSUCH"), "UNKNOWN_SYMBOL"),
        "stop-side": (_text("stop-side", stop_loss=1.2), str(int(Retcode.INVALID_STOPS))),
        "margin": (_text("margin", quantity=50), str(int(Retcode.NO_MONEY))),
    }


def test_invalid_directives_are_rejected_and_valid_ones_in_the_same_poll_are_executed(
    rig: Rig,
) -> None:
    rig.start_director()
    rig.start_broker()
    rig.director_process.line("http://")
    bad = _bad()
    rig.director.issue_raw(OFFICER, _text("first"))
    for text, _ in bad.values():
        rig.director.issue_raw(OFFICER, text)
    rig.director.issue_raw(OFFICER, _text("last"))
    rig.start_sidecar()
    rig.start_terminal()
    for good in ("first", "last"):
        rig.emitted(good, *OPENED)
    codes = {directive_id: rig.emitted(directive_id, *REFUSED)[1].code for directive_id in bad}
    assert codes == {directive_id: code for directive_id, (_, code) in bad.items()}
    sends = rig.broker.sends()
    assert [send.executed for send in sends].count(True) == 2
    # The reference terminal leaves these two to the broker, which refuses them.
    refused = {send.retcode for send in sends if not send.executed}
    assert (refused, len(sends)) == ({Retcode.INVALID_STOPS, Retcode.NO_MONEY}, 4)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'"a word"', "INVALID_DIRECTIVE"),
        (b"[[]]", "INVALID_DIRECTIVE"),
        (b"{}", "MISSING_FIELD"),
        (_text("x" * 1_000_000), "INVALID_VALUE"),
        (_text("nul\0"), "INVALID_VALUE"),
    ],
    ids=["no object", "a list", "no id", "an id of a megabyte", "an id with NUL"],
)
def test_directive_without_a_usable_id_is_rejected_once(rig: Rig, text: bytes, code: str) -> None:
    rig.start()
    rig.director.issue_raw(OFFICER, text)
    rig.emitted_besides(EventType.ORDER_REJECTED, code)
    # The Director continues to list it: no event could confirm that it was received.
    rig.open()
    rejections = [event for event in rig.director.events() if event.type == EventType.ORDER_REJECTED]
    assert len(rejections) == 1


def test_directive_expired_while_the_terminal_is_away_is_never_sent(rig: Rig) -> None:
    rig.start()
    rig.terminal.kill()
    late = rig.issue("OPEN_LONG", expires_at=_in(2))
    _, rejected = rig.emitted(late, *REFUSED)
    assert rejected.code == "EXPIRED"
    rig.restart_terminal()
    rig.open()
    assert len(rig.broker.sends()) == 1


def test_directive_is_sent_when_the_terminal_returns_before_its_expiry(rig: Rig) -> None:
    rig.start()
    rig.terminal.kill()
    waiting = rig.issue("OPEN_LONG")
    rig.emitted(waiting, EventType.DIRECTIVE_RECEIVED)
    rig.restart_terminal()
    rig.emitted(waiting, *OPENED)
    assert len(rig.broker.sends()) == 1


def test_directive_listed_in_every_poll_is_executed_once(rig: Rig) -> None:
    rig.start_director("--listing", "forever")
    rig.start_broker()
    rig.start_sidecar()
    rig.start_terminal()
    rig.ready()
    first = rig.open()
    # Each of these takes several polls, and each poll brings the first again.
    others = [rig.open() for _ in range(3)]
    assert len(rig.broker.sends()) == 4
    for directive_id in (first, *others):
        rig.emitted(directive_id, *OPENED)


def test_changed_directive_emits_one_error_and_the_first_body_is_executed(rig: Rig) -> None:
    rig.start()
    directive_id = rig.open(quantity=0.01)
    for quantity in (0.02, 0.03):
        rig.director.issue_raw(OFFICER, _text(directive_id, quantity=quantity))
    *_, changed = rig.emitted(directive_id, *OPENED, EventType.SYSTEM_ERROR)
    assert changed.code == "DIRECTIVE_CHANGED"
    rig.open()
    assert [float(send.request.volume) for send in rig.broker.sends()] == [0.01, 0.01]
