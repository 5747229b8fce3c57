"""The generated parts of bridge/README.md, and the specification's table.

`python -m tests.docs.generate` rewrites them in place; `test_docs` fails while they differ from the code.
"""

import ast
import inspect
import itertools
import re
import sqlite3
import textwrap
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from sqlite_utils import Database

from bridge.core.director.contract import EventType
from bridge.core.link import messages, reports
from bridge.core.settings import RiskLimits
from bridge.core.trade.amend_states import CHANGE_TABLE
from bridge.core.trade.command_states import (
    COMMAND_TABLE,
    POSITION_TABLE,
    CommandInput,
    CommandState,
    PositionInput,
)
from bridge.core.trade.retcodes import RETCODES, Verdict
from bridge.exits import ExitCode
from bridge.journal.database.schema import migrations
from tests.docs import examples, specification

README: Final = Path(__file__).parents[2] / "bridge" / "README.md"
_PART: Final = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def messages_from_terminal() -> str:
    """Each message that a terminal sends."""
    return _examples(examples.FROM_TERMINAL, messages.encode)


def messages_from_sidecar() -> str:
    """Each message that the sidecar sends."""
    return _examples(examples.FROM_SIDECAR, messages.encode)


def report_examples() -> str:
    """Each kind of report, the command's with each of its stages."""
    return "\n".join(
        f"`{reports.report_key(report)}`\n\n```json\n{_indent(reports.encode_report(report))}\n```\n"
        for report in examples.REPORTS
    )


