"""Intake: what a poll brought, into the inbox, on a real file."""

import json
import sqlite3

import pytest

from bridge.core.director.contract import CONTRACT_EVENT_FIELDS
from bridge.core.units.order_ids import make_client_order_id
from bridge.journal.database import file
from bridge.journal.steps.dispatch import Work
from bridge.journal.steps.intake import Taken

from .conftest import MakeDesk
from .desk import OFFICER, OTHER, PREFIX, Desk, begun, closing, directive, settings


def test_a_new_directive_is_kept_as_it_came_emitted_as_received_and_waits_for_a_terminal(desk: Desk) -> None:
    text = '{ "directive_id":"dir-1",' + directive().partition(",")[2].replace("0.3", "0.30")
    assert desk.take(text) == Taken(new=1)
    [(raw, body, state)] = desk.rows("SELECT raw, body, state FROM directives")
    assert (raw, state) == (text, "RECEIVED")
    assert '"quantity":0.30' in body
    assert desk.emitted() == ["DIRECTIVE_RECEIVED"]
    # Without a terminal nobody knows the symbol: nothing is planned.
    assert desk.journal.advance(OFFICER, None, desk.now) == Work()
    assert desk.rows("SELECT count(*) FROM commands") == [(0,)]


def test_a_directive_becomes_a_command_with_the_client_order_id_of_its_id(joined: Desk) -> None:
    joined.planned(directive())
    client_order_id = make_client_order_id(PREFIX, OFFICER, "dir-1", 1)
    assert joined.rows("SELECT client_order_id, number, state, attempt FROM commands") == [
        (client_order_id, 1, "PLANNED", 0)
    ]
    assert joined.directive_state() == "WORKING"
    assert joined.emitted() == ["DIRECTIVE_RECEIVED"]


def test_what_is_taken_is_committed_when_the_step_returns(desk: Desk) -> None:
    desk.take(directive())
    with file.open_reader(desk.path) as beside:
        assert beside.execute("SELECT state FROM directives").fetchone()[0] == "RECEIVED"


def test_a_directive_without_expiry_lives_as_long_as_the_officers_setting_says(joined: Desk) -> None:
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
def test_a_replay_in_any_spelling_writes_nothing_and_begins_no_transaction(desk: Desk, again: str) -> None:
    desk.take(directive())
    before = desk.content()
    transactions = begun(desk.connection)
    assert desk.take(again) == Taken()
    assert transactions == []
    assert desk.content() == before


def test_a_changed_directive_is_emitted_once_and_the_first_body_stands(joined: Desk) -> None:
    desk = joined
    desk.take(directive())
    first = desk.rows("SELECT raw, body, fingerprint FROM directives")
    assert desk.take(directive(quantity=9)) == Taken(changed=1)
    transactions = begun(desk.connection)
    assert desk.take(directive(quantity=9)) == desk.take(directive(quantity=8)) == Taken()
    assert transactions == []
    assert desk.rows("SELECT raw, body, fingerprint FROM directives") == first
    assert desk.emitted() == ["DIRECTIVE_RECEIVED", "SYSTEM_ERROR"]
    assert desk.bodies("SYSTEM_ERROR")[0]["error_code"] == "DIRECTIVE_CHANGED"
    assert desk.rows("SELECT body FROM audit WHERE kind = 'changed'") == [(directive(quantity=9),)]
    assert [str(command.order.volume) for command in desk.advance()] == ["0.3"]


@pytest.mark.parametrize("item", ["42", '{"symbol": "EURUSD"}', '{"directive_id": ["dir-1"]}'])
def test_an_item_without_a_usable_id_is_kept_and_emitted_once_with_no_directive(
    desk: Desk, item: str
) -> None:
    assert desk.take(item) == Taken(rejected=1)
    transactions = begun(desk.connection)
    assert desk.take(item) == Taken()
    assert transactions == []
    assert desk.rows("SELECT raw FROM unreadable_directives") == [(item,)]
    assert desk.emitted(None) == ["ORDER_REJECTED"]
    assert desk.rows("SELECT count(*) FROM directives") == [(0,)]


def test_a_directive_that_stands_twice_in_one_batch_is_taken_once(desk: Desk) -> None:
    assert desk.take(directive(), directive()) == Taken(new=1)
    assert desk.emitted() == ["DIRECTIVE_RECEIVED"]
    assert desk.rows("SELECT count(*) FROM directives") == [(1,)]


def test_two_bodies_of_one_id_in_one_batch_are_a_directive_and_a_change(desk: Desk) -> None:
    assert desk.take(directive(), directive(quantity=9)) == Taken(new=1, changed=1)
    assert desk.emitted() == ["DIRECTIVE_RECEIVED", "SYSTEM_ERROR"]


