"""Intake: the items of a poll, into the inbox, on a real file."""

import json
import sqlite3

import msgspec
import pytest
from msgspec.structs import replace

from bridge.core.director.contract import KEPT_EVENT_FIELDS, Directive
from bridge.core.director.poll import read_batch
from bridge.core.units.order_ids import OPENING, make_client_order_id
from bridge.journal.database import file
from bridge.journal.steps.dispatch import Work
from bridge.journal.steps.intake import Taken
from bridge.journal.tables import commands

from .bench import ACCOUNT, OFFICER, OTHER, PREFIX, JournalBench, begun, closing, directive, limit, settings
from .conftest import MakeBench


def test_new_directive_is_stored_as_it_came_emitted_and_waits_for_a_terminal(bench: JournalBench) -> None:
    text = '{ "directive_id":"dir-1",' + directive().partition(",")[2].replace("0.3", "0.30")
    assert bench.take(text) == Taken(new=1)
    [(raw, body, state)] = bench.rows("SELECT raw, body, state FROM directives")
    assert (raw, state) == (text, "RECEIVED")
    assert '"quantity": 0.30' in body
    assert bench.emitted() == ["DIRECTIVE_RECEIVED"]
    # Without a terminal the symbol is unknown: nothing is planned.
    assert bench.journal.advance(OFFICER, None, bench.now) == Work()
    assert bench.rows("SELECT count(*) FROM commands") == [(0,)]


def test_directive_becomes_a_command_with_the_client_order_id_of_its_id(joined: JournalBench) -> None:
    joined.planned(directive())
    client_order_id = make_client_order_id(PREFIX, OFFICER, "dir-1", OPENING)
    assert joined.rows("SELECT client_order_id, number, state, attempt FROM commands") == [
        (client_order_id, 1, "PLANNED", 0)
    ]
    assert joined.directive_state() == "WORKING"
    assert joined.emitted() == ["DIRECTIVE_RECEIVED"]


def test_intake_is_committed_when_the_step_returns(bench: JournalBench) -> None:
    bench.take(directive())
    with file.open_reader(bench.path) as beside:
        assert beside.execute("SELECT state FROM directives").fetchone()[0] == "RECEIVED"


def test_directive_without_expiry_lives_as_long_as_the_officers_setting(joined: JournalBench) -> None:
    joined.take(directive(expires_at=None))
    assert joined.rows("SELECT expires_at FROM directives") == [("2026-01-05T10:05:00.000Z",)]
    joined.planned()
    assert joined.rows("SELECT expires_at FROM commands") == [("2026-01-05T10:05:00.000Z",)]


@pytest.mark.parametrize(
    "again",
    [
        directive(),
        directive().replace("0.3", "0.300"),
        directive().replace("10:00:00Z", "12:00:00+02:00"),
        directive(remark="seen before"),
    ],
)
def test_repeated_directive_in_any_spelling_writes_nothing(bench: JournalBench, again: str) -> None:
    bench.take(directive())
    before = bench.content()
    transactions = begun(bench.connection)
    assert bench.take(again) == Taken()
    assert transactions == []
    assert bench.content() == before


def test_changed_directive_is_emitted_once_and_the_first_body_counts(joined: JournalBench) -> None:
    bench = joined
    bench.take(directive())
    first = bench.rows("SELECT raw, body, fingerprint FROM directives")
    assert bench.take(directive(quantity=9)) == Taken(changed=1)
    transactions = begun(bench.connection)
    assert bench.take(directive(quantity=9)) == bench.take(directive(quantity=8)) == Taken()
    assert transactions == []
    assert bench.rows("SELECT raw, body, fingerprint FROM directives") == first
    assert bench.emitted() == ["DIRECTIVE_RECEIVED", "SYSTEM_ERROR"]
    assert bench.bodies("SYSTEM_ERROR")[0]["error_code"] == "DIRECTIVE_CHANGED"
    assert bench.rows("SELECT body FROM audit WHERE kind = 'changed'") == [(directive(quantity=9),)]
    assert [str(command.order.volume) for command in bench.advance()] == ["0.3"]


