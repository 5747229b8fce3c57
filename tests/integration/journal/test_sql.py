"""SQL is in `tables` and `database` only, a statement in the module of its main table; words come from enums."""

import ast
import importlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

import bridge
from bridge.journal.database import audit, file, schema, words

BRIDGE: Final = Path(bridge.__file__).parent
JOURNAL: Final = BRIDGE / "journal"
TABLES: Final = sorted(
    path.stem
    for path in (JOURNAL / "tables").glob("*.py")
    if path.stem not in ("__init__", "values", "views")
)
SQL: Final = re.compile(
    r"\b(SELECT\s.*\sFROM|INSERT\s+(OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|VIEW|INDEX)"
    r"|PRAGMA\s|SAVEPOINT\s|BEGIN\b|COMMIT\b|ROLLBACK\b)",
    re.DOTALL,
)
PART: Final = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|FROM|WHERE|AND|OR|JOIN|ORDER BY)\s")
"""A part of a statement, as tables build it from several strings."""
SQLITE_WORDS: Final = {"unixepoch"}
"""Words of SQLite's own functions."""
BUILDERS: Final = {"words", "column_list", "insert", "replace", "assignments"}


def texts(path: Path) -> Iterator[tuple[int, str, list[ast.expr]]]:
    """Yield line, text and interpolated expressions of each string of a module, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inner = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            names = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
            yield node.lineno, "".join(map(str, parts)), names
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if node not in docs and node not in inner:
                yield node.lineno, node.value, []


def main_tables(text: str) -> list[str]:
    """Return the tables behind FROM, INTO and UPDATE outside of parentheses, but for the SELECT of an INSERT."""
    text = re.sub(r"^SELECT EXISTS \(", "", text).replace("DO UPDATE", "")
    depth, flat = 0, []
    for letter in text:
        depth -= letter == ")"
        flat.append(letter if depth <= 0 else " ")
        depth += letter == "("
    found = re.findall(r"\b(?:FROM|INTO|UPDATE)\s+(\w+)", "".join(flat))
    return found[:1] if text.startswith("INSERT") else found


def is_constant(expression: ast.expr) -> bool:
    """Return True for a constant of the module, a builder of `database.sql`, or a choice between constants."""
    match expression:
        case ast.Name(id=name):
            return name.isupper()
        case ast.Call(func=ast.Name(id=name)):
            return name in BUILDERS
        case ast.IfExp(body=body, orelse=orelse):
            return is_constant(body) and is_constant(orelse)
        case _:
            return False


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A new journal, read-only."""
    path = tmp_path_factory.mktemp("fresh") / "journal.db"
    file.create(path)
    with file.open_reader(path) as connection:
        yield connection


def test_no_module_outside_tables_and_database_holds_sql() -> None:
    found = [
        f"{path.relative_to(BRIDGE)}:{line}: {text[:60]!r}"
        for path in BRIDGE.rglob("*.py")
        if path.parent.name not in ("tables", "database")
        for line, text, _ in texts(path)
        if SQL.search(text)
    ]
    assert found == []


def test_each_table_of_the_schema_has_one_module(fresh: sqlite3.Connection) -> None:
    found = fresh.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    made = {row["name"] for row in found if not row["name"].startswith(("sqlite_", "_sqlite_"))}
    assert made == {*TABLES, "audit_rows"}


@pytest.mark.parametrize("table", TABLES)
def test_statement_stands_in_the_module_of_its_main_table(table: str) -> None:
    for line, text, _ in texts(JOURNAL / "tables" / f"{table}.py"):
        if PART.search(text):
            assert set(main_tables(text)) <= {table}, f"{table}.py:{line}: {text}"


@pytest.mark.parametrize("table", TABLES)
def test_statement_is_built_from_constants_and_has_named_parameters(table: str) -> None:
    for line, text, interpolated in texts(JOURNAL / "tables" / f"{table}.py"):
        if PART.search(text):
            assert all(map(is_constant, interpolated)), f"{table}.py:{line}: {text}"
            assert "?" not in text, f"{table}.py:{line}: {text}"


@pytest.mark.parametrize("table", TABLES)
def test_statement_spells_out_no_word(table: str) -> None:
    for line, text, _ in texts(JOURNAL / "tables" / f"{table}.py"):
        if PART.search(text):
            assert not re.search(r"'\w+'", text), f"{table}.py:{line}: {text}"


@pytest.mark.parametrize("table", [*TABLES, "audit_rows"])
def test_column_list_is_that_of_the_schema(table: str, fresh: sqlite3.Connection) -> None:
    module = audit if table == "audit_rows" else importlib.import_module(f"bridge.journal.tables.{table}")
    columns = {row["name"] for row in fresh.execute(f"PRAGMA table_info({table})")}
    assert (module.TABLE, set(module.COLUMNS)) == (table, columns)
    assert len(module.COLUMNS) == len(columns)


def test_words_of_the_schema_are_members_of_their_enums(fresh: sqlite3.Connection) -> None:
    known = {word for table, column in words.STORED for word in words.allowed(table, column)}
    spelled = [
        word
        for (sql,) in fresh.execute(
            "SELECT sql FROM sqlite_master WHERE type IN ('index', 'view') AND sql <> ''"
        )
        for word in re.findall(r"'(\w+)'", sql)
        if word not in SQLITE_WORDS
    ]
    assert spelled
    assert set(spelled) <= known


def test_each_column_with_an_enum_is_known_to_the_schema(fresh: sqlite3.Connection) -> None:
    """The comment of such a column begins with the names of its enums."""
    for (table, column), kinds in words.STORED.items():
        [(sql,)] = fresh.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
        [comment] = re.findall(rf"^    {column} [^\n]*-- ([^\n]+)", sql, re.MULTILINE)
        assert all(kind.__name__ in comment for kind in kinds), f"{table}.{column}: {comment}"
    assert schema.known_migrations()
