"""Resolve: an operator states an outcome that no report has shown."""

import json
from decimal import Decimal

import pytest

from bridge.core.link.messages import Order
from bridge.journal.database import file
from bridge.journal.operator.resolve import CannotResolveError, Resolved, Verdict
from bridge.journal.tables import commands

from .bench import NOW, OFFICER, OTHER, JournalBench, directive
from .reports import TIMEOUT, absent, deal, result, submitted

GRACE_S = 30.0


@pytest.fixture
def order(joined: JournalBench) -> Order:
    """The order of one command whose outcome is UNKNOWN."""
    [command] = joined.sent(directive())
    joined.later(GRACE_S)
    joined.report(absent(command.order, request_no=101), absent(command.order, request_no=102))
    assert joined.command_state(command.order.client_order_id) == "UNKNOWN"
    return command.order


def resolve(
    bench: JournalBench,
    verdict: Verdict,
    directive_id: str = "dir-1",
    *,
    client_order_id: int | None = None,
    price: Decimal | None = None,
    quantity: Decimal | None = None,
) -> Resolved:
    return bench.journal.resolve(
        OFFICER,
        bench.now,
        directive_id=directive_id,
        verdict=verdict,
        note="seen in the history",
        client_order_id=client_order_id,
        price=price,
        quantity=quantity,
    )


@pytest.mark.parametrize(
    ("verdict", "after", "emitted"),
    [
        ("filled", "FILLED", "ORDER_FILLED"),
        ("rejected", "REJECTED", "ORDER_REJECTED"),
        ("cancelled", "CANCELLED", "ORDER_CANCELLED"),
    ],
)
def test_operators_verdict_ends_the_command_and_is_emitted(
    joined: JournalBench, order: Order, verdict: Verdict, after: str, emitted: str
) -> None:
    done = resolve(joined, verdict)
    assert (done.client_order_id, done.before, done.after) == (order.client_order_id, "UNKNOWN", after)
    assert joined.command_state(order.client_order_id) == after
    assert joined.emitted()[-1] == emitted
    assert joined.rows("SELECT message FROM commands") == [("resolved by an operator: seen in the history",)]
    assert joined.directive_state() == after


def test_resolve_is_audited_and_the_journal_is_consistent(joined: JournalBench, order: Order) -> None:
    resolve(joined, "filled", price=Decimal("1.1005"), quantity=Decimal("0.2"))
    [(subject, body, directive_id)] = joined.rows(
        "SELECT subject, body, directive_id FROM audit WHERE kind = 'operator'"
    )
    assert (subject, directive_id) == ("resolve", "dir-1")
    assert json.loads(body) == {
        "client_order_id": order.client_order_id,
        "as": "filled",
        "note": "seen in the history",
        "price": "1.1005",
        "quantity": "0.2",
    }
    assert joined.chain_break() == ""
    file.check(joined.path)


def test_unresolved_command_can_be_resolved(joined: JournalBench) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order), result(command.order, TIMEOUT))
    assert resolve(joined, "rejected").before == "UNRESOLVED"


def test_later_deal_of_a_resolved_command_counts(joined: JournalBench, order: Order) -> None:
    resolve(joined, "rejected")
    joined.report(deal(order))
    assert joined.command_state(order.client_order_id) == "FILLED"


def test_resolved_command_is_not_sent_again(joined: JournalBench, order: Order) -> None:
    resolve(joined, "rejected")
    joined.later(1)
    assert joined.advance() == []
    assert joined.rows("SELECT attempt FROM dispatches WHERE client_order_id = ?", order.client_order_id) == [
        (1,)
    ]


def test_one_of_several_unresolved_commands_is_named_by_client_order_id(
    joined: JournalBench, order: Order
) -> None:
    names = ", ".join(commands.COLUMNS)
    with joined.connection as connection:
        # A directive of two commands, both unresolved, without a whole close.
        connection.execute(f"CREATE TEMP TABLE number AS SELECT {names} FROM commands")  # noqa: S608 - names of columns
        connection.execute("UPDATE number SET client_order_id = client_order_id + 1, number = 2")
        connection.execute(f"INSERT INTO commands ({names}) SELECT {names} FROM number")  # noqa: S608 - as above
    with pytest.raises(
        CannotResolveError,
        match=rf"has 2 unresolved commands: {order.client_order_id} \(EURUSD, UNKNOWN\), .* by its client order id",
    ):
        resolve(joined, "rejected")
    assert (
        resolve(joined, "rejected", client_order_id=order.client_order_id + 1).client_order_id
        == order.client_order_id + 1
    )
    # Now it is the only one.
    assert resolve(joined, "rejected").client_order_id == order.client_order_id


@pytest.mark.parametrize("state", ["DISPATCHED", "FILLED"])
def test_command_that_is_not_unresolved_cannot_be_resolved(joined: JournalBench, state: str) -> None:
    [command] = joined.sent(directive())
    if state == "FILLED":
        joined.report(deal(command.order))
    before = joined.content()
    with pytest.raises(CannotResolveError, match=rf"has no unresolved command: command \d+ is {state}; use "):
        resolve(joined, "rejected")
    assert joined.content() == before


def test_client_order_id_of_another_directive_is_refused(joined: JournalBench, order: Order) -> None:
    with pytest.raises(CannotResolveError, match="has no command 7; use "):
        resolve(joined, "rejected", client_order_id=7)


@pytest.mark.parametrize(
    ("verdict", "price", "quantity", "says"),
    [
        ("rejected", "1.1", None, "price 1.1 is not allowed for rejected; use it with filled only"),
        ("cancelled", None, "0.1", "quantity 0.1 is not allowed for cancelled"),
        ("filled", "0", None, "price 0 must be above 0; state the price of the fill"),
        ("filled", None, "-1", "quantity -1 must be above 0"),
        (
            "filled",
            "NaN",
            None,
            "price NaN must be a finite number; state the price of the fill, or leave it out",
        ),
        (
            "filled",
            None,
            "0.31",
            "quantity 0.31 is above the command's 0.3; state the filled lots, or leave it out for all",
        ),
    ],
)
def test_impossible_fill_is_refused(
    joined: JournalBench, order: Order, verdict: Verdict, price: str | None, quantity: str | None, says: str
) -> None:
    with pytest.raises(CannotResolveError, match=says):
        resolve(
            joined,
            verdict,
            price=None if price is None else Decimal(price),
            quantity=None if quantity is None else Decimal(quantity),
        )
    assert joined.command_state(order.client_order_id) == "UNKNOWN"


def test_directive_is_found_in_its_officers_inbox_only(joined: JournalBench, order: Order) -> None:
    assert joined.journal.has_directive(OFFICER, "dir-1")
    assert not joined.journal.has_directive(OTHER, "dir-1")
    assert not joined.journal.has_directive(OFFICER, "dir-2")
    assert joined.now > NOW
