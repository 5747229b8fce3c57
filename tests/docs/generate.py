"""The generated parts of the pages in docs/, and the specification's table.

`python -m tests.docs.generate` rewrites them in place; `test_docs` fails while they differ from the code.
"""

import ast
import inspect
import itertools
import re
import sqlite3
import typing
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

import msgspec
from sqlite_utils import Database

from bridge.cli.new_configuration import example
from bridge.cli.service import systemd
from bridge.core.director.contract import CONTRACT_EVENT_FIELDS, EventType, ExecutionEvent
from bridge.core.link import messages, reports
from bridge.core.link.report_identity import report_key
from bridge.core.settings import RiskLimits
from bridge.core.trade.command_states import AMEND_TABLE, ORDER_TABLE, CommandInput, CommandState
from bridge.core.trade.directive_states import DirectiveState
from bridge.core.trade.position_states import POSITION_TABLE, PositionInput
from bridge.core.trade.retcodes import RETCODES, Verdict
from bridge.exits import ExitCode
from bridge.journal.database.schema import migrations
from bridge.journal.views.hops import Hop
from bridge.log_codes import LogCode
from bridge.web.metrics import described
from tests.docs import (
    command_reference,
    directive_fields,
    director_api,
    event_examples,
    event_sequences,
    examples,
    module_map,
    simulated_broker,
    specification,
    terminal_log,
)
from tests.docs.attributes import attribute_docs
from tests.unit.cli.service.samples import SYSTEM

