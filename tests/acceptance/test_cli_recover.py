"""`recover` where no sidecar runs, on a journal whose last scan shows orders that it lacks."""

import io
import json
from pathlib import Path

import msgspec
import pytest

from bridge.cli.operator.recover import MOST_AT_ONCE
from bridge.core.link.messages import LedgerIdentity, Order
from bridge.core.units.order_ids import HASH_BITS, OPENING, make_client_order_id
from bridge.exits import ExitCode
from bridge.status.command_lines import CommandLines
from tests.acceptance.command_line import CommandLine
from tests.integration.journal.bench import (
    ACCOUNT,
    LEDGER,
    NOW,
    OFFICER,
    OTHER,
    PREFIX,
    JournalBench,
    directive,
    settings,
)
from tests.integration.journal.reports import POSITION, deal, scan
from tests.integration.journal.test_recover import fill, ledger_of, show


@pytest.fixture
def lossy(without_journal: CommandLine, tmp_path: Path) -> CommandLine:
    """A command line on a journal that lacks an order of dir-1, whose position is open."""
    config = without_journal.folder / "bridge.toml"
    text = config.read_text().replace(
        f'id = "{OFFICER}"\n', f'id = "{OFFICER}"\norder_id_prefix = {PREFIX}\n'
    )
    config.write_text(text)
    order = lost_order(tmp_path)
    with without_journal.bench() as bench:
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
        show(bench, order)
    return without_journal


def lost_order(folder: Path) -> Order:
    """The order that another journal sent for dir-1."""
    other = JournalBench(folder / "lost.db", settings())
    other.join()
    order = fill(other, directive())
    other.close()
    return order


def test_recover_lists_adopts_and_says_when_nothing_is_lacking(lossy: CommandLine) -> None:
    look = ("recover", "--officer", OFFICER, "--last-scan")
    before = lossy.journal.read_bytes()
    assert lossy.run(*look) == ExitCode.UNADOPTED
    assert lossy.journal.read_bytes() == before
    assert "dir-1" in lossy.stdout and "position open" in lossy.stdout and "No sidecar runs" in lossy.stdout
    actions = {action["code"]: action for action in lossy.status()[1]["required_actions"]}
    assert "1 of our orders" in actions["LOST_ORDERS"]["what"]
    assert "dir-1 (position open)" in actions["LOST_ORDERS"]["what"]
    recover = CommandLines(config=str(lossy.folder / "bridge.toml")).named("recover")
    assert recover in actions["LOST_ORDERS"]["remedy"]
    assert lossy.run(*look, "--adopt", "--yes", "--why", "restored") == ExitCode.OK
    assert "is adopted" in lossy.stdout
    assert lossy.run(*look) == ExitCode.OK
    assert f"{OFFICER}: the journal lacks no order of ours, by the scan of" in lossy.stdout
    status = lossy.status()[1]
    [position] = status["journal"]["positions"]
    assert (position["directive_id"], position["identifier"]) == ("dir-1", POSITION)
    assert [action["code"] for action in status["required_actions"]] == ["QUARANTINED"]


def test_recover_without_a_terminal_is_refused_and_changes_nothing(lossy: CommandLine) -> None:
    before = lossy.journal.read_bytes()
    assert lossy.run("recover", "--adopt", "--officer", OFFICER, "--yes") == ExitCode.NO_TERMINAL
    assert lossy.stderr.count("Error: ") == 1 and "--last-scan" in lossy.stderr
    assert lossy.journal.read_bytes() == before


