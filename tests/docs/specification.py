"""The table of the numbered specification, from its modules."""

import inspect
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.conformance.specification.case import EXPERT_ONLY, TABLE
from tests.conformance.specification.test_specification import PARTS

README: Final = Path(__file__).parents[1] / "conformance/specification/README.md"
_HEAD: Final = """# Specification of an order's whole life

Each line is a case. It runs against the simulated broker, on the Expert Advisor, built from its own source, and on
the reference terminal. A case about rules that only the Expert Advisor has runs there alone (EA), and has the
expected values. After each case every order was sent at most once, and journal, Director and broker agree to the
last lot. Where a case runs on both terminals, their events and requests are equal, field by field.

    python -m pytest -n 2 tests/conformance/specification -k P10

This page is made from the cases: `python -m tests.docs.generate`.
"""


def page() -> str:
    """Return the page: a table for each part, in the order in which they run."""
    return "\n".join([_HEAD, *(_part(module) for module in PARTS)])


def _part(module: ModuleType) -> str:
    title = (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")
    rows = "\n".join(
        f"| {case.id} | {'EA' if case.kinds == EXPERT_ONLY else 'both'} | {case.title} |"
        for case in TABLE.values()
        if case.function.__module__ == module.__name__
    )
    return f"## {title.rstrip('.')}\n\n| case | terminals | behaviour |\n| --- | --- | --- |\n{rows}\n"