@pytest.mark.parametrize(
    ("change", "state", "code"),
    [
        ({"quantity": -1}, "REJECTED", "INVALID_VALUE"),
        ({"action": "EXPLODE"}, "REJECTED", "UNKNOWN_ACTION"),
        ({"stop_loss": 1.12}, "REJECTED", "INVALID_STOPS"),
        ({"expires_at": "2026-01-05T10:00:00Z", "issued_at": "2026-01-05T09:00:00Z"}, "EXPIRED", "EXPIRED"),
    ],
)
def test_a_directive_that_cannot_be_carried_out_keeps_its_text_and_is_received_then_rejected(
    desk: Desk, change: dict[str, object], state: str, code: str
) -> None:
    text = directive(**change)
    assert desk.take(text) == Taken(new=1, rejected=1)
    assert desk.rows("SELECT raw, state, error_code FROM directives") == [(text, state, code)]
    assert desk.emitted() == ["DIRECTIVE_RECEIVED", "ORDER_REJECTED"]
    assert desk.bodies("ORDER_REJECTED")[0]["error_code"] == code
    assert desk.rows("SELECT count(*) FROM commands") == [(0,)]


def test_a_bad_directive_does_not_spoil_its_batch(desk: Desk) -> None:
    bad = directive("dir-2", quantity="much")
    assert desk.take(directive("dir-1"), "null", bad, directive("dir-3")) == Taken(new=3, rejected=2)
    states = desk.rows("SELECT directive_id, state FROM directives ORDER BY id")
    assert states == [("dir-1", "RECEIVED"), ("dir-2", "REJECTED"), ("dir-3", "RECEIVED")]


def test_a_time_at_the_end_of_the_calendar_does_not_spoil_its_batch(desk: Desk) -> None:
    late = directive("dir-2", issued_at="9999-12-31T23:59:59Z", expires_at=None)
    taken = desk.take(directive("dir-1"), late, directive("dir-3"))
    assert taken.new == 3
    assert desk.emitted("dir-2")[0] == "DIRECTIVE_RECEIVED"


def test_fields_that_nobody_knows_survive_in_the_text(desk: Desk) -> None:
    text = directive(trailing={"deep": [1.10, None]})
    desk.take(text)
    [(raw,)] = desk.rows("SELECT raw FROM directives")
    assert json.loads(raw)["trailing"] == {"deep": [1.10, None]}
    assert desk.rows("SELECT body FROM audit WHERE kind = 'directive'") == [(text,)]


def test_received_is_the_first_event_of_every_directive(desk: Desk) -> None:
    desk.take(directive("dir-1"), directive("dir-2", quantity=-1), closing("dir-3"))
    first = "SELECT min(id) FROM events GROUP BY directive_id"
    firsts = desk.rows(f"SELECT event_type FROM events WHERE id IN ({first})")  # noqa: S608 - our own words
    assert firsts == [("DIRECTIVE_RECEIVED",)] * 3


def test_a_close_waits_to_be_planned(desk: Desk) -> None:
    assert desk.take(closing()) == Taken(new=1)
    assert desk.directive_state("dir-close") == "RECEIVED"
    assert desk.rows("SELECT count(*) FROM commands") == [(0,)]


def test_two_officers_may_have_directives_of_one_id(desk: Desk) -> None:
    assert desk.take(directive()) == desk.take(directive(), officer=OTHER) == Taken(new=1)
    for officer in (OFFICER, OTHER):
        desk.officer = officer
        desk.join()
        desk.planned()
    assert len(desk.rows("SELECT DISTINCT client_order_id FROM commands")) == 2
    assert len(desk.rows("SELECT DISTINCT key FROM events")) == 2


def test_without_extra_fields_events_carry_the_contracts_fields_alone(make_desk: MakeDesk) -> None:
    desk = make_desk(settings(extra_fields=False))
    desk.take(directive(quantity=-1))
    [body] = desk.bodies("ORDER_REJECTED")
    assert set(body) <= set(CONTRACT_EVENT_FIELDS)


RESIDUE = (
    "officer, directive_id, created_at, body, kind, order_type, symbol, side, volume, target_order,"
    " target_position, opening_directive_id, state, expires_at, attempt, request_no,"
    " absences, touched_at, dispatched_at, order_ticket, position_id, filled, reason, message"
)
"""The columns of a command but for what makes it one of its own."""


@pytest.mark.parametrize("taken", [1, 2, 3])
def test_a_client_order_id_that_is_taken_is_salted_by_the_first_counter_that_is_free(
    joined: Desk, taken: int
) -> None:
    desk = joined
    desk.planned(directive("dir-1"))
    # Further legs of dir-1 stand where dir-2's first choices would be.
    for salt in range(taken):
        desk.connection.execute(
            f"INSERT INTO commands (client_order_id, number, {RESIDUE})"  # noqa: S608 - our own words
            f" SELECT ?, ?, {RESIDUE} FROM commands WHERE number = 1",
            (make_client_order_id(PREFIX, OFFICER, "dir-2", 1, salt), salt + 2),
        )
    desk.planned(directive("dir-2"))
    client_order_id = make_client_order_id(PREFIX, OFFICER, "dir-2", 1, taken)
    found = desk.rows(
        "SELECT client_order_id, json_extract(body, '$.client_order_id') FROM commands WHERE directive_id = 'dir-2'"
    )
    assert found == [(client_order_id, client_order_id)]


def test_the_file_itself_refuses_a_client_order_id_twice(joined: Desk) -> None:
    desk = joined
    desk.planned(directive())
    with pytest.raises(sqlite3.IntegrityError, match=r"commands\.client_order_id"):
        desk.connection.execute("INSERT INTO commands SELECT * FROM commands")
