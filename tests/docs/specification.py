"""The table of the numbered specification, from its modules."""

import inspect
from pathlib import Path
from types import ModuleType
from typing import Final

from tests.conformance.specification.case import TABLE
from tests.conformance.specification.test_specification import PARTS

README: Final = Path(__file__).parents[1] / "conformance/specification/README.md"
_HEAD: Final = """# What holds of an order's whole life

Each line is a case that is told on both terminals, the Expert Advisor from its own source and the reference
terminal, against the same simulated broker. At its end every order was sent at most once; journal, Director and
broker agree to the last lot; and both terminals told the same, field by field.

    python -m pytest -n 2 tests/conformance/specification -k P10

This page is made from the cases: `python -m tests.docs.generate`.
"""


def page() -> str:
    """The whole page: a table for each part, in the order in which they run."""
    return "\n".join([_HEAD, *(_part(module) for module in PARTS)])


def _part(module: ModuleType) -> str:
    words = (inspect.getdoc(module) or "").split("\n\n")[0].replace("\n", " ")
    rows = "\n".join(
        f"| {case.id} | {case.title} |" for case in TABLE.values() if case.story.__module__ == module.__name__
    )
    return f"## {words.rstrip('.')}\n\n| case | what holds |\n| --- | --- |\n{rows}\n"
