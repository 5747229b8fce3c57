"""Halt, resume and flatten: what stands in the journal, and what the audit says of it."""

import json
from typing import Any

from bridge.journal.database import file
from bridge.journal.database.words import HaltSetter
from bridge.journal.tables import halts
from bridge.journal.tables.halts import ALL, Halt

from .conftest import MakeDesk
from .desk import NOW, OFFICER, OTHER, Desk, directive, settings

NONCE = "0f" * 8


def why(desk: Desk, symbol: str = "EURUSD", officer: str = OFFICER) -> str:
    """Why the officer may open nothing in the symbol."""
    return halts.reason(desk.connection, officer, [symbol])


def operated(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """What the audit says that people did, in order."""
    found = desk.rows("SELECT subject, body FROM audit WHERE kind = 'operator' ORDER BY seq")
    return [(subject, json.loads(body)) for subject, body in found]


def test_nothing_is_halted_at_first(desk: Desk) -> None:
    assert why(desk) == ""


def test_a_halt_of_all_stops_every_symbol_of_that_officer(desk: Desk) -> None:
    stands = desk.journal.halt(OFFICER, NOW, symbol=ALL, why="news at ten")
    assert stands == Halt(
        officer=OFFICER,
        symbol="",
        since="2026-01-05T10:00:00.000Z",
        why="news at ten",
        set_by=HaltSetter.OPERATOR,
    )
    assert why(desk) == why(desk, "GBPUSD") == why(desk, ALL) == "news at ten"
    assert why(desk, officer=OTHER) == ""


def test_a_halt_of_one_symbol_stops_no_other(desk: Desk) -> None:
    desk.journal.halt(OFFICER, NOW, symbol="EURUSD", why="its spread")
    assert why(desk) == "its spread"
    assert why(desk, "eurusd") == why(desk, "EURUSD.r") == why(desk, ALL) == ""


def test_a_halt_by_either_name_stops_opens_by_that_name_and_no_other(make_desk: MakeDesk) -> None:
    for halted, emitted in (("GOLD", "HALTED"), ("XAUUSD.r", "HALTED"), ("EURUSD", "")):
        desk = make_desk(settings(symbols={"GOLD": "XAUUSD.r"}))
        desk.join()
        desk.planned(directive("dir-planned", symbol="GOLD"))
        desk.journal.halt(OFFICER, NOW, symbol=halted, why="news")
        desk.take(directive("dir-waits", symbol="GOLD"))
        sent = [command.order.comment for command in desk.advance()]
        assert sent == ([] if emitted else ["dir-planned", "dir-waits"])
        refused = {body["directive_id"]: body["error_code"] for body in desk.bodies("ORDER_REJECTED")}
        assert refused == ({"dir-planned": emitted, "dir-waits": emitted} if emitted else {})
        assert desk.journal.known_symbols(OFFICER) == {"XAUUSD.r"}


def test_a_halt_without_a_reason_is_one_all_the_same(desk: Desk) -> None:
    desk.journal.halt(OFFICER, NOW, symbol=ALL, why="")
    assert why(desk) == "an operator halted it"


def test_the_first_reason_stands_and_the_second_is_in_the_audit(desk: Desk) -> None:
    first = desk.journal.halt(OFFICER, NOW, symbol=ALL, why="first")
    desk.later(60)
    assert desk.journal.halt(OFFICER, desk.now, symbol=ALL, why="second") == first
    assert operated(desk) == [
        ("halt", {"symbol": "", "why": "first"}),
        ("halt", {"symbol": "", "why": "second"}),
    ]


def test_a_halt_of_all_is_emitted_before_that_of_the_symbol(desk: Desk) -> None:
    desk.journal.halt(OFFICER, NOW, symbol="EURUSD", why="its spread")
    desk.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    assert why(desk) == "news"


def test_a_resume_lifts_every_halt_of_the_officer_and_says_which(desk: Desk) -> None:
    halts = [desk.journal.halt(OFFICER, NOW, symbol=symbol, why="x") for symbol in (ALL, "EURUSD", "GBPUSD")]
    desk.journal.halt(OTHER, NOW, symbol=ALL, why="y")
    assert desk.journal.resume(OFFICER, NOW, symbol=None, why="over") == halts
    assert why(desk) == ""
    assert why(desk, officer=OTHER) == "y"
    subject, body = operated(desk)[-1]
    assert (subject, body["why"]) == ("resume", "over")
    assert [each["symbol"] for each in body["lifted"]] == ["", "EURUSD", "GBPUSD"]


def test_a_resume_of_one_symbol_leaves_the_others(desk: Desk) -> None:
    for symbol in (ALL, "EURUSD"):
        desk.journal.halt(OFFICER, NOW, symbol=symbol, why=f"for {symbol or 'all'}")
    [lifted] = desk.journal.resume(OFFICER, NOW, symbol=ALL, why="")
    assert lifted.symbol == ALL
    assert (why(desk), why(desk, "GBPUSD")) == ("for EURUSD", "")


def test_a_resume_where_nothing_is_halted_is_audited_too(desk: Desk) -> None:
    assert desk.journal.resume(OFFICER, NOW, symbol=None, why="") == []
    assert operated(desk) == [("resume", {"symbol": None, "why": "", "lifted": []})]


def test_a_halt_survives_a_restart(desk: Desk) -> None:
    desk.journal.halt(OFFICER, NOW, symbol=ALL, why="news")
    desk.connection.close()
    desk.connection = file.open_writer(desk.path)
    assert why(desk) == "news"
    assert desk.chain_break() == ""


def test_a_flatten_is_a_directive_of_its_own_and_halts_the_officer(desk: Desk) -> None:
    done = desk.journal.flatten(OFFICER, NOW, nonce=NONCE, why="the strategy is off")
    assert done.directive_id == f"operator:flatten:2026-01-05T10:00:00.000Z:{NONCE}"
    assert done.halt.why == why(desk) == "flatten: the strategy is off"
    [(origin, action, symbol, state, expires_at, body, raw)] = desk.rows(
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


def test_a_flatten_is_in_the_audit_and_the_journal_still_fits_it(desk: Desk) -> None:
    done = desk.journal.flatten(OFFICER, NOW, nonce=NONCE, why="")
    found = desk.rows("SELECT kind, subject, directive_id FROM audit ORDER BY seq")
    assert found == [
        ("operator", "halt", None),
        ("directive", done.directive_id, done.directive_id),
        ("operator", "flatten", done.directive_id),
    ]
    assert desk.chain_break() == ""
    file.check(desk.path)


def test_two_flattens_are_two_directives(desk: Desk) -> None:
    first = desk.journal.flatten(OFFICER, NOW, nonce=NONCE, why="once")
    second = desk.journal.flatten(OFFICER, NOW, nonce="1f" * 8, why="twice")
    assert first.directive_id != second.directive_id
    assert second.halt == first.halt