@pytest.mark.parametrize("item", ["42", '{"symbol": "EURUSD"}', '{"directive_id": ["dir-1"]}'])
def test_item_without_a_usable_id_is_stored_and_rejected_once(bench: JournalBench, item: str) -> None:
    assert bench.take(item) == Taken(rejected=1)
    transactions = begun(bench.connection)
    assert bench.take(item) == Taken()
    assert transactions == []
    assert bench.rows("SELECT raw FROM unreadable_directives") == [(item,)]
    assert bench.emitted(None) == ["ORDER_REJECTED"]
    assert bench.rows("SELECT count(*) FROM directives") == [(0,)]


def test_directive_twice_in_one_batch_is_stored_once(bench: JournalBench) -> None:
    assert bench.take(directive(), directive()) == Taken(new=1)
    assert bench.emitted() == ["DIRECTIVE_RECEIVED"]
    assert bench.rows("SELECT count(*) FROM directives") == [(1,)]


def test_two_bodies_of_one_id_in_one_batch_are_a_directive_and_a_change(bench: JournalBench) -> None:
    assert bench.take(directive(), directive(quantity=9)) == Taken(new=1, changed=1)
    assert bench.emitted() == ["DIRECTIVE_RECEIVED", "SYSTEM_ERROR"]


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        ({"quantity": -1}, "REJECTED", "INVALID_VALUE"),
        ({"action": "EXPLODE"}, "REJECTED", "UNKNOWN_ACTION"),
        ({"stop_loss": 1.12}, "REJECTED", "INVALID_STOPS"),
        ({"expires_at": "2026-01-05T10:00:00Z", "issued_at": "2026-01-05T09:00:00Z"}, "EXPIRED", "EXPIRED"),
    ],
)
def test_invalid_directive_is_stored_received_and_rejected(
    bench: JournalBench, change: dict[str, object], state: str, code: str
) -> None:
    text = directive(**change)
    assert bench.take(text) == Taken(new=1, rejected=1)
    assert bench.rows("SELECT raw, state, error_code FROM directives") == [(text, state, code)]
    assert bench.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
    assert bench.bodies("ORDER_REJECTED")[0]["error_code"] == code
    assert bench.rows("SELECT count(*) FROM commands") == [(0,)]


def test_invalid_directive_does_not_affect_its_batch(bench: JournalBench) -> None:
    bad = directive("dir-2", quantity="much")
    assert bench.take(directive("dir-1"), "null", bad, directive("dir-3")) == Taken(new=3, rejected=2)
    states = bench.rows("SELECT directive_id, state FROM directives ORDER BY id")
    assert states == [("dir-1", "RECEIVED"), ("dir-2", "REJECTED"), ("dir-3", "RECEIVED")]


def test_time_at_the_end_of_the_calendar_does_not_affect_its_batch(bench: JournalBench) -> None:
    late = directive("dir-2", issued_at="9999-12-31T23:59:59Z", expires_at=None)
    taken = bench.take(directive("dir-1"), late, directive("dir-3"))
    assert taken.new == 3
    assert bench.emitted("dir-2")[0] == "DIRECTIVE_RECEIVED"


def test_unknown_fields_are_kept_in_the_stored_json(bench: JournalBench) -> None:
    text = directive(trailing={"deep": [1.10, None]})
    bench.take(text)
    [(raw,)] = bench.rows("SELECT raw FROM directives")
    assert json.loads(raw)["trailing"] == {"deep": [1.10, None]}
    assert bench.rows("SELECT body FROM audit WHERE kind = 'directive'") == [(text,)]


def test_received_is_the_first_event_of_every_directive(bench: JournalBench) -> None:
    bench.take(directive("dir-1"), directive("dir-2", quantity=-1), closing("dir-3"))
    first = "SELECT min(id) FROM events GROUP BY directive_id"
    firsts = bench.rows(f"SELECT event_type FROM events WHERE id IN ({first})")  # noqa: S608 - our own words
    assert firsts == [("DIRECTIVE_RECEIVED",)] * 3


def test_close_waits_to_be_planned(bench: JournalBench) -> None:
    assert bench.take(closing()) == Taken(new=1)
    assert bench.directive_state("dir-close") == "RECEIVED"
    assert bench.rows("SELECT count(*) FROM commands") == [(0,)]


