"""The proofs of the link's handshake: every field bound, neither proof good for the other."""

import traceback

import msgspec
import pytest

from bridge.core.link.handshake import LinkKey, LinkKeyError, choose_version, proofs_equal
from bridge.core.link.messages import AccountIdentity, Hello
from bridge.core.units.mt5_terms import MarginMode, TradeMode

SECRET = bytes(range(32))
KEY = LinkKey(SECRET)
HELLO = Hello(min_version=1, max_version=1, officer="eo-001", instance_id="b" * 32, nonce="c" * 64)
NONCE = "d" * 64
ACCOUNT = AccountIdentity(
    login=12345,
    server="Broker-Demo",
    margin_mode=MarginMode.RETAIL_HEDGING,
    trade_mode=TradeMode.DEMO,
    currency="EUR",
)


def test_the_proofs_are_those_of_another_implementation() -> None:
    """By openssl dgst -sha256 -mac HMAC over the lines that the module documents."""
    assert (
        KEY.sidecar_proof(HELLO, 1, NONCE)
        == "b29a5137de62e8d76a9457950c485f80449a1e9f49f165495586a9e8f2b346b2"
    )
    assert (
        KEY.terminal_proof(HELLO, 1, NONCE, ACCOUNT)
        == "42e324a0bb9a8b0aa4c09252377662d91a2f080e094e8de22e50952f6fbccad8"
    )


@pytest.mark.parametrize(
    ("field", "other"), [("officer", "eo-002"), ("instance_id", "e" * 32), ("nonce", "e" * 64)]
)
def test_both_proofs_bind_each_field_of_the_hello(field: str, other: str) -> None:
    changed = msgspec.structs.replace(HELLO, **{field: other})
    assert KEY.sidecar_proof(changed, 1, NONCE) != KEY.sidecar_proof(HELLO, 1, NONCE)
    assert KEY.terminal_proof(changed, 1, NONCE, ACCOUNT) != KEY.terminal_proof(HELLO, 1, NONCE, ACCOUNT)


def test_both_proofs_bind_version_nonce_and_key() -> None:
    other = LinkKey(bytes(32))
    sidecar = {
        KEY.sidecar_proof(HELLO, 1, NONCE),
        KEY.sidecar_proof(HELLO, 2, NONCE),
        KEY.sidecar_proof(HELLO, 1, "e" * 64),
        other.sidecar_proof(HELLO, 1, NONCE),
    }
    terminal = {
        KEY.terminal_proof(HELLO, 1, NONCE, ACCOUNT),
        KEY.terminal_proof(HELLO, 2, NONCE, ACCOUNT),
        KEY.terminal_proof(HELLO, 1, "e" * 64, ACCOUNT),
        other.terminal_proof(HELLO, 1, NONCE, ACCOUNT),
    }
    assert len(sidecar | terminal) == 8


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("login", 12346),
        ("server", "Broker-Real"),
        ("margin_mode", MarginMode.RETAIL_NETTING),
        ("trade_mode", TradeMode.REAL),
    ],
)
def test_the_terminals_proof_binds_the_account(field: str, other: object) -> None:
    changed = msgspec.structs.replace(ACCOUNT, **{field: other})
    assert KEY.terminal_proof(HELLO, 1, NONCE, changed) != KEY.terminal_proof(HELLO, 1, NONCE, ACCOUNT)


def test_a_key_reads_back_from_its_text_however_it_was_copied() -> None:
    text = KEY.to_text()
    assert text == SECRET.hex()
    for copied in (text, text.upper(), f"  {text}\r\n"):
        assert LinkKey.from_text(copied).to_text() == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 63,
        "0" * 65,
        "g" * 64,
        "0" * 32 + " " + "0" * 31,
        "0x" + "0" * 62,
        "\u0660" * 64,
        "0" * 64 + "\n0",
    ],
)
def test_a_text_that_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(LinkKeyError) as caught:
        LinkKey.from_text(text)
    assert "64 hex digits" in str(caught.value)
    assert len(text) < 60 or text not in str(caught.value)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_secret_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(LinkKeyError, match=f"has {size}"):
        LinkKey(bytes(size))


def test_a_key_shows_itself_nowhere() -> None:
    try:
        raise RuntimeError(KEY)
    except RuntimeError as error:
        shown = "".join(traceback.format_exception(error))
    assert "LinkKey(...)" in shown
    assert KEY.to_text() not in shown + repr(KEY) + str(KEY) + f"{KEY}"
    assert not hasattr(KEY, "__dict__")


def test_proofs_are_equal_only_to_the_last_digit() -> None:
    assert proofs_equal("a" * 64, "a" * 64)
    assert not proofs_equal("a" * 64, "a" * 63 + "b")
    assert not proofs_equal("a" * 64, "a" * 63)
    assert not proofs_equal("a" * 64, "é" * 64)


@pytest.mark.parametrize(
    ("theirs", "ours", "chosen"),
    [
        ((1, 1), (1, 1), 1),
        ((1, 5), (1, 3), 3),
        ((1, 2), (1, 3), 2),
        ((2, 9), (1, 2), 2),
        ((3, 9), (1, 2), None),
        ((1, 1), (2, 3), None),
        ((3, 1), (1, 3), None),
    ],
)
def test_the_highest_version_that_both_speak_is_chosen(
    theirs: tuple[int, int], ours: tuple[int, int], chosen: int | None
) -> None:
    hello = msgspec.structs.replace(HELLO, min_version=theirs[0], max_version=theirs[1])
    assert choose_version(hello, *ours) == chosen