def _examples(messages: Iterable[messages.Message], encode: Callable[[messages.Message], bytes]) -> str:
    parts = []
    for message in messages:
        words = (type(message).__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
        tag = type(message).__struct_config__.tag
        fields = _field_lines(type(message))
        parts.append(f"#### `{tag}`\n\n{words}\n\n```json\n{_indent(encode(message))}\n```\n{fields}")
    return "\n".join(parts)


def _field_lines(kind: type[msgspec.Struct]) -> str:
    described = _attribute_docs(kind)
    lines = [f"- `{name}`: {words}" for name, words in described.items()]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def _attribute_docs(kind: type) -> dict[str, str]:
    """The texts beneath a struct's fields, from its source."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    found: dict[str, str] = {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for field, text in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


def field_rules() -> str:
    """The bounded types that fields have."""
    rows = []
    for name in ("ClientOrderId", "Ticket", "Count", "Name", "Text", "Nonce", "Proof", "InstanceId"):
        meta = typing.get_args(getattr(messages, name))[1]
        bounds = {
            key: getattr(meta, key) for key in ("ge", "le", "lt", "min_length", "max_length", "pattern")
        }
        rules = ", ".join(f"{key} {value}" for key, value in bounds.items() if value is not None)
        rows.append(f"| {name} | `{rules}` |")
    return "| type | rule |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def not_sent_reasons() -> str:
    """Each reason for not sending, and whether the command may go out again."""
    docs = _member_docs(reports.NotSentReason)
    rows = [
        f"| {reason} | {docs[reason.name]} | {'again' if reason.passing else 'over'} |"
        for reason in reports.NotSentReason
    ]
    return "| reason | meaning | then |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def _member_docs(kind: type) -> dict[str, str]:
    tree = ast.parse(inspect.getsource(kind)).body[0]
    found: dict[str, str] = {}
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    for member, text in itertools.pairwise(body):
        if (
            isinstance(member, ast.Assign)
            and isinstance(member.targets[0], ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[member.targets[0].id] = " ".join(str(text.value.value).split())
    return found


def command_table() -> str:
    """The command's life: rows are states, columns inputs."""
    lines = []
    for state, row in COMMAND_TABLE.items():
        for what in CommandInput:
            if what not in row:
                continue
            after, outputs = row[what]
            if after is state and not outputs:
                continue
            lines.append(f"| {state} | {what} | {after} | {', '.join(outputs)} |")
    head = "| state | input | next | told |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(lines) + "\n"


def change_table() -> str:
    """The life of a MODIFY or CANCEL."""
    lines = []
    for state, row in CHANGE_TABLE.items():
        for what, (after, outputs) in row.items():
            if after is not state or outputs:
                lines.append(f"| {state} | {what} | {after} | {', '.join(outputs)} |")
    head = "| state | input | next | told |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(lines) + "\n"


def command_diagram() -> str:
    """The order's life as a picture: each arrow is every input that leads from one state to the other."""
    return _diagram(
        {state: {what: after for what, (after, _) in row.items()} for state, row in COMMAND_TABLE.items()}
    )


def change_diagram() -> str:
    """The change's life as a picture."""
    return _diagram(
        {state: {what: after for what, (after, _) in row.items()} for state, row in CHANGE_TABLE.items()}
    )


def _diagram(table: Mapping[StrEnum, Mapping[StrEnum, StrEnum]]) -> str:
    arrows: dict[tuple[str, str], list[str]] = {}
    for state, row in table.items():
        for what, after in row.items():
            if after is not state:
                arrows.setdefault((state, after), []).append(what)
    lines = ["stateDiagram-v2", f"    [*] --> {next(iter(table))}"]
    lines += [f"    {state} --> {after}: {', '.join(inputs)}" for (state, after), inputs in arrows.items()]
    lines += [f"    {state} --> [*]" for state in table if CommandState(state).over]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def risk_limits() -> str:
    """Each guard of an officer, and what it is without one."""
    described = _attribute_docs(RiskLimits)
    lines = []
    for field in msgspec.structs.fields(RiskLimits):
        default = field.default if field.default is not msgspec.NODEFAULT else "none"
        shown = "none" if default is None or default == [] else default
        lines.append(f"| `{field.name}` | {shown} | {described.get(field.name, '')} |")
    return "| guard | default | meaning |\n| --- | --- | --- |\n" + "\n".join(lines) + "\n"


def position_table() -> str:
    """A position's life."""
    lines = []
    for state, row in POSITION_TABLE.items():
        for what in PositionInput:
            if what not in row:
                lines.append(f"| {state or 'not known yet'} | {what} | the deal waits | |")
                continue
            after, outputs = row[what]
            lines.append(f"| {state or 'not known yet'} | {what} | {after} | {', '.join(outputs)} |")
    head = "| state | input | next | told |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(lines) + "\n"


def retcodes() -> str:
    """The trade server's return codes by what they are taken for."""
    lines = []
    for verdict in Verdict:
        named = ", ".join(f"{code} {name}" for code, (name, said) in RETCODES.items() if said is verdict)
        lines.append(f"| {verdict} | {named} |")
    return "| taken for | return codes |\n| --- | --- |\n" + "\n".join(lines) + "\n"


def event_types() -> str:
    """The contract's event types."""
    return ", ".join(f"`{event}`" for event in EventType) + "\n"


def exit_codes() -> str:
    """The exit statuses."""
    rows = "\n".join(f"| {code.value} | {code.name} | {code.meaning} |" for code in ExitCode)
    return f"| status | name | meaning |\n| --- | --- | --- |\n{rows}\n"


def schema() -> str:
    """The journal's tables and views as SQLite has them after all migrations."""
    connection = sqlite3.connect(":memory:")
    try:
        db = Database(connection)
        migrations.apply(db)
        tables = [table for table in db.table_names() if not table.startswith(("_", "sqlite_"))]
        parts = [db[table].schema for table in tables] + [db[view].schema for view in db.view_names()]
    finally:
        connection.close()
    return "```sql\n" + "\n\n".join(part + ";" for part in parts) + "\n```\n"


PARTS: Final[dict[str, Callable[[], str]]] = {
    "messages-from-terminal": messages_from_terminal,
    "messages-from-sidecar": messages_from_sidecar,
    "reports": report_examples,
    "field-rules": field_rules,
    "not-sent-reasons": not_sent_reasons,
    "command-table": command_table,
    "command-diagram": command_diagram,
    "change-table": change_table,
    "change-diagram": change_diagram,
    "risk_limits": risk_limits,
    "position-table": position_table,
    "retcodes": retcodes,
    "event-types": event_types,
    "exit-codes": exit_codes,
    "schema": schema,
}


def filled(text: str) -> str:
    """The page with each of its generated parts made anew. Raises KeyError for a part of no such name."""
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part['name']]()}{part[3]}", text)


def _indent(raw: bytes) -> str:
    return msgspec.json.format(raw, indent=2).decode()


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
    specification.README.write_text(specification.page(), encoding="utf-8")
