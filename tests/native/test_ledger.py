"""Ledger of the EA: recorded lines survive crashes, and damage is reported."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bridge.core.link.messages import Order
from bridge.simulator.terminal.ledger import Ledger
from tests.mql5.host.binding.host import Answer, Failed
from tests.mql5.host.functions.chart import Chart
from tests.mql5.host.functions.files import Files
from tests.mql5.host.switches import Switches
from tests.mql5.reference import constants
from tests.native.console import Console, console, variables
from tests.native.test_small_parts import LoggedOut

OPEN, INTEND, CONCLUDE, NAME, LIST, CLOSE, ORDER = 1, 2, 3, 4, 5, 6, 7
ENTER, INSTANCES, LOGIN = 8, 9, 10
ACCOUNT = "5"
"""Login of the account that the program opens the ledger for."""
C = constants()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Console]:
    with console("ledger", tmp_path, LoggedOut(), Chart(), variables(tmp_path)) as running:
        yield running


def path(folder: Path) -> Path:
    (found,) = folder.glob("*.ledger")
    return found


def fill(ledger: Console, intents: int) -> None:
    """Write a ledger with this number of intents, every second with an outcome, and close it."""
    assert ledger.one(OPEN) == "open"
    for client_order_id in range(1, intents + 1):
        assert ledger.one(INTEND, f"dir_{client_order_id}", client_order_id) == "written"
        if client_order_id % 2 == 0:
            assert ledger.one(CONCLUDE, "", client_order_id) == "written"
    ledger.ask(CLOSE)


def test_new_ledger_has_an_id_and_no_mark(ledger: Console, tmp_path: Path) -> None:
    assert ledger.one(OPEN) == "open"
    name = ledger.one(NAME)
    assert len(name.split()[0]) == 32 and name.endswith(" 0 whole")
    ledger.ask(CLOSE)
    assert ledger.one(OPEN) == "open"
    assert ledger.one(NAME) == name
    assert [each.name for each in tmp_path.glob("*.new")] == []


def test_format_is_that_of_the_reference_terminal(ledger: Console, tmp_path: Path) -> None:
    fill(ledger, 3)
    reference = Ledger(path(tmp_path))
    assert reference.identity.unbroken and reference.identity.mark == 3
    assert reference.identity.login == int(ACCOUNT)
    (second,) = [entry for entry in reference.after(1) if entry.outcome is not None]
    assert str(second.outcome.price if second.outcome else "") == "1.0950"
    assert second.intent.order.comment == "dir_2" and str(second.intent.order.volume) == "0.10"
    reference.close()


def test_client_order_id_is_recorded_once(ledger: Console) -> None:
    ledger.ask(OPEN)
    assert ledger.one(INTEND, "", 7) == "written"
    assert ledger.one(INTEND, "", 7).startswith("refused")
    assert ledger.one(NAME).endswith(" 1 whole")


def test_recorded_lines_are_read_again(ledger: Console) -> None:
    fill(ledger, 5)
    ledger.ask(OPEN)
    assert ledger.one(LIST) == "1:1 2:2+1.0950 3:3 4:4+1.0950 5:5 "
    assert ledger.one(CONCLUDE, 'ü "€"\n\\', 3) == "written"
    ledger.ask(CLOSE)
    ledger.ask(OPEN)
    assert '3:3+1.0950ü "€"\n\\ ' in ledger.one(LIST)


def test_order_of_an_intent_is_read_back_with_its_directive_id(ledger: Console) -> None:
    fill(ledger, 2)
    ledger.ask(OPEN)
    assert ledger.one(INTEND, 'ü "€" dir_3', 3) == "written"
    for client_order_id, directive_id in ((1, "dir_1"), (2, "dir_2"), (3, 'ü "€" dir_3')):
        order = msgspec.json.decode(ledger.one(ORDER, "", client_order_id), type=Order)
        assert (order.client_order_id, order.directive_id, order.volume) == (
            client_order_id,
            directive_id,
            Decimal("0.10"),
        )
    assert ledger.one(ORDER, "", 4) == "none"


def test_load_is_noted_once_and_named_to_the_sidecar(ledger: Console, tmp_path: Path) -> None:
    ledger.ask(OPEN)
    for instance_id in ("1" * 32, "1" * 32, "2" * 32, "1" * 32):
        assert ledger.one(ENTER, instance_id) == "written"
    assert ledger.one(INTEND, "", 7) == "written"
    named = f'["{"1" * 32}","{"2" * 32}"]'
    assert ledger.one(INSTANCES) == named
    ledger.ask(CLOSE)
    ledger.ask(OPEN)
    assert (ledger.one(INSTANCES), ledger.one(LIST)) == (named, "1:7 ")
    assert ledger.one(NAME).endswith(" 1 whole")
    ledger.ask(CLOSE)
    reference = Ledger(path(tmp_path))
    assert (reference.identity.instances, reference.identity.unbroken) == (["1" * 32, "2" * 32], True)
    reference.close()


def test_only_the_last_loads_are_named(ledger: Console) -> None:
    ledger.ask(OPEN)
    for number in range(70):
        assert ledger.one(ENTER, f"{number:032x}") == "written"
    assert msgspec.json.decode(ledger.one(INSTANCES)) == [f"{number:032x}" for number in range(6, 70)]


def test_intent_survives_a_crash(ledger: Console, tmp_path: Path) -> None:
    ledger.ask(OPEN)
    ledger.ask(INTEND, "", 7)
    ledger.crash()
    assert '"client_order_id":7' in path(tmp_path).read_text()


NAMED = b'{"ledger":"' + b"a" * 32 + b'","version":'


@pytest.mark.parametrize(
    "content",
    [
        b"\n",
        b"hello\n",
        b"{ ",
        b'{"ledger":"g',
        b'{"ledger":"' + b"A" * 8,
        b'{"ledger":"' + b"a" * 33,
        b'{"ledger":"x","version":3,"login":5}\n',
        NAMED + b"1}\n",
        NAMED + b'2,"login":5}\n',
        NAMED + b"3}\n",
        NAMED + b'3,"login":0}\n',
        NAMED + b'3,"login":6',
        NAMED + b'4,"login":5}\n',
        b"\0" * 64,
        b"\xff\xfe\n",
    ],
)
def test_foreign_file_is_refused_and_unchanged(ledger: Console, tmp_path: Path, content: bytes) -> None:
    fill(ledger, 0)
    path(tmp_path).write_bytes(content)
    assert "was not changed" in ledger.one(OPEN)
    assert path(tmp_path).read_bytes() == content


def test_version_that_is_not_supported_is_named(ledger: Console, tmp_path: Path) -> None:
    fill(ledger, 0)
    path(tmp_path).write_bytes(NAMED + b'4,"login":5,"more":1}\n')
    assert "has ledger version 4; this program supports 2 and 3" in ledger.one(OPEN)


def test_ledger_without_a_login_is_read_and_written_as_before(ledger: Console, tmp_path: Path) -> None:
    fill(ledger, 2)
    assert ledger.one(OPEN) == "open"
    assert ledger.one(LOGIN) == ACCOUNT
    ledger.ask(CLOSE)
    _, lines = path(tmp_path).read_bytes().split(b"\n", 1)
    before = NAMED + b"2}\n" + lines
    path(tmp_path).write_bytes(before)
    assert ledger.one(OPEN) == "open"
    assert (ledger.one(LOGIN), ledger.one(LIST)) == ("0", "1:1 2:2+1.0950 ")
    assert ledger.one(INTEND, "", 3) == "written"
    ledger.ask(CLOSE)
    assert path(tmp_path).read_bytes().startswith(before + b'{"mark":3,"client_order_id":3')
    reference = Ledger(path(tmp_path))
    assert (reference.identity.login, reference.identity.mark, reference.identity.unbroken) == (None, 3, True)
    reference.close()


def test_ledger_of_another_account_is_opened_and_its_login_is_named(ledger: Console, tmp_path: Path) -> None:
    # The sidecar refuses it: a person learns there what belongs to whom.
    fill(ledger, 0)
    content = NAMED + b'3,"login":6}\n'
    path(tmp_path).write_bytes(content)
    assert ledger.one(OPEN) == "open"
    assert ledger.one(LOGIN) == "6"
    assert path(tmp_path).read_bytes() == content


HEADER = len(NAMED + b'3,"login":5}\n')
OLD_HEADER = NAMED + b"2}"


@pytest.mark.parametrize("size", [0, 1, 10, 11, 12, 42, 43, 44, HEADER - 12, HEADER - 3, HEADER - 2])
def test_torn_header_of_a_new_ledger_is_made_anew(ledger: Console, tmp_path: Path, size: int) -> None:
    ledger.ask(OPEN)
    ledger.ask(CLOSE)
    whole = path(tmp_path).read_bytes()
    assert len(whole) == HEADER
    path(tmp_path).write_bytes(whole[:size])
    assert ledger.one(OPEN) == "open"
    assert ledger.one(INTEND, "", 7) == "written"
    ledger.ask(CLOSE)
    made = path(tmp_path).read_bytes().split(b"\n")
    assert len(made[0]) == HEADER - 1 and made[0] != whole[:-1]
    assert made[1].startswith(b'{"mark":1,"client_order_id":7')
    reference = Ledger(path(tmp_path))
    assert (reference.identity.mark, reference.identity.unbroken) == (1, True)
    reference.close()


@pytest.mark.parametrize("size", [44, len(OLD_HEADER) - 1])
def test_torn_header_of_a_ledger_without_a_login_is_made_anew(
    ledger: Console, tmp_path: Path, size: int
) -> None:
    fill(ledger, 0)
    path(tmp_path).write_bytes(OLD_HEADER[:size])
    assert ledger.one(OPEN) == "open"
    assert ledger.one(LOGIN) == ACCOUNT
    ledger.ask(CLOSE)
    assert len(path(tmp_path).read_bytes()) == HEADER


def test_header_without_its_line_end_is_kept(ledger: Console, tmp_path: Path) -> None:
    ledger.ask(OPEN)
    name = ledger.one(NAME)
    ledger.ask(CLOSE)
    path(tmp_path).write_bytes(path(tmp_path).read_bytes()[:-1])
    assert ledger.one(OPEN) == "open"
    assert ledger.one(NAME) == name


def test_open_ledger_can_be_read_by_a_backup_and_written_by_nobody(ledger: Console, tmp_path: Path) -> None:
    ledger.ask(OPEN)
    ledger.ask(INTEND, "", 7)
    other = Files(tmp_path, tmp_path / "Common", Switches())
    name = path(tmp_path).name
    shared = C["FILE_BIN"] | C["FILE_SHARE_READ"] | C["FILE_SHARE_WRITE"]
    reader = other.FileOpen(name, C["FILE_READ"] | shared, 9, 0)
    assert isinstance(reader, int)
    copied = other.FileReadArray(reader, -1)
    assert isinstance(copied, bytes) and b'"client_order_id":7' in copied
    assert isinstance(other.FileOpen(name, C["FILE_READ"] | C["FILE_WRITE"] | shared, 9, 0), Failed)
    other.close_all(crashed=False)
    assert ledger.one(INTEND, "", 8) == "written"


def test_file_open_in_another_program_is_refused(ledger: Console, tmp_path: Path) -> None:
    ledger.ask(OPEN)
    with console("ledger", tmp_path, LoggedOut(), Chart(), variables(tmp_path)) as second:
        problem = second.one(OPEN)
    assert "another chart" in problem and "a backup or a virus scanner" in problem
    ledger.ask(CLOSE)


@pytest.mark.parametrize("tail", [b'{"mark":4,"client_order_id":4,"att', b'{"mark":4,' + b"x" * 2_000, b"\0"])
def test_torn_line_is_blanked_by_the_next_append(ledger: Console, tmp_path: Path, tail: bytes) -> None:
    fill(ledger, 3)
    whole = path(tmp_path).read_bytes()
    path(tmp_path).write_bytes(whole + tail)
    ledger.ask(OPEN)
    assert ledger.one(NAME).endswith(" 3 whole")
    assert ledger.one(INTEND, "", 50) == "written"
    ledger.ask(CLOSE)
    assert (
        path(tmp_path).read_bytes().startswith(whole + b" " * len(tail) + b'\n{"mark":4,"client_order_id":50')
    )
    ledger.ask(OPEN)
    assert ledger.one(NAME).endswith(" 4 whole")
    assert ledger.one(LIST) == "1:1 2:2+1.0950 3:3 4:50 "


@pytest.mark.parametrize("line", [1, 2, 3])
def test_damage_before_the_end_is_detected_and_kept(ledger: Console, tmp_path: Path, line: int) -> None:
    fill(ledger, 3)
    lines = path(tmp_path).read_bytes().split(b"\n")
    lines[line] = b"\0" * len(lines[line])
    damaged = b"\n".join(lines)
    path(tmp_path).write_bytes(damaged)
    ledger.ask(OPEN)
    assert ledger.one(NAME).endswith(" broken")
    assert "3:3" in ledger.one(LIST)
    ledger.ask(INTEND, "", 50)
    ledger.ask(CLOSE)
    assert path(tmp_path).read_bytes().startswith(damaged)
    ledger.ask(OPEN)
    assert ledger.one(NAME).endswith(" broken")
    assert "4:50" in ledger.one(LIST)


def test_missing_line_is_detected(ledger: Console, tmp_path: Path) -> None:
    fill(ledger, 3)
    lines = path(tmp_path).read_bytes().split(b"\n")
    del lines[1]
    path(tmp_path).write_bytes(b"\n".join(lines))
    ledger.ask(OPEN)
    assert ledger.one(NAME).endswith(" 3 broken")


def test_truncation_keeps_every_complete_line(ledger: Console, tmp_path: Path) -> None:
    fill(ledger, 4)
    whole = path(tmp_path).read_bytes()
    header = whole.index(b"\n") + 1
    for end in range(header - 1, len(whole) + 1, 3):
        path(tmp_path).write_bytes(whole[:end])
        complete = whole[:end].count(b'"mark"', 0, whole[:end].rfind(b"\n") + 1)
        assert ledger.one(OPEN) == "open"
        _, mark, state = ledger.one(NAME).split()
        assert state == "whole" and int(mark) >= complete, end
        assert ledger.one(INTEND, "", 100) == "written"
        ledger.ask(CLOSE)
        assert ledger.one(OPEN) == "open"
        assert ledger.one(NAME).endswith(f" {int(mark) + 1} whole"), end
        ledger.ask(CLOSE)


def test_a_flush_follows_every_read_of_the_file(ledger: Console) -> None:
    functions = ledger.expert.host.functions
    calls: list[str] = []

    def watched(name: str) -> Callable[..., Answer]:
        honest = functions[name]

        def call(*arguments: Any) -> Answer:
            calls.append(name)
            return honest(*arguments)

        return call

    fill(ledger, 1)
    for name in ("FileReadArray", "FileWriteArray", "FileFlush"):
        functions[name] = watched(name)
    ledger.ask(OPEN)
    assert calls == ["FileReadArray", "FileFlush"]
    calls.clear()
    assert ledger.one(INTEND, "", 2) == "written"
    assert calls == ["FileWriteArray", "FileFlush", "FileReadArray", "FileFlush"]


@pytest.mark.parametrize("call", ["FileWriteArray", "FileFlush"])
def test_full_disk_refuses_the_intent(ledger: Console, call: str) -> None:
    fill(ledger, 1)
    ledger.ask(OPEN)
    ledger.files.full_at = call
    assert ledger.one(INTEND, "", 2).startswith("refused: MQL5\\Files\\")
    ledger.files.full_at = ""
    assert ledger.one(INTEND, "", 3) == "written"
    ledger.ask(CLOSE)
    ledger.ask(OPEN)
    assert ledger.one(NAME).endswith(" 2 whole")
    assert ledger.one(LIST) == "1:1 2:3 "


def test_disk_that_stores_other_bytes_refuses_the_intent(ledger: Console) -> None:
    fill(ledger, 1)
    ledger.ask(OPEN)
    functions = ledger.expert.host.functions
    honest = functions["FileWriteArray"]

    def other(handle: int, data: bytes, start: int, count: int) -> Answer:
        return honest(handle, bytes(count), start, count)

    functions["FileWriteArray"] = other
    assert ledger.one(INTEND, "", 2).startswith("refused: MQL5\\Files\\")
