"""Operator commands performed on a journal: each has an example here and writes a row into the audit."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from bridge.sidecar.operator import REQUESTS
from bridge.sidecar.operator.request import Request
from tests.integration.journal.bench import NOW, OFFICER, JournalBench, directive, settings
from tests.integration.journal.reports import DEAL, POSITION, absent, deal, result, scan, standing, submitted

EXAMPLES: Final[dict[str, dict[str, object]]] = {
    "halt": {"officer": OFFICER, "why": "news"},
    "resume": {"officer": OFFICER},
    "flatten": {"officer": OFFICER, "nonce": "0f" * 8},
    "resolve": {"directive_id": "dir-1", "verdict": "rejected", "note": "not in the history"},
    "writeoff": {"number": POSITION, "note": "deleted by the broker"},
    "retry": {"directives": ["dir-2"]},
    "dismiss": {"note": "known"},
    "rebind": {"officer": OFFICER, "why": "compared"},
    "recover": {"officer": OFFICER, "adopt": True, "last_scan": True},
}
"""Arguments of each command, for the journal of `bench`."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[JournalBench]:
    """A journal with an UNKNOWN command of dir-1, a refused event of dir-2, and a position of dir-3 that the broker
    no longer has."""
    made = JournalBench(tmp_path / "journal.db", settings())
    made.join()
    [command] = made.sent(directive())
    made.later(30)
    made.report(absent(command.order, request_no=101), absent(command.order, request_no=102))
    made.take(directive("dir-2", quantity=-1))
    for event in made.due():
        if event.directive_id == "dir-2":
            made.journal.set_refused(event, "HTTP 422: no", NOW)
    [opening] = made.sent(directive("dir-3"))
    made.report(submitted(opening.order), result(opening.order), deal(opening.order, DEAL))
    made.report(standing(opening.order), scan(1, made.now, POSITION, orders=()))
    for number in range(2, 5):
        made.later(60)
        made.report(scan(number, made.now, orders=()))
    yield made
    made.close()


def test_every_operator_command_has_an_example() -> None:
    missing = {kind.name for kind in REQUESTS} - set(EXAMPLES)
    assert not missing, f"add to EXAMPLES of tests/integration/sidecar/test_operator.py: {', '.join(missing)}"


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: str(kind.name))
def test_operator_command_is_performed_and_audited(bench: JournalBench, kind: type[Request[Any]]) -> None:
    request = msgspec.convert(EXAMPLES[kind.name], kind)
    request.check(bench.journal, bench.settings)
    answer = request.perform(bench.journal, bench.settings, NOW)
    assert isinstance(answer, kind.answer_type())
    performed = [
        subject for _, subject in bench.rows("SELECT kind, subject FROM audit WHERE kind = 'operator'")
    ]
    assert kind.name in performed, f"bridge/journal/operator writes no audit row for {kind.name}"