def test_adopting_asks_for_confirmation(lossy: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    words = ("recover", "--officer", OFFICER, "--last-scan", "--adopt")
    assert lossy.run(*words) == ExitCode.INTERRUPTED
    assert "dir-1" in lossy.stdout and "Adopt 1 order?" in lossy.stdout
    assert lossy.status()[1]["journal"]["positions"] == []


def test_dismissed_order_is_listed_no_more(lossy: CommandLine) -> None:
    look = ("recover", "--officer", OFFICER, "--last-scan")
    lossy.run(*look, "--json")
    [order] = json.loads(lossy.stdout)["officers"][0]["orders"]
    magic = str(order["client_order_id"])
    assert lossy.run(*look, "--dismiss", "--client-order-id", magic, "--yes") == ExitCode.OK
    assert f"{magic} is yours now" in lossy.stdout
    assert lossy.run(*look) == ExitCode.OK


def test_order_is_adopted_under_the_directive_that_the_operator_names(lossy: CommandLine) -> None:
    look = ("recover", "--officer", OFFICER, "--last-scan")
    lossy.run(*look, "--json")
    [order] = json.loads(lossy.stdout)["officers"][0]["orders"]
    named = ("--adopt", "--client-order-id", str(order["client_order_id"]), "--directive", "dir-9", "--yes")
    assert lossy.run(*look, *named) == ExitCode.OK
    [position] = lossy.status()[1]["journal"]["positions"]
    assert position["directive_id"] == "dir-9"


def test_order_that_was_taken_back_meanwhile_is_named_and_nothing_changes(lossy: CommandLine) -> None:
    look = ("recover", "--officer", OFFICER, "--last-scan")
    lossy.run(*look, "--json")
    [order] = json.loads(lossy.stdout)["officers"][0]["orders"]
    magic = str(order["client_order_id"])
    named = ("--adopt", "--client-order-id", magic, "--yes")
    # The Director lists the directive again, while the operator looks at the list.
    with lossy.bench_of_existing() as bench:
        bench.take(directive())
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=2))
        bench.journal.rebind(OFFICER, NOW, account=False, why="looked")
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=2))
        assert bench.advance() == []
    before = lossy.status()[1]["journal"]
    assert lossy.run(*look, *named) == ExitCode.OK
    assert f"{magic} is in the journal already, under directive dir-1; nothing was changed." in lossy.stdout
    assert lossy.run(*look, *named, "--directive", "dir-1", "--json") == ExitCode.OK
    known = {"client_order_id": int(magic), "directive_id": "dir-1"}
    assert json.loads(lossy.stdout)["known"] == [known]
    assert lossy.run(*look, *named, "--directive", "dir-9") == ExitCode.FAILED
    assert f"client order id {magic} belongs to directive dir-1" in lossy.stderr
    assert lossy.status()[1]["journal"] == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--adopt", "--dismiss"), "exclude each other"),
        (("--dismiss",), "client_order_ids is empty"),
        (("--adopt", "--directive", "dir-1"), "is for one lost order"),
        (("--adopt", "--client-order-id", "5"), "none of a lost order"),
    ],
)
def test_invalid_recovering_is_refused(lossy: CommandLine, words: tuple[str, ...], says: str) -> None:
    before = lossy.status()[1]["journal"]
    code = lossy.run("recover", "--officer", OFFICER, "--last-scan", "--yes", *words)
    assert code == ExitCode.FAILED and says in lossy.stderr
    assert lossy.status()[1]["journal"] == before


def test_ledger_of_another_officer_is_refused(lossy: CommandLine) -> None:
    """The terminal of the officer was given the ledger of the other one."""
    with lossy.bench_of_existing() as bench:
        bench.officer = OTHER
        bench.join(
            ledger=LedgerIdentity(id=LEDGER, mark=1), account=msgspec.structs.replace(ACCOUNT, login=502)
        )
        bench.officer = OFFICER
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
        bench.report(scan(2, NOW, POSITION))
    words = ("recover", "--officer", OFFICER, "--last-scan", "--adopt", "--yes")
    assert lossy.run(*words) == ExitCode.LEDGER_FOREIGN
    assert f"which is that of officer {OTHER}; nothing was changed" in lossy.stderr
    assert lossy.status()[1]["journal"]["positions"] == []


def test_ledger_of_another_account_is_refused(lossy: CommandLine) -> None:
    with lossy.bench_of_existing() as bench:
        bench.try_join(ledger=LedgerIdentity(id="3e" * 16, mark=1, login=ACCOUNT.login + 1))
    before = lossy.journal.read_bytes()
    reason = (
        f"is that of account {ACCOUNT.login + 1}, and the terminal is logged in to account {ACCOUNT.login}"
    )
    for words in ((), ("--adopt",), ("--last-scan", "--adopt")):
        code = lossy.run("recover", "--officer", OFFICER, "--yes", *words)
        assert (code, lossy.stderr.count("Error: ")) == (ExitCode.LEDGER_FOREIGN, 1)
        assert f"{reason}; nothing was changed" in lossy.stderr
    assert lossy.run("recover", "--officer", OFFICER, "--last-scan") == ExitCode.UNADOPTED
    assert lossy.journal.read_bytes() == before


def test_ledger_with_orders_of_another_prefix_is_refused(lossy: CommandLine, tmp_path: Path) -> None:
    with lossy.bench_of_existing() as bench:
        (tmp_path / "more").mkdir()
        order = lost_order(tmp_path / "more")
        theirs = msgspec.structs.replace(order, client_order_id=order.client_order_id + (1 << HASH_BITS))
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=2))
        bench.report(ledger_of(theirs, mark=2), scan(2, NOW, POSITION))
    words = ("recover", "--officer", OFFICER, "--last-scan", "--adopt", "--yes")
    assert lossy.run(*words) == ExitCode.LEDGER_FOREIGN
    assert f"has prefix {PREFIX}: it is the ledger of another officer" in lossy.stderr


def test_more_orders_than_one_request_takes_are_adopted(lossy: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    order, count = lost_order(tmp_path / "more"), MOST_AT_ONCE + 5
    deals = [
        deal(
            msgspec.structs.replace(
                order, client_order_id=make_client_order_id(PREFIX, OFFICER, f"more-{number}", OPENING)
            ),
            10_000 + number,
            order=20_000 + number,
            position_id=20_000 + number,
            comment=f"more-{number}",
        )
        for number in range(count)
    ]
    with lossy.bench_of_existing() as bench:
        bench.join(ledger=LedgerIdentity(id=LEDGER, mark=1))
        bench.report(*deals)
    assert lossy.run("recover", "--officer", OFFICER, "--last-scan", "--adopt", "--yes") == ExitCode.OK
    assert lossy.stdout.count("is adopted") == count + 1
