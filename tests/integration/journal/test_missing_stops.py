"""A position that is open without the stop loss that was asked for."""

from decimal import Decimal

import pytest

from bridge.core.link.messages import Order
from bridge.core.settings import MissingStop, RiskLimits

from .bench import NOW, JournalBench, directive, modify, settings
from .conftest import MakeBench
from .reports import DEAL, POSITION, TIMEOUT, deal, result, scan, standing, submitted


def opened(bench: JournalBench, **changes: object) -> Order:
    """An open position without a position report yet."""
    [command] = bench.sent(directive(**changes))
    bench.report(submitted(command.order), result(command.order), deal(command.order))
    return command.order


def raised(bench: JournalBench) -> list[str]:
    return [body["error_code"] for body in bench.bodies("SYSTEM_ERROR")]


def test_missing_stop_is_raised_once_and_closes_nothing(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(standing(order, stop_loss=None))
    assert raised(joined) == ["STOP_MISSING"]
    joined.report(scan(1, NOW, POSITION))
    joined.report(scan(2, NOW, POSITION), standing(order, stop_loss=None), scan(3, NOW, POSITION))
    [body] = joined.bodies("SYSTEM_ERROR")
    assert (body["error_code"], body["directive_id"], body["position_id"]) == (
        "STOP_MISSING",
        "dir-1",
        str(POSITION),
    )
    assert body["stop_loss"] == 1.09
    assert joined.advance() == []


@pytest.mark.parametrize("stop_loss", ["1.0900", "1.0500"])
def test_any_stop_at_the_broker_is_accepted(joined: JournalBench, stop_loss: str) -> None:
    order = opened(joined)
    joined.report(standing(order, stop_loss=stop_loss), scan(1, NOW, POSITION))
    assert raised(joined) == []


def test_position_without_a_requested_stop_raises_nothing(joined: JournalBench) -> None:
    order = opened(joined, stop_loss=None)
    joined.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    assert raised(joined) == []


def test_position_without_a_report_raises_nothing(joined: JournalBench) -> None:
    opened(joined)
    joined.report(scan(1, NOW, POSITION))
    assert raised(joined) == []


def test_stop_removed_by_a_directive_is_not_missing(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(standing(order))
    [command] = joined.sent(modify("dir-modify", stop_loss=0))
    assert command.order.stop_loss == Decimal(0)
    joined.report(
        submitted(command.order),
        result(command.order),
        standing(order, stop_loss=None),
        scan(1, NOW, POSITION),
    )
    assert joined.directive_state("dir-modify") == "DONE"
    assert raised(joined) == []


def test_stop_removed_and_set_again_by_directives_is_missing(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(standing(order))
    for number, (stop_loss, seen) in enumerate(((0, None), (1.08, "1.0800"))):
        [command] = joined.sent(modify(f"dir-modify-{number}", stop_loss=stop_loss))
        joined.report(
            submitted(command.order, mark=number + 2), result(command.order), standing(order, stop_loss=seen)
        )
        assert joined.directive_state(f"dir-modify-{number}") == "DONE"
        joined.later(1)
    joined.report(scan(1, NOW, POSITION))
    assert raised(joined) == []
    joined.report(standing(order, stop_loss=None), scan(2, NOW, POSITION))
    assert raised(joined) == ["STOP_MISSING"]


def test_stop_set_later_by_a_directive_is_missing(joined: JournalBench) -> None:
    order = opened(joined, stop_loss=None)
    joined.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    [command] = joined.sent(modify("dir-modify", stop_loss=1.08))
    joined.report(
        submitted(command.order, mark=2), result(command.order), standing(order, stop_loss="1.0800")
    )
    assert joined.directive_state("dir-modify") == "DONE"
    joined.report(scan(2, NOW, POSITION))
    assert raised(joined) == []
    joined.report(standing(order, stop_loss=None), scan(3, NOW, POSITION))
    [body] = joined.bodies("SYSTEM_ERROR")
    assert (body["error_code"], body["directive_id"], body["stop_loss"]) == ("STOP_MISSING", "dir-1", 1.08)


def test_stop_that_is_missing_again_is_raised_again(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    [command] = joined.sent(modify("dir-modify", stop_loss=1.08))
    joined.report(
        submitted(command.order, mark=2), result(command.order), standing(order, stop_loss="1.0800")
    )
    joined.report(scan(2, NOW, POSITION), standing(order, stop_loss=None), scan(3, NOW, POSITION))
    assert [body["stop_loss"] for body in joined.bodies("SYSTEM_ERROR")] == [1.09, 1.08]


def test_stop_removed_manually_is_missing(joined: JournalBench) -> None:
    order = opened(joined)
    joined.report(
        standing(order), scan(1, NOW, POSITION), standing(order, stop_loss=None), scan(2, NOW, POSITION)
    )
    assert raised(joined) == ["STOP_MISSING"]


def test_position_without_its_stop_is_closed_once_where_configured(make_bench: MakeBench) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    bench.join()
    order = opened(bench)
    bench.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    [command] = bench.advance()
    assert (command.order.kind, command.order.position, command.order.volume) == (
        "CLOSE",
        POSITION,
        Decimal("0.3"),
    )
    bench.report(scan(2, NOW, POSITION))
    assert bench.advance() == []
    bench.report(submitted(command.order, mark=2), result(command.order), deal(command.order, DEAL + 1))
    assert raised(bench) == ["STOP_MISSING"]
    assert bench.emitted()[-1] == "POSITION_CLOSED"
    assert bench.rows("SELECT state FROM directives WHERE origin = 'operator'") == [("FILLED",)]


def test_refused_close_of_a_missing_stop_is_followed_by_another(make_bench: MakeBench) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    bench.join()
    order = opened(bench)
    bench.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    client_order_ids = set()
    for number in range(1, 4):
        [command] = bench.advance()
        client_order_ids.add(command.order.client_order_id)
        bench.report(scan(10 * number, bench.now, POSITION))
        bench.report(submitted(command.order), result(command.order, 10018, ticket=0))
        bench.later(5 * 2 ** (number - 1) - 1)
        bench.report(scan(10 * number + 1, bench.now, POSITION))
        assert bench.advance() == []
        bench.later(1)
        bench.report(scan(10 * number + 2, bench.now, POSITION))
    assert len(client_order_ids) == 3
    assert raised(bench) == ["STOP_MISSING"]
    # Once its stop is back nothing more is closed.
    [command] = bench.advance()
    bench.report(submitted(command.order), result(command.order, 10018, ticket=0))
    bench.report(standing(order, stop_loss="1.09"))
    bench.later(3600)
    bench.report(scan(99, bench.now, POSITION))
    assert bench.advance() == []


def test_unresolved_close_of_a_missing_stop_is_followed_by_none(make_bench: MakeBench) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    bench.join()
    order = opened(bench)
    bench.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    [command] = bench.advance()
    bench.report(submitted(command.order), result(command.order, TIMEOUT, ticket=0))
    bench.later(901)
    assert bench.advance() == []
    assert bench.command_state(command.order.client_order_id) == "UNKNOWN"
    bench.report(scan(2, bench.now, POSITION))
    assert bench.advance() == []


def test_missing_stop_closes_nothing_after_a_week(make_bench: MakeBench) -> None:
    bench = make_bench(settings(risk_limits=RiskLimits(missing_stop=MissingStop.CLOSE)))
    bench.join()
    order = opened(bench)
    bench.report(standing(order, stop_loss=None), scan(1, NOW, POSITION))
    [command] = bench.advance()
    bench.report(submitted(command.order), result(command.order, 10018, ticket=0))
    bench.later(7 * 86_400)
    bench.report(scan(2, bench.now, POSITION))
    assert bench.advance() == []
