"""A position that stands without the stop loss that was asked for."""

from decimal import Decimal

import pytest

from bridge.core.link.messages import Order
from bridge.core.settings import MissingStop, RiskLimits

from .conftest import MakeDesk
from .desk import Desk, directive, modify, settings
from .reports import DEAL, POSITION, TIMEOUT, deal, result, scan, standing, submitted


def opened(desk: Desk, **changes: object) -> Order:
    """An open position that nobody has seen yet."""
    [command] = desk.sent(directive(**changes))
    desk.report(submitted(command.order), result(command.order), deal(command.order))
    return command.order


def raised(desk: Desk) -> list[str]:
    return [body["error_code"] for body in desk.bodies("SYSTEM_ERROR")]


def test_a_missing_stop_is_raised_once_after_a_scan_and_closes_nothing(joined: Desk) -> None:
    order = opened(joined)
    joined.report(standing(order, stop_loss=None))
    assert raised(joined) == []
    joined.report(scan(1))
    joined.report(scan(2), standing(order, stop_loss=None), scan(3))
    [body] = joined.bodies("SYSTEM_ERROR")
    assert (body["error_code"], body["directive_id"], body["position_id"]) == (
        "STOP_MISSING",
        "dir-1",
        str(POSITION),
    )
    assert body["stop_loss"] == 1.09
    assert joined.advance() == []


@pytest.mark.parametrize("stop_loss", ["1.0900", "1.0500"])
def test_any_stop_at_the_broker_is_one(joined: Desk, stop_loss: str) -> None:
    order = opened(joined)
    joined.report(standing(order, stop_loss=stop_loss), scan(1))
    assert raised(joined) == []


def test_where_none_was_asked_for_none_is_missing(joined: Desk) -> None:
    order = opened(joined, stop_loss=None)
    joined.report(standing(order, stop_loss=None), scan(1))
    assert raised(joined) == []


def test_a_position_that_nobody_has_seen_is_not_judged(joined: Desk) -> None:
    opened(joined)
    joined.report(scan(1))
    assert raised(joined) == []


def test_a_stop_that_a_directive_took_away_is_not_missed(joined: Desk) -> None:
    order = opened(joined)
    joined.report(standing(order))
    [command] = joined.sent(modify("dir-modify", stop_loss=0))
    assert command.order.stop_loss == Decimal(0)
    joined.report(submitted(command.order), result(command.order), standing(order, stop_loss=None), scan(1))
    assert joined.directive_state("dir-modify") == "DONE"
    assert raised(joined) == []


def test_a_stop_that_a_directive_took_away_and_another_set_again_is_missed(joined: Desk) -> None:
    order = opened(joined)
    joined.report(standing(order))
    for number, (stop_loss, seen) in enumerate(((0, None), (1.08, "1.0800"))):
        [command] = joined.sent(modify(f"dir-modify-{number}", stop_loss=stop_loss))
        joined.report(
            submitted(command.order, mark=number + 2), result(command.order), standing(order, stop_loss=seen)
        )
        assert joined.directive_state(f"dir-modify-{number}") == "DONE"
        joined.later(1)
    joined.report(scan(1))
    assert raised(joined) == []
    joined.report(standing(order, stop_loss=None), scan(2))
    assert raised(joined) == ["STOP_MISSING"]


def test_a_stop_that_only_a_directive_has_set_later_is_missed(joined: Desk) -> None:
    order = opened(joined, stop_loss=None)
    joined.report(standing(order, stop_loss=None), scan(1))
    [command] = joined.sent(modify("dir-modify", stop_loss=1.08))
    joined.report(
        submitted(command.order, mark=2), result(command.order), standing(order, stop_loss="1.0800")
    )
    assert joined.directive_state("dir-modify") == "DONE"
    joined.report(scan(2))
    assert raised(joined) == []
    joined.report(standing(order, stop_loss=None), scan(3))
    [body] = joined.bodies("SYSTEM_ERROR")
    assert (body["error_code"], body["directive_id"], body["stop_loss"]) == ("STOP_MISSING", "dir-1", 1.08)