PAGES: Final = tuple(sorted((Path(__file__).parents[2] / "docs").glob("*.md")))
"""The pages that may have generated parts, which stand between markers."""
_PART: Final = re.compile(r"(<!-- generated: (?P<name>[\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def messages_from_terminal() -> str:
    """Return each message that a terminal sends."""
    return _examples(examples.FROM_TERMINAL, messages.encode)


def messages_from_sidecar() -> str:
    """Return each message that the sidecar sends."""
    return _examples(examples.FROM_SIDECAR, messages.encode)


def report_examples() -> str:
    """Return each kind of report, the command's with each of its stages."""
    return "\n".join(
        f"`{report_key(report)}`\n\n```json\n{_indent(reports.encode_report(report))}\n```\n"
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
    described = attribute_docs(kind)
    lines = [f"- `{name}`: {words}" for name, words in described.items()]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def field_rules() -> str:
    """Return the bounded types that fields have."""
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
    """Return each reason for not sending, and whether a further attempt may follow."""
    docs = _member_docs(reports.NotSentReason)
    rows = [
        f"| {reason} | {docs[reason.name]} | {'a further attempt' if reason.passing else 'NEVER_SENT'} |"
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
    """Return the state table of a command that makes an order."""
    lines = []
    for state, row in ORDER_TABLE.items():
        for what in CommandInput:
            if what not in row:
                continue
            after, outputs = row[what]
            if after is state and not outputs:
                continue
            lines.append(f"| {state} | {what} | {after} | {', '.join(outputs)} |")
    head = "| state | input | next | events |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(lines) + "\n"


def change_table() -> str:
    """Return the state table of a MODIFY or CANCEL."""
    lines = []
    for state, row in AMEND_TABLE.items():
        for what, (after, outputs) in row.items():
            if after is not state or outputs:
                lines.append(f"| {state} | {what} | {after} | {', '.join(outputs)} |")
    head = "| state | input | next | events |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(lines) + "\n"


def command_diagram() -> str:
    """Return the command's table as a diagram; an arrow names every input of its transition."""
    return _diagram(
        {state: {what: after for what, (after, _) in row.items()} for state, row in ORDER_TABLE.items()}
    )


def change_diagram() -> str:
    """Return the change's table as a diagram."""
    return _diagram(
        {state: {what: after for what, (after, _) in row.items()} for state, row in AMEND_TABLE.items()}
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
    """Return each risk limit of an officer, with its default."""
    described = attribute_docs(RiskLimits)
    lines = []
    for field in msgspec.structs.fields(RiskLimits):
        default = field.default if field.default is not msgspec.NODEFAULT else "none"
        shown = "none" if default is None or default == [] else default
        lines.append(f"| `{field.name}` | {shown} | {described.get(field.name, '')} |")
    return "| limit | default | meaning |\n| --- | --- | --- |\n" + "\n".join(lines) + "\n"


def position_table() -> str:
    """Return the state table of a position."""
    lines = []
    for state, row in POSITION_TABLE.items():
        for what in PositionInput:
            transition = row[what]
            if transition is None:
                lines.append(f"| {state or 'unknown'} | {what} | the deal is parked | |")
                continue
            after, outputs = transition
            lines.append(f"| {state or 'unknown'} | {what} | {after} | {', '.join(outputs)} |")
    head = "| state | input | next | events |\n| --- | --- | --- | --- |\n"
    return head + "\n".join(lines) + "\n"


def retcodes() -> str:
    """Return the trade server's return codes by their verdict."""
    lines = []
    for verdict in Verdict:
        named = ", ".join(f"{code} {name}" for code, (name, said) in RETCODES.items() if said is verdict)
        lines.append(f"| {verdict} | {named} |")
    return "| verdict | return codes |\n| --- | --- |\n" + "\n".join(lines) + "\n"


def event_types() -> str:
    """Return the contract's event types."""
    return ", ".join(f"`{event}`" for event in EventType) + "\n"


def exit_codes() -> str:
    """Return the exit statuses."""
    rows = "\n".join(f"| {code.value} | {code.name} | {code.meaning} | {code.restart} |" for code in ExitCode)
    return f"| status | name | meaning | a restart helps |\n| --- | --- | --- | --- |\n{rows}\n"


def systemd_unit() -> str:
    """Return the unit of an installation in the usual folders."""
    return f"```ini\n{systemd.unit(SYSTEM)}```\n"


_COLUMN: Final = re.compile(
    r"^    (?P<name>[a-z_0-9]+) (?P<type>[A-Z]+)(?P<rest>.*?),?\s*(?:-- (?P<comment>.*))?$"
)
_TABLE: Final = re.compile(r"^CREATE TABLE (?P<name>\w+) \(\s*(?:-- (?P<comment>.*))?$")


def _schema(kind: str) -> list[str]:
    """Return the statements of all tables or views as SQLite has them after all migrations."""
    connection = sqlite3.connect(":memory:")
    try:
        db = Database(connection)
        migrations.apply(db)
        found = db.table_names() if kind == "table" else db.view_names()
        return [db[name].schema for name in found if not name.startswith(("_", "sqlite_"))]
    finally:
        connection.close()


def table_comments() -> dict[str, dict[str, str]]:
    """Return the comment of each column, by table and column; of the table itself under the empty name."""
    found: dict[str, dict[str, str]] = {}
    for statement in _schema("table"):
        lines = statement.splitlines()
        head = _TABLE.match(lines[0])
        if head is None:
            raise ValueError(f"the first line is not that of a table with its comment: {lines[0]}")
        columns = found.setdefault(head["name"], {"": head["comment"] or ""})
        for line in lines[1:]:
            if column := _COLUMN.match(line):
                columns[column["name"]] = column["comment"] or ""
    return found


def columns() -> dict[str, list[str]]:
    """Return the columns of each table, as SQLite itself names them."""
    connection = sqlite3.connect(":memory:")
    try:
        db = Database(connection)
        migrations.apply(db)
        tables = [name for name in db.table_names() if not name.startswith(("_", "sqlite_"))]
        return {name: [column.name for column in db[name].columns] for name in tables}
    finally:
        connection.close()


def undescribed_event_fields() -> list[str]:
    """Return the additions to an event that have no text beneath them."""
    described = attribute_docs(ExecutionEvent)
    names = [field.name for field in msgspec.structs.fields(ExecutionEvent)]
    return [name for name in names if name not in CONTRACT_EVENT_FIELDS and not described.get(name)]


def schema_tables() -> str:
    """Return each table with the type, the constraints and the comment of each of its columns."""
    parts = []
    for statement, (name, comments) in zip(_schema("table"), table_comments().items(), strict=True):
        rows = []
        constraints = []
        for line in statement.splitlines()[1:]:
            if column := _COLUMN.match(line):
                rest = re.sub(r" GENERATED ALWAYS AS .*", ", computed", column["rest"])
                kind = f"{column['type']}{rest}".rstrip().rstrip(",")
                rows.append(f"| `{column['name']}` | {kind} | {_cell(column['comment'] or '')} |")
            elif line.startswith("    "):
                constraints.append(line.split("--")[0].strip().rstrip(","))
        table = "| column | type | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"
        rules = f"\n```sql\n{chr(10).join(constraints)}\n```\n" if constraints else ""
        parts.append(f"### `{name}`\n\n{_sentence(comments[''])}\n\n{table}{rules}")
    return "\n".join(parts)


def schema_views() -> str:
    """Return each view's statement."""
    return "```sql\n" + "\n\n".join(statement + ";" for statement in _schema("view")) + "\n```\n"


def event_fields() -> str:
    """Return each field of an event, and whether the contract has it."""
    described = attribute_docs(ExecutionEvent)
    rows = [
        f"| `{field.name}` | {'contract' if field.name in CONTRACT_EVENT_FIELDS else 'addition'} |"
        f" {_cell(described.get(field.name, ''))} |"
        for field in msgspec.structs.fields(ExecutionEvent)
    ]
    return "| field | origin | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def directive_states() -> str:
    """Return each state of a directive, and whether it is final."""
    docs = _member_docs(DirectiveState)
    rows = [
        f"| {state} | {'yes' if state.over else 'no'} | {_cell(docs.get(state.name, ''))} |"
        for state in DirectiveState
    ]
    return "| state | final | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n"


def log_codes() -> str:
    """Return each log code with its meaning."""
    rows = [f"| `{code}` | {_cell(code.meaning)} |" for code in LogCode]
    return "| code | meaning |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def configuration() -> str:
    """Return the configuration with every setting explained, as `init` writes it."""
    return f"```toml\n{example()}```\n"


def metrics() -> str:
    """Return each metric with its kind, labels and meaning."""
    rows = [
        f"| `{name}` | {kind} | {', '.join(labels)} | {_cell(text)} |"
        for name, kind, labels, text in described()
    ]
    return "| metric | kind | labels | meaning |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"


def hops() -> str:
    """Return each step on the way of a directive."""
    rows = [f"| {hop} | {_cell(hop.meaning)} |" for hop in Hop]
    return "| hop | time of |\n| --- | --- |\n" + "\n".join(rows) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


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
    "commands": command_reference.command_reference,
    "risk_limits": risk_limits,
    "position-table": position_table,
    "retcodes": retcodes,
    "event-types": event_types,
    "exit-codes": exit_codes,
    "systemd-unit": systemd_unit,
    "schema-tables": schema_tables,
    "schema-views": schema_views,
    "event-fields": event_fields,
    "event-fields-by-type": event_examples.fields_by_type,
    "event-examples": event_examples.event_examples,
    "event-sequences": event_sequences.event_sequences,
    "directive-states": directive_states,
    "directive-fields": directive_fields.directive_fields,
    "log-codes": log_codes,
    "metrics": metrics,
    "hops": hops,
    "terminal-log-codes": terminal_log.log_codes,
    "scenario-keys": simulated_broker.scenario_keys,
    "fault-rules": simulated_broker.fault_rule_keys,
    "configuration": configuration,
    "module-map": module_map.python_map,
    "mql5-map": module_map.mql5_map,
}


def filled(text: str) -> str:
    """Return the page with each of its generated parts made anew.

    Raises KeyError for a part of an unknown name.
    """
    return _PART.sub(lambda part: f"{part[1]}{PARTS[part['name']]()}{part[3]}", text)


def _indent(raw: bytes) -> str:
    return msgspec.json.format(raw, indent=2).decode()


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
    specification.README.write_text(specification.page(), encoding="utf-8")
    director_api.PAGE.write_text(director_api.page(), encoding="utf-8")
