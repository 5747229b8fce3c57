"""The terminal's ledger: entries survive crashes and damage, and damage is noticed."""

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.link.messages import CommandKind, Order
from bridge.core.units.mt5_terms import Side
from bridge.simulator.terminal.ledger import Entry, Ledger, LedgerForeignError, LedgerLockedError, Outcome
from tests.sidecar_peer import open_order


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.jsonl"


LOGIN = 5
"""Login of the account that new ledgers are made for."""


def opened(path: Path) -> Ledger:
    """Open the ledger, and make it where there is none."""
    ledger = Ledger(path)
    ledger.make(LOGIN)
    return ledger


def fill(path: Path, intents: int) -> list[Entry]:
    """Write a ledger with so many intents, every second one with an outcome."""
    ledger = opened(path)
    for number in range(1, intents + 1):
        ledger.intend(open_order(number), attempt=1)
        if number % 2 == 0:
            ledger.conclude(Outcome(client_order_id=number, retcode=10009, price=Decimal("1.0950")))
    entries = ledger.after(0)
    ledger.close()
    return entries


def test_new_ledger_has_an_id_and_mark_0(path: Path) -> None:
    ledger = opened(path)
    identity = ledger.identity
    ledger.close()
    assert len(identity.id) == 32
    assert (identity.mark, identity.unbroken, identity.login) == (0, True, LOGIN)
    again = opened(path)
    assert again.identity == identity
    again.close()


def test_reopened_ledger_has_intents_and_outcomes(path: Path) -> None:
    entries = fill(path, 5)
    ledger = opened(path)
    assert ledger.identity.mark == 5
    assert ledger.after(0) == entries
    assert ledger.after(3) == entries[3:]
    assert ledger.find(4) == entries[3]
    assert ledger.find(99) is None
    ledger.close()


def test_prices_keep_their_digits(path: Path) -> None:
    fill(path, 2)
    ledger = opened(path)
    entry = ledger.find(2)
    ledger.close()
    assert entry is not None and entry.outcome is not None
    assert str(entry.outcome.price) == "1.0950"
    assert str(entry.intent.order.volume) == "0.10"


@pytest.mark.skipif(sys.platform == "darwin", reason="F_FULLFSYNC there, not fsync")
def test_intent_is_flushed_to_the_disk_before_intend_returns(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = opened(path)
    flushed: list[bytes] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(path.read_bytes()))
    ledger.intend(open_order(7), attempt=3)
    assert b'"mark":1,"client_order_id":7,"attempt":3' in flushed[0]
    ledger.conclude(Outcome(client_order_id=7, retcode=10009))
    assert b'"client_order_id":7,"retcode":10009' in flushed[1]
    ledger.close()


def test_client_order_id_is_written_once(path: Path) -> None:
    ledger = opened(path)
    ledger.intend(open_order(7), attempt=1)
    with pytest.raises(ValueError, match="already"):
        ledger.intend(open_order(7), attempt=2)
    ledger.conclude(Outcome(client_order_id=7, retcode=10009))
    with pytest.raises(ValueError, match="no open intent"):
        ledger.conclude(Outcome(client_order_id=7, retcode=10009))
    ledger.close()


def test_load_is_noted_once_and_named_to_the_sidecar(path: Path) -> None:
    ledger = opened(path)
    for instance_id in ("1" * 32, "1" * 32, "2" * 32, "1" * 32):
        ledger.enter(instance_id)
    ledger.intend(open_order(7), attempt=1)
    assert ledger.identity.instances == ["1" * 32, "2" * 32]
    ledger.close()
    assert path.read_text().splitlines()[1] == '{"instance":"11111111111111111111111111111111"}'
    again = opened(path)
    assert (again.identity.instances, again.identity.unbroken) == (["1" * 32, "2" * 32], True)
    again.close()


def test_only_the_last_loads_are_named(path: Path) -> None:
    ledger = opened(path)
    loads = [f"{number:032x}" for number in range(70)]
    for instance_id in loads:
        ledger.enter(instance_id)
    assert ledger.identity.instances == loads[-64:]
    ledger.close()


def test_second_terminal_is_locked_out(path: Path) -> None:
    first = opened(path)
    with pytest.raises(LedgerLockedError, match="another terminal"):
        Ledger(path)
    first.close()
    opened(path).close()


def test_other_process_is_locked_out(path: Path) -> None:
    first = opened(path)
    imports = "from pathlib import Path; from bridge.simulator.terminal.ledger import Ledger"
    code = f"{imports}; Ledger(Path({str(path)!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    first.close()
    assert run.returncode != 0
    assert "in use by another terminal" in run.stderr


NAMED = b'{"ledger":"' + b"a" * 32 + b'","version":'


