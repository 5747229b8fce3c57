"""Halt, resume and flatten: their rows in the journal, and their audit rows."""

import json
from typing import Any

from bridge.journal.database import file
from bridge.journal.database.words import HaltSetter
from bridge.journal.tables import halts
from bridge.journal.tables.halts import ALL, Halt

from .bench import NOW, OFFICER, OTHER, JournalBench, directive, settings
from .conftest import MakeBench

NONCE = "0f" * 8


def why(bench: JournalBench, symbol: str = "EURUSD", officer: str = OFFICER) -> str:
    """Return the reason why the officer may open nothing in the symbol."""
    return halts.reason(bench.connection, officer, [symbol])


def operated(bench: JournalBench) -> list[tuple[str, dict[str, Any]]]:
    """Return name and arguments of the audited operator orders, in order."""
    found = bench.rows("SELECT subject, body FROM audit WHERE kind = 'operator' ORDER BY seq")
    return [(subject, json.loads(body)) for subject, body in found]


def test_new_journal_has_no_halt(bench: JournalBench) -> None:
    assert why(bench) == ""


def test_halt_of_all_symbols_is_in_force_for_that_officer_only(bench: JournalBench) -> None:
    stands = bench.journal.halt(OFFICER, NOW, symbol=ALL, why="news at ten")
    assert stands == Halt(
        officer=OFFICER,
        symbol="",
        since="2026-01-05T10:00:00.000Z",
        why="news at ten",
        set_by=HaltSetter.OPERATOR,
    )
    assert why(bench) == why(bench, "GBPUSD") == why(bench, ALL) == "news at ten"
    assert why(bench, officer=OTHER) == ""


def test_halt_of_one_symbol_affects_no_other(bench: JournalBench) -> None:
    bench.journal.halt(OFFICER, NOW, symbol="EURUSD", why="its spread")
    assert why(bench) == "its spread"
    assert why(bench, "eurusd") == why(bench, "EURUSD.r") == why(bench, ALL) == ""


def test_halt_by_either_name_rejects_opens_of_that_symbol_only(make_bench: MakeBench) -> None:
    for halted, emitted in (("GOLD", "HALTED"), ("XAUUSD.r", "HALTED"), ("EURUSD", "")):
        bench = make_bench(settings(symbols={"GOLD": "XAUUSD.r"}))
        bench.join()
        bench.planned(directive("dir-planned", symbol="GOLD"))
        bench.journal.halt(OFFICER, NOW, symbol=halted, why="news")
        bench.take(directive("dir-waits", symbol="GOLD"))
        sent = [command.order.comment for command in bench.advance()]
        assert sent == ([] if emitted else ["dir-planned", "dir-waits"])
        refused = {body["directive_id"]: body["error_code"] for body in bench.bodies("ORDER_REJECTED")}
        assert refused == ({"dir-planned": emitted, "dir-waits": emitted} if emitted else {})
        assert bench.journal.known_symbols(OFFICER) == {"XAUUSD.r"}


def test_halt_without_a_reason_is_in_force(bench: JournalBench) -> None:
    bench.journal.halt(OFFICER, NOW, symbol=ALL, why="")
    assert why(bench) == "an operator halted it"


def test_first_reason_of_a_halt_stays_and_the_second_is_audited(bench: JournalBench) -> None:
    first = bench.journal.halt(OFFICER, NOW, symbol=ALL, why="first")
    bench.later(60)
    assert bench.journal.halt(OFFICER, bench.now, symbol=ALL, why="second") == first
    assert operated(bench) == [
        ("halt", {"symbol": "", "why": "first"}),
        ("halt", {"symbol": "", "why": "second"}),
    ]


def test_reason_of_a_halt_of_all_symbols_comes_first(bench: JournalBench) -> None:
    bench.journal.halt(OFFICER, NOW, symbol="EURUSD", why="its spread")
    bench.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    assert why(bench) == "news"


def test_resume_lifts_and_returns_every_halt_of_the_officer(bench: JournalBench) -> None:
    halts = [bench.journal.halt(OFFICER, NOW, symbol=symbol, why="x") for symbol in (ALL, "EURUSD", "GBPUSD")]
    bench.journal.halt(OTHER, NOW, symbol=ALL, why="y")
    assert bench.journal.resume(OFFICER, NOW, symbol=None, why="over") == halts
    assert why(bench) == ""
    assert why(bench, officer=OTHER) == "y"
    subject, body = operated(bench)[-1]
    assert (subject, body["why"]) == ("resume", "over")
    assert [each["symbol"] for each in body["lifted"]] == ["", "EURUSD", "GBPUSD"]


def test_resume_of_one_symbol_leaves_the_others(bench: JournalBench) -> None:
    for symbol in (ALL, "EURUSD"):
        bench.journal.halt(OFFICER, NOW, symbol=symbol, why=f"for {symbol or 'all'}")
    [lifted] = bench.journal.resume(OFFICER, NOW, symbol=ALL, why="")
    assert lifted.symbol == ALL
    assert (why(bench), why(bench, "GBPUSD")) == ("for EURUSD", "")


def test_resume_without_a_halt_is_audited(bench: JournalBench) -> None:
    assert bench.journal.resume(OFFICER, NOW, symbol=None, why="") == []
    assert operated(bench) == [("resume", {"symbol": None, "why": "", "lifted": []})]


def test_halt_survives_a_restart(bench: JournalBench) -> None:
    bench.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    bench.connection.close()
    bench.connection = file.open_writer(bench.path)
    assert why(bench) == "news"
    assert bench.chain_break() == ""


def test_flatten_is_an_own_directive_and_halts_the_officer(bench: JournalBench) -> None:
    done = bench.journal.flatten(OFFICER, NOW, nonce=NONCE, why="the strategy is off")
    assert done.directive_id == f"operator:flatten:2026-01-05T10:00:00.000Z:{NONCE}"
    assert done.halt.why == why(bench) == "flatten: the strategy is off"
    [(origin, action, symbol, state, expires_at, body, raw)] = bench.rows(
        "SELECT origin, action, symbol, state, expires_at, body, raw FROM directives"
    )
    assert (origin, action, symbol, state, expires_at) == ("operator", "FLATTEN", "", "RECEIVED", None)
    said = json.loads(body)
    assert [said[name] for name in ("directive_id", "action", "why")] == [
        done.directive_id,
        "FLATTEN",
        "the strategy is off",
    ]
    assert raw == body


def test_flatten_is_audited_and_the_journal_is_consistent(bench: JournalBench) -> None:
    done = bench.journal.flatten(OFFICER, NOW, nonce=NONCE, why="")
    found = bench.rows("SELECT kind, subject, directive_id FROM audit ORDER BY seq")
    assert found == [
        ("operator", "halt", None),
        ("directive", done.directive_id, done.directive_id),
        ("operator", "flatten", done.directive_id),
    ]
    assert bench.chain_break() == ""
    file.check(bench.path)


def test_two_flattens_are_two_directives(bench: JournalBench) -> None:
    first = bench.journal.flatten(OFFICER, NOW, nonce=NONCE, why="once")
    second = bench.journal.flatten(OFFICER, NOW, nonce="1f" * 8, why="twice")
    assert first.directive_id != second.directive_id
    assert second.halt == first.halt