def test_two_officers_may_have_directives_of_one_id(bench: JournalBench) -> None:
    assert bench.take(directive()) == bench.take(directive(), officer=OTHER) == Taken(new=1)
    for officer in (OFFICER, OTHER):
        bench.officer = officer
        bench.join(account=replace(ACCOUNT, login=ACCOUNT.login + (officer == OTHER)))
        bench.planned()
    assert len(bench.rows("SELECT DISTINCT client_order_id FROM commands")) == 2
    assert len(bench.rows("SELECT DISTINCT key FROM events")) == 2


def test_events_without_extra_fields_have_the_contracts_fields_only(make_bench: MakeBench) -> None:
    bench = make_bench(settings(extra_fields=False))
    bench.take(directive(quantity=-1))
    [body] = bench.bodies("ORDER_REJECTED")
    assert set(body) <= set(KEPT_EVENT_FIELDS)


RESIDUE = (
    "officer, directive_id, place, created_ms, rest, kind, order_type, symbol, side, volume, target_order,"
    " target_position, opening_directive_id, state, expires_ms, attempt, request_no,"
    " absences, touched_ms, dispatched_ms, order_ticket, position_id, filled, reason, message,"
    " closed_tries"
)
"""Columns of a command without those that identify it."""


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_taken_client_order_id_is_replaced_by_the_first_free_salt(joined: JournalBench, taken: int) -> None:
    bench = joined
    bench.planned(directive("dir-1"))
    # Further commands of dir-1 have the ids that would be dir-2's first choices.
    for salt in range(taken):
        bench.connection.execute(
            f"INSERT INTO commands (client_order_id, number, {RESIDUE})"  # noqa: S608 - our own words
            f" SELECT ?, ?, {RESIDUE} FROM commands WHERE number = 1",
            (make_client_order_id(PREFIX, OFFICER, "dir-2", OPENING, salt), salt + 2),
        )
    bench.planned(directive("dir-2"))
    client_order_id = make_client_order_id(PREFIX, OFFICER, "dir-2", OPENING, taken)
    found = bench.rows(
        "SELECT client_order_id, json_extract(body, '$.client_order_id') FROM commands WHERE directive_id = 'dir-2'"
    )
    assert found == [(client_order_id, client_order_id)]


def test_client_order_id_is_unique_in_the_database(joined: JournalBench) -> None:
    bench = joined
    bench.planned(directive())
    names = ", ".join(commands.COLUMNS)
    with pytest.raises(sqlite3.IntegrityError, match=r"commands\.client_order_id"):
        bench.connection.execute(f"INSERT INTO commands ({names}) SELECT {names} FROM commands")  # noqa: S608 - names of columns


SAYS_THE_SAME = [
    directive(),
    closing(),
    limit(),
    directive(unknown={"x": [1]}),
    directive(quantity=1),
    closing(action="CLOSE_POSITION"),
]
SAYS_IT_OTHERWISE = [
    directive(quantity="0.30"),
    directive(issued_at="2026-01-05T09:59:59.9999999Z"),
    directive(action="open_long"),
    limit(price="1.08"),
]


@pytest.mark.parametrize("text", SAYS_THE_SAME + SAYS_IT_OTHERWISE)
def test_typed_directive_is_stored_only_where_the_directors_json_says_it_otherwise(
    bench: JournalBench, text: str
) -> None:
    taken = bench.take(text)
    [(typed, body, raw)] = bench.rows("SELECT typed, body, raw FROM directives")
    assert raw == text
    if not taken.rejected:
        assert (typed == "") == (text in SAYS_THE_SAME)
        wanted = read_batch(f'{{"directives": [{text}]}}')[0].directive
        assert wanted is not None
        assert msgspec.json.decode(body, type=Directive) == wanted
        [(quantity, price)] = bench.rows("SELECT quantity, price FROM directive_overview")
        assert quantity == (None if wanted.quantity is None else float(wanted.quantity))
        assert price == (None if wanted.price is None else float(wanted.price))
    else:
        assert body is None