@pytest.mark.parametrize(
    "content",
    [
        b"\n",
        b"hello\n",
        b'{"ledger":"' + b"A" * 8,
        b'{"ledger":"' + b"a" * 33,
        b'{"ledger":"x","version":3,"login":5}\n',
        NAMED + b'2,"login":5}\n',
        NAMED + b"3}\n",
        NAMED + b'3,"login":0}\n',
        NAMED + b'3,"login":5x',
        NAMED + b'3,"login":-5}\n',
        b"\x00" * 64,
        b"\xff\xfe\n",
    ],
)
def test_foreign_file_is_refused_and_not_touched(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(LedgerForeignError, match=r"ledger\.jsonl"):
        Ledger(path)
    assert path.read_bytes() == content


def test_torn_header_is_made_anew_and_nothing_else(path: Path) -> None:
    opened(path).close()
    whole = path.read_bytes()
    for end in range(len(whole) - 1):
        path.write_bytes(whole[:end])
        ledger = opened(path)
        assert (ledger.identity.mark, ledger.identity.unbroken) == (0, True)
        ledger.intend(open_order(7), attempt=1)
        ledger.close()
        assert len(path.read_bytes().partition(b"\n")[0]) == len(whole) - 1
        assert not path.read_bytes().startswith(whole)
    path.write_bytes(whole[:-1])  # the line end alone is missing: the file is the same ledger
    ledger = opened(path)
    assert ledger.identity.id.encode() in whole
    ledger.close()


@pytest.mark.parametrize("version", [1, 4])
def test_other_version_is_refused_and_not_touched(path: Path, version: int) -> None:
    content = NAMED + b'%d,"more":1}\n' % version
    path.write_bytes(content)
    with pytest.raises(LedgerForeignError, match=f"version {version}"):
        Ledger(path)
    assert path.read_bytes() == content


def test_ledger_without_a_login_is_read_and_written_as_before(path: Path) -> None:
    fill(path, 2)
    _, lines = path.read_bytes().split(b"\n", 1)
    before = NAMED + b"2}\n" + lines
    path.write_bytes(before)
    ledger = opened(path)
    assert (ledger.identity.login, ledger.identity.mark, ledger.identity.unbroken) == (None, 2, True)
    ledger.intend(open_order(3), attempt=1)
    ledger.close()
    assert path.read_bytes().startswith(before + b'{"mark":3,"client_order_id":3')


@pytest.mark.parametrize("content", [NAMED[:44], NAMED + b"2", NAMED + b'3,"login":', NAMED + b'3,"login":6'])
def test_torn_first_line_of_any_account_and_version_is_made_anew(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    ledger = Ledger(path)
    # The account is not known yet.
    assert path.read_bytes() == content
    ledger.make(LOGIN)
    assert ledger.identity.login == LOGIN
    ledger.close()
    assert path.read_bytes().endswith(b',"version":3,"login":5}\n')


def test_ledger_that_was_made_keeps_its_account(path: Path) -> None:
    opened(path).close()
    content = path.read_bytes()
    ledger = Ledger(path)
    ledger.make(LOGIN + 1)
    assert ledger.identity.login == LOGIN
    ledger.close()
    assert path.read_bytes() == content


def test_nothing_is_written_before_the_account_is_known(path: Path) -> None:
    ledger = Ledger(path)
    with pytest.raises(ValueError, match="not made yet"):
        ledger.intend(open_order(7), attempt=1)
    with pytest.raises(ValueError, match="not made yet"):
        ledger.identity  # noqa: B018 - it raises
    ledger.close()
    assert not path.exists()


def test_incomplete_last_line_is_cut_off_by_the_next_append(path: Path) -> None:
    fill(path, 3)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"mark":4,"client_order_id":4,"att')
    ledger = opened(path)
    assert ledger.identity.unbroken
    assert ledger.identity.mark == 3
    ledger.intend(open_order(5), attempt=1)
    ledger.close()
    assert path.read_bytes().startswith(whole + b'{"mark":4,"client_order_id":5')
    again = opened(path)
    assert again.identity.unbroken
    assert again.find(5) is not None
    again.close()


def test_shorter_line_replaces_an_incomplete_one_entirely(path: Path) -> None:
    fill(path, 1)
    path.write_bytes(path.read_bytes() + b'{"mark":2,' + b"x" * 2_000)
    ledger = opened(path)
    ledger.intend(open_order(5), attempt=1)
    ledger.close()
    again = opened(path)
    assert again.identity.unbroken
    assert [entry.intent.client_order_id for entry in again.after(0)] == [1, 5]
    again.close()


@pytest.mark.parametrize("line", [1, 2, 3])
def test_damage_before_the_end_is_noticed_and_kept(path: Path, line: int) -> None:
    fill(path, 3)
    lines = path.read_bytes().split(b"\n")
    lines[line] = b"\x00" * len(lines[line])
    damaged = b"\n".join(lines)
    path.write_bytes(damaged)
    ledger = opened(path)
    assert not ledger.identity.unbroken
    assert ledger.find(3) is not None
    ledger.intend(open_order(50), attempt=1)
    ledger.close()
    assert path.read_bytes().startswith(damaged)
    again = opened(path)
    assert not again.identity.unbroken
    assert again.find(50) is not None
    again.close()


def test_missing_line_is_noticed(path: Path) -> None:
    fill(path, 3)
    lines = path.read_bytes().split(b"\n")
    del lines[1]
    path.write_bytes(b"\n".join(lines))
    ledger = opened(path)
    assert not ledger.identity.unbroken
    assert ledger.identity.mark == 3
    ledger.close()


def test_incomplete_line_after_damage_is_not_cut(path: Path) -> None:
    fill(path, 3)
    damaged = path.read_bytes().replace(b'"mark":2', b'"mork":2') + b'{"mark":4'
    path.write_bytes(damaged)
    ledger = opened(path)
    ledger.intend(open_order(50), attempt=1)
    ledger.close()
    assert path.read_bytes().startswith(damaged + b"\n")


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from bridge.simulator.terminal.ledger import Ledger, LedgerWriteError, Outcome
from tests.sidecar_peer import open_order

path = Path(sys.argv[1])
ledger = Ledger(path)
ledger.make(5)
ledger.intend(open_order(1), attempt=1)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
size = path.stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
ledger.enter("1" * 32)
assert ledger.identity.instances == []
for write in (lambda: ledger.intend(open_order(2), attempt=1),
              lambda: ledger.conclude(Outcome(client_order_id=1, retcode=10009))):
    try:
        write()
    except LedgerWriteError as error:
        print("refused:", error)
assert ledger.find(2) is None
assert ledger.identity.mark == 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
ledger.intend(open_order(3), attempt=1)
ledger.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no file size limit there")
def test_full_disk_refuses_the_intent_and_leaves_no_damage(path: Path) -> None:
    # A real refusal by the system within a line, in a separate process.
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("refused:") == 2
    ledger = opened(path)
    assert ledger.identity.unbroken
    assert [entry.intent.client_order_id for entry in ledger.after(0)] == [1, 3]
    # The load that could not be noted was noted before the next intent.
    assert ledger.identity.instances == ["1" * 32]
    assert ["instance" in line for line in path.read_text().splitlines()] == [False, False, True, False]
    ledger.close()


orders = st.builds(
    Order,
    client_order_id=st.integers(1, 2**52 - 1),
    kind=st.sampled_from(CommandKind),
    symbol=st.from_regex(r"[A-Za-z0-9.#_]{1,12}", fullmatch=True),
    side=st.sampled_from(list(Side)),
    volume=st.decimals(0, 1000, places=2),
    position=st.integers(0, 2**63 - 1),
    stop_loss=st.none() | st.decimals(0, 10_000, places=5),
    price=st.none() | st.decimals(0, 10_000, places=5),
    comment=st.text(max_size=31).filter(lambda text: text.isprintable()),
)


@given(st.lists(st.tuples(orders, st.booleans()), max_size=8, unique_by=lambda item: item[0].client_order_id))
def test_written_records_are_read(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[Order, bool]]
) -> None:
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    ledger = opened(path)
    for order, concluded in items:
        ledger.intend(order, attempt=1)
        if concluded:
            ledger.conclude(Outcome(client_order_id=order.client_order_id, retcode=10009, message="ü €\n"))
    written, identity = ledger.after(0), ledger.identity
    ledger.close()
    again = opened(path)
    assert again.after(0) == written
    assert again.identity == identity
    again.close()


def test_any_truncation_leaves_every_completed_line(tmp_path: Path) -> None:
    origin = tmp_path / "origin.jsonl"
    fill(origin, 4)
    whole = origin.read_bytes()
    header = whole.index(b"\n") + 1
    for end in range(header - 1, len(whole) + 1):
        path = tmp_path / "cut.jsonl"
        path.write_bytes(whole[:end])
        complete = whole[:end].count(b'"mark"', 0, whole[:end].rfind(b"\n") + 1)
        ledger = opened(path)
        assert ledger.identity.unbroken, end
        assert len(ledger.after(0)) >= complete, end
        mark = ledger.identity.mark
        ledger.intend(open_order(100), attempt=1)
        ledger.close()
        again = opened(path)
        assert again.identity.unbroken, end
        assert again.identity.mark == mark + 1
        assert again.find(100) is not None
        again.close()
