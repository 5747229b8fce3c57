"""The EA's records and JSON have the fields, and the values, of the link's messages and reports."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec
import pytest

from bridge.core.director.contract import OrderType, TimeInForce
from bridge.core.link import messages, reports
from bridge.core.units.mt5_terms import Side

ROOT: Final = Path(__file__).parents[2] / "mql5/Include/ExecutionOfficer"
TEXT: Final = "\n".join(path.read_text(encoding="utf-8") for path in sorted(ROOT.rglob("*.mqh")))
STRUCTS: Final[dict[str, tuple[tuple[type[msgspec.Struct], ...], set[str], set[str]]]] = {
    "SAccount": ((messages.AccountIdentity,), {"known"}, set()),
    "SLedgerIdentity": ((messages.LedgerIdentity,), set(), set()),
    "SOrder": ((messages.Order,), set(), set()),
    "SCommand": ((messages.Command,), {"arrived_ms"}, set()),
    "SStatusRequest": ((messages.StatusRequest, messages.StatusRequestItem), set(), {"item"}),
    "SInquiry": ((messages.Inquire,), set(), set()),
    "SWelcome": ((messages.Welcome,), set(), set()),
    "SOrderRecord": ((reports.OrderReport,), set(), set()),
    "SLedgerEntry": (
        (reports.CommandReport,),
        {"concluded", "place", "size"},
        {"request", "stage", "reason", "request_no", "found", "connected_ms"},
    ),
    "STerminalState": (
        (messages.TerminalHeartbeat,),
        {"account"},
        {"epoch", "trade_allowed", "timer_max_us", "busy"},
    ),
    "SMessage": (
        (messages.Challenge, messages.Refused, messages.Ack, messages.SidecarHeartbeat, messages.Bye),
        {"type", "is_error", "problem", "welcome", "command", "status_request", "inquiry"},
        set(),
    ),
}
"""Each record of the EA: structs of the link, own fields of the record, fields of the link that it lacks."""
WRITTEN: Final[dict[tuple[str, ...], tuple[type[msgspec.Struct], ...]]] = {
    ("HelloMessage",): (messages.Hello,),
    ("ProveMessage",): (messages.Prove, messages.AccountIdentity, messages.LedgerIdentity),
    ("HeartbeatMessage",): (messages.TerminalHeartbeat,),
    ("ReportMessage",): (messages.ReportMessage,),
    ("ByeMessage",): (messages.Bye,),
    ("ErrorMessage",): (messages.ErrorMessage,),
    ("WriteOrderFields",): (messages.Order,),
    (
        "ReceivedReport",
        "NotSentReport",
        "FoundReport",
        "SubmittedReport",
        "ResultReport",
        "StatusReplyReport",
    ): (reports.CommandReport,),
    ("ScanReport",): (reports.ScanReport,),
    ("ConnectionReport",): (reports.ConnectionReport,),
    ("TroubleReport",): (reports.TroubleReport,),
    ("DealReport",): (reports.DealReport,),
    ("WriteOrder",): (reports.OrderReport,),
    ("SelectedPositionReport",): (reports.PositionReport,),
    ("SymbolReport",): (reports.SymbolReport,),
}
"""Functions that write JSON, and the structs that it is read as."""
READ: Final[dict[tuple[str, ...], tuple[type[msgspec.Struct], ...]]] = {
    ("CMessageReader::ReadFields",): (
        messages.Challenge,
        messages.Refused,
        messages.ErrorMessage,
        messages.Inquire,
        messages.ScanRequest,
        messages.Ack,
        messages.SidecarHeartbeat,
        messages.Bye,
    ),
    ("CMessageReader::ReadWelcome",): (messages.Welcome,),
    ("CMessageReader::ReadCommand",): (messages.Command,),
    ("CMessageReader::ReadStatusRequest",): (messages.StatusRequest, messages.StatusRequestItem),
    ("ReadOrder",): (messages.Order,),
}
"""Functions that read JSON, and the structs that it is written from."""


def fields(structs: Iterable[type[msgspec.Struct]]) -> set[str]:
    """Return the fields of structs of the link, without their tag."""
    return {name for struct in structs for name in struct.__struct_fields__}


def record(name: str) -> set[str]:
    """Return the fields of a struct of the EA."""
    [body] = re.findall(rf"^struct {name}\n  \{{\n(.*?)\n  \}};", TEXT, re.M | re.S)
    return set(re.findall(r"^   \w+ +(\w+);", body, re.M))


def quoted(names: Iterable[str]) -> set[str]:
    """Return the JSON names in the bodies of functions of the EA."""
    found: set[str] = set()
    for name in names:
        [body] = re.findall(rf"^\w+ {name}\([^;]*?\)\n  \{{\n(.*?)\n  \}}$", TEXT, re.M | re.S)
        found |= set(re.findall(r"(?:json|fields)(?:\.\w+\(|,)\"(\w+)\"", body))
    return found


def defined(name: str) -> str:
    """Return a text that the EA defines."""
    [text] = re.findall(rf'^#define {name} "(.*)"$', TEXT, re.M)
    assert isinstance(text, str)
    return text


@pytest.mark.parametrize("name", STRUCTS)
def test_record_has_fields_of_the_link(name: str) -> None:
    structs, own, absent = STRUCTS[name]
    assert record(name) == (fields(structs) - absent) | own


@pytest.mark.parametrize("names", WRITTEN, ids=lambda names: names[0])
def test_written_json_has_fields_of_the_link(names: tuple[str, ...]) -> None:
    tag = WRITTEN[names][0].__struct_config__.tag_field
    assert quoted(names) == fields(WRITTEN[names]) | ({tag} if tag else set())


@pytest.mark.parametrize("names", READ, ids=lambda names: names[0])
def test_read_json_has_fields_of_the_link(names: tuple[str, ...]) -> None:
    assert quoted(names) - {"type"} == fields(READ[names])


def test_ledger_accepts_fields_of_an_order() -> None:
    assert set(defined("ORDER_FIELDS").strip("|").split("|")) == fields([messages.Order])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("COMMAND_KINDS", messages.CommandKind),
        ("ORDER_SIDES", Side),
        ("LINK_ORDER_TYPES", OrderType),
        ("TIMES_IN_FORCE", TimeInForce),
    ],
)
def test_values_are_those_of_the_link(name: str, values: Iterable[str]) -> None:
    assert defined(name).split(",") == [str(value) for value in values]
