"""A flatten after a loss: it has not ended while the broker has something open of an order that the journal lacks.

Each test has a new journal, to which the terminal reports what an earlier journal had ordered.
"""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.link.messages import Command
from bridge.core.units.mt5_terms import DealEntry, OrderState
from bridge.journal.operator.recover import Adoption
from bridge.journal.views import flattens

from .bench import NOW, OFFICER, JournalBench
from .reports import DEAL, ORDER, POSITION, booked, deal, leaving, scan, standing
from .test_evidence import lost
from .test_flatten_rounds import NONCE, rounds

WAITS = [("WORKING", ""), ("RECEIVED", "")]
FOUND = lost()
RESTING = lost("dir-limit", order_type="LIMIT", price=Decimal("1.08"))


def flattened(bench: JournalBench, symbol: str = "") -> list[Command]:
    bench.journal.flatten(OFFICER, bench.now, nonce=NONCE, why="out", symbol=symbol)
    return bench.advance()


def progress(bench: JournalBench, symbol: str = "") -> flattens.FlattenProgress:
    [(directive_id,)] = bench.rows("SELECT directive_id FROM directives WHERE action = 'FLATTEN'")
    settings = bench.settings.officer(OFFICER)
    assert settings is not None
    return flattens.progress(bench.connection, settings, directive_id, symbol)


def lost_position(bench: JournalBench) -> None:
    bench.report(deal(FOUND), standing(FOUND), scan(1, NOW, POSITION, orders=()))


def adopt(bench: JournalBench) -> None:
    bench.journal.adopt(
        OFFICER,
        bench.now,
        chosen=[Adoption(client_order_id=FOUND.client_order_id, directive_id="dir-1")],
        why="restored",
        report_past=False,
    )


def test_position_of_a_lost_order_is_closed_once_it_is_adopted(joined: JournalBench) -> None:
    lost_position(joined)
    assert flattened(joined) == []
    joined.later(60)
    assert joined.advance() == []
    assert rounds(joined) == WAITS
    state = progress(joined)
    assert (state.ended, state.positions, state.lost) == (False, [POSITION], [POSITION])
    adopt(joined)
    [close] = joined.advance()
    assert close.order.position == POSITION
    joined.report(deal(close.order, DEAL + 1), scan(2, NOW, orders=()))
    joined.later(60)
    joined.advance()
    assert rounds(joined)[-1] == ("DONE", "NOTHING_OPEN")
    assert progress(joined).flat


def test_lost_order_that_an_operator_takes_over_lets_a_flatten_end(joined: JournalBench) -> None:
    lost_position(joined)
    flattened(joined)
    joined.journal.dismiss_orders(OFFICER, joined.now, client_order_ids=[FOUND.client_order_id], why="mine")
    joined.advance()
    assert rounds(joined)[0] == ("DONE", "NOTHING_OPEN")


@pytest.mark.parametrize("ended", [False, True])
def test_pending_order_of_a_lost_journal_counts_while_it_is_on_the_book(
    joined: JournalBench, ended: bool
) -> None:
    joined.report(booked(RESTING))
    if ended:
        joined.report(booked(RESTING, state=OrderState.CANCELED))
    joined.report(scan(1, NOW, orders=() if ended else (ORDER,)))
    flattened(joined)
    assert (rounds(joined) == WAITS) is not ended
    assert progress(joined).orders == ([] if ended else [ORDER])


def test_flatten_of_another_symbol_ends(joined: JournalBench) -> None:
    lost_position(joined)
    assert flattened(joined, "GBPUSD") == []
    assert rounds(joined)[0] == ("DONE", "NOTHING_OPEN")


def test_position_that_the_server_reopened_without_its_magic_counts(joined: JournalBench) -> None:
    joined.report(
        deal(FOUND),
        leaving(FOUND, reason="ROLLOVER", magic=0),
        leaving(FOUND, DEAL + 101, reason="ROLLOVER", magic=0, entry=DealEntry.IN, type=FOUND.side),
        msgspec.structs.replace(standing(FOUND), magic=0),
        scan(1, NOW, POSITION, orders=()),
    )
    flattened(joined)
    assert rounds(joined) == WAITS


def test_position_of_a_lost_order_that_is_closed_lets_a_flatten_end(joined: JournalBench) -> None:
    joined.report(deal(FOUND), leaving(FOUND), scan(1, NOW, orders=()))
    flattened(joined)
    assert rounds(joined)[0] == ("DONE", "NOTHING_OPEN")
