"""Meaning of a program: names, members, types as far as declarations give them, and the ways through a function."""

from tests.mql5.lint.program import Finding
from tests.mql5.lint.semantics.bodies import Bodies
from tests.mql5.lint.semantics.classes import check_classes
from tests.mql5.lint.semantics.inheritance import check_inheritance
from tests.mql5.lint.semantics.literals import check_literals
from tests.mql5.lint.semantics.tables import Tables
from tests.mql5.lint.semantics.top_level import check_handlers, check_top_level
from tests.mql5.lint.syntax.cursor import Fault
from tests.mql5.lint.syntax.declarations import UnitReader
from tests.mql5.lint.syntax.macros import Preprocessor
from tests.mql5.reference import names
from tests.mql5.translator.lexer import Token
from tests.mql5.translator.names import collect


def judge(tokens: list[Token]) -> list[Finding]:
    """Return the compile errors of a program. `tokens` are those of its files in order of inclusion.

    A program that cannot be read to its end has the one finding that stopped the reading.
    """
    preprocessor = Preprocessor()
    expanded = preprocessor.expanded(tokens)
    reader = UnitReader(expanded, collect(expanded).types | names().types)
    try:
        unit = reader.unit()
    except Fault as fault:
        return [*preprocessor.found, fault.finding]
    tables = Tables(unit, set(preprocessor.macros))
    bodies = Bodies(tables)
    bodies.run()
    return [
        *preprocessor.found,
        *check_literals(expanded),
        *check_handlers(tables, preprocessor.properties),
        *reader.found,
        *check_top_level(tables, unit),
        *check_classes(tables),
        *check_inheritance(tables),
        *bodies.found,
    ]
