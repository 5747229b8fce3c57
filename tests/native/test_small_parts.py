"""Small modules of the EA: HMAC by RFC 4231, link clock, filling modes, numbers on a grid, map, entropy."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bridge.core.link.messages import CommandKind
from bridge.simulator.mt5.types import SymbolExecution
from bridge.simulator.terminal.link_clock import LinkClock
from tests.mql5.host.functions.chart import Chart
from tests.native.console import Console, console, variables

HMAC, START, HEARD, NOW, FILLING, GRID, PUT, FIND, SEED, DRAW, SAME = 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12
SHOW, BEAT, POST, RELEASE, LOG = 13, 14, 15, 16, 17


KEY_4 = bytes(range(1, 26)).hex()
CASE_6 = b"Test Using Larger Than Block-Size Key - Hash Key First"
CASE_7 = (
    b"This is a test using a larger than block-size key and a larger than block-size data. "
    b"The key needs to be hashed before being used by the HMAC algorithm."
)


class LoggedOut:
    """Account functions of a terminal before the login."""

    def AccountInfoInteger(self, number: int) -> int:
        return 0

    def AccountInfoDouble(self, number: int) -> float:
        return 0.0

    def AccountInfoString(self, number: int) -> str:
        return ""


CHART = Chart()
"""Chart of the program that all these tests share."""


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    folder = Path(tmp_path_factory.mktemp("small"))
    with console("small", folder, LoggedOut(), CHART, variables(folder)) as running:
        yield running


@pytest.mark.parametrize(
    ("key", "data", "mac"),
    [  # RFC 4231, test cases 1, 2, 3, 4, 6, 7; and nothing under an empty key
        ("0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe".hex(),
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        ("aa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (
            bytes(range(1, 26)).hex(),
            b"\xcd" * 50,
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
        ),
        ("aa" * 131, CASE_6, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        ("aa" * 131, CASE_7, "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
        ("", b"", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
    ],
)
def test_hmac_sha256(parts: Console, key: str, data: bytes, mac: str) -> None:
    assert parts.one(HMAC, f"{key}|{data.hex()}") == mac


@pytest.mark.parametrize(("theirs", "word"), [("ab", "same"), ("ac", "different"), ("abc", "different")])
def test_secrets_are_compared_by_value(parts: Console, theirs: str, word: str) -> None:
    assert parts.one(SAME, f"ab|{theirs}") == word


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 10**12),
    st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**6)), max_size=20),
)
def test_link_clock_equals_the_reference_terminals(
    parts: Console, start: int, beats: list[tuple[int, int]]
) -> None:
    clock, mono = LinkClock(start), start
    parts.ask(START, number=start)
    for clock_ms, passed in beats:
        mono += passed
        clock.heartbeat(clock_ms, mono)
        parts.ask(HEARD, str(clock_ms), mono)
        assert parts.one(NOW, number=mono) == str(clock.now(mono))
    assert parts.one(NOW, number=0) == str(clock.now(0))


FLAG_SETS = ("none", "FOK", "IOC", "FOK+IOC", "BOC", "FOK+BOC", "IOC+BOC", "FOK+IOC+BOC")
"""SYMBOL_FILLING_MODE 0..7, as flags."""
WHOLE = ("RETURN", "FOK", "IOC", "FOK", "RETURN", "FOK", "IOC", "FOK")
PARTIAL = ("RETURN", "FOK", "IOC", "IOC", "RETURN", "FOK", "IOC", "IOC")
"""Filling mode by flags: an OPEN takes FOK first, a CLOSE IOC first. RETURN is the last resort, and FOK is under
market execution, which forbids RETURN."""


@pytest.mark.parametrize("execution", SymbolExecution)
@pytest.mark.parametrize("flags", range(8), ids=FLAG_SETS)
@pytest.mark.parametrize(("kind", "table"), [(CommandKind.OPEN, WHOLE), (CommandKind.CLOSE, PARTIAL)])
def test_filling_mode_of_a_market_order(
    parts: Console, kind: CommandKind, table: tuple[str, ...], flags: int, execution: SymbolExecution
) -> None:
    mode = table[flags]
    if mode == "RETURN" and execution is SymbolExecution.MARKET:
        mode = "FOK"
    assert parts.one(FILLING, f"{kind}|{flags}|{int(execution)}") == f"ORDER_FILLING_{mode}"


@pytest.mark.parametrize(
    ("text", "step", "value"),
    [
        ("0.30", 0.1, "0.300000000000"), ("0.1", 0.01, "0.100000000000"), ("1.09005", 0.00001, "1.090050000000"),
        ("2400.25", 0.25, "2400.250000000000"), ("0.105", 0.01, "0.105000000000"),
        ("2400.30", 0.25, "2400.300000000000"),
        ("", 0.01, "0.000000000000"), ("0.1", 0.0, "0.100000000000"), ("1000000", 0.01, "1000000.000000000000"),
    ],
)  # fmt: skip
def test_number_off_its_grid_is_not_rounded(parts: Console, text: str, step: float, value: str) -> None:
    assert parts.one(GRID, text, real=step) == value


def test_map_behaves_as_a_dict(parts: Console) -> None:
    chance = random.Random(1)  # noqa: S311 - random choices of a test
    model: dict[int, int] = {}
    keys = [chance.randrange(-(2**63), 2**63) for _ in range(200)]
    keys += [0, -1, 2**63 - 1, -(2**63), *range(64, 6400, 64)]
    for _ in range(1_000):
        key, value = chance.choice(keys), chance.randrange(1000)
        model[key] = value
        parts.ask(PUT, str(key), value)
    assert all(parts.one(FIND, str(key)) == str(model.get(key, -1)) for key in [*keys, 12345])


def test_random_draws_differ(parts: Console) -> None:
    drawn = set()
    for _ in range(20):
        parts.ask(SEED, "secret")
        drawn |= {parts.one(DRAW, number=32) for _ in range(20)}
    assert len(drawn) == 400
    assert all(len(each) == 64 for each in drawn)


WORDS = st.lists(st.text("abcde", min_size=1, max_size=130), max_size=12)


@given(WORDS)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["one", "w" * 59])
@example(["w" * 62])
@example(["w" * 63])
@example(["w" * 1000])
@example(["short", "w" * 1000, "behind"])
def test_any_text_is_wrapped_to_lines_that_fit_a_label(parts: Console, words: list[str]) -> None:
    """At most 14 lines of 62 characters, with an indent of four; longer text is cut at the end."""
    parts.ask(SHOW, " ".join(words))
    lines = [str(CHART.objects[f"ExecutionOfficer.{line}"]["OBJPROP_TEXT"]) for line in range(14)]
    assert all(len(line) <= 62 for line in lines)
    assert all(line == " " or line.startswith("    ") for line in lines[1:])
    shown, asked = ("".join("".join(part).split()) for part in (lines, words))
    assert asked.startswith(shown)
    assert shown == asked or lines[-1] != " "


def test_day_does_not_begin_before_the_equity_is_known(parts: Console) -> None:
    day_ms = 86_400_000
    assert parts.one(BEAT, "Server", 20_000 * day_ms, 0.0) == "unknown"
    assert parts.one(BEAT, "Server", 20_000 * day_ms + 1, 990.0) == "990.00"
    assert parts.one(BEAT, "Server", 20_001 * day_ms, 0.0) == "990.00"
    assert parts.one(BEAT, "Server", 20_001 * day_ms + 1, 985.5) == "985.50"
    assert parts.one(BEAT, "Server", 20_001 * day_ms + 2, 900.0) == "985.50"


def test_report_too_long_for_a_frame_is_dropped_with_one_alarm(parts: Console) -> None:
    parts.ask(POST, '{"kind":"first"}')
    parts.ask(POST, '{"kind":"large","text":"' + "x" * 200 + '"}')
    parts.ask(POST, '{"kind":"last"}')
    first, last, alarm = parts.ask(RELEASE, number=120)
    assert ("first" in first, "last" in last) == (True, True)
    assert alarm.startswith("1 reports were dropped since the program was loaded")
    assert '{"kind":"large"' in alarm
    assert parts.ask(RELEASE, number=120) == []


def test_repeated_line_is_printed_again_after_a_minute(parts: Console) -> None:
    assert parts.ask(LOG, "the disk is full") == ["error: the disk is full code=test"]
    parts.clock.advance_us(59_900_000)
    assert parts.ask(LOG, "the disk is full") == []
    parts.clock.advance_us(200_000)
    assert parts.ask(LOG, "the disk is full") == ["error: the disk is full code=test"]