def test_a_stop_that_was_missed_and_set_anew_is_missed_again(joined: Desk) -> None:
    order = opened(joined)
    joined.report(standing(order, stop_loss=None), scan(1))
    [command] = joined.sent(modify("dir-modify", stop_loss=1.08))
    joined.report(
        submitted(command.order, mark=2), result(command.order), standing(order, stop_loss="1.0800")
    )
    joined.report(scan(2), standing(order, stop_loss=None), scan(3))
    assert [body["stop_loss"] for body in joined.bodies("SYSTEM_ERROR")] == [1.09, 1.08]


def test_a_stop_that_a_manual_took_away_is_missed(joined: Desk) -> None:
    order = opened(joined)
    joined.report(standing(order), scan(1), standing(order, stop_loss=None), scan(2))
    assert raised(joined) == ["STOP_MISSING"]


def test_where_the_configuration_says_so_the_position_is_closed_once(make_desk: MakeDesk) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    desk.join()
    order = opened(desk)
    desk.report(standing(order, stop_loss=None), scan(1))
    [command] = desk.advance()
    assert (command.order.kind, command.order.position, command.order.volume) == (
        "CLOSE",
        POSITION,
        Decimal("0.3"),
    )
    desk.report(scan(2))
    assert desk.advance() == []
    desk.report(submitted(command.order, mark=2), result(command.order), deal(command.order, DEAL + 1))
    assert raised(desk) == ["STOP_MISSING"]
    assert desk.emitted()[-1] == "POSITION_CLOSED"
    assert desk.rows("SELECT state FROM directives WHERE origin = 'operator'") == [("FILLED",)]


def test_a_close_that_the_broker_refuses_is_followed_by_another_one(make_desk: MakeDesk) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    desk.join()
    order = opened(desk)
    desk.report(standing(order, stop_loss=None), scan(1))
    client_order_ids = set()
    for number in range(1, 4):
        [command] = desk.advance()
        client_order_ids.add(command.order.client_order_id)
        desk.report(scan(10 * number, desk.now))
        desk.report(submitted(command.order), result(command.order, 10018, ticket=0))
        desk.later(5 * 2 ** (number - 1) - 1)
        desk.report(scan(10 * number + 1, desk.now))
        assert desk.advance() == []
        desk.later(1)
        desk.report(scan(10 * number + 2, desk.now))
    assert len(client_order_ids) == 3
    assert raised(desk) == ["STOP_MISSING"]
    # Once its stop is back nothing more is closed.
    [command] = desk.advance()
    desk.report(submitted(command.order), result(command.order, 10018, ticket=0))
    desk.report(standing(order, stop_loss="1.09"))
    desk.later(3600)
    desk.report(scan(99, desk.now))
    assert desk.advance() == []


def test_a_close_whose_fate_is_not_known_is_followed_by_none(make_desk: MakeDesk) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    desk.join()
    order = opened(desk)
    desk.report(standing(order, stop_loss=None), scan(1))
    [command] = desk.advance()
    desk.report(submitted(command.order), result(command.order, TIMEOUT, ticket=0))
    desk.later(901)
    assert desk.advance() == []
    assert desk.command_state(command.order.client_order_id) == "UNKNOWN"
    desk.report(scan(2, desk.now))
    assert desk.advance() == []


def test_after_a_week_a_missing_stop_closes_nothing_more(make_desk: MakeDesk) -> None:
    desk = make_desk(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    desk.join()
    order = opened(desk)
    desk.report(standing(order, stop_loss=None), scan(1))
    [command] = desk.advance()
    desk.report(submitted(command.order), result(command.order, 10018, ticket=0))
    desk.later(7 * 86_400)
    desk.report(scan(2, desk.now))
    assert desk.advance() == []
