"""A journal of the time before pending orders and netting: what it holds goes on to count."""

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from sqlite_utils import Database

from bridge.core.director.contract import utc_text
from bridge.core.link.messages import CommandKind, Order
from bridge.core.link.reports import DealReport, content_hash, encode_report, report_key
from bridge.core.units.mt5_terms import DealEntry, Side
from bridge.journal.database import audit, file
from bridge.journal.database.schema import APPLICATION_ID, migrations

from .desk import ACCOUNT, INSTANCE_ID, LEDGER, NOW, OFFICER, OFFSET_S, Desk, directive, settings
from .reports import DEAL, POSITION, deal, leaving, standing

CLIENT_ORDER_ID, CLOSE_CLIENT_ORDER_ID = 1_000_001, 1_000_002
AT = utc_text(NOW)
OPENED = Order(
    client_order_id=CLIENT_ORDER_ID,
    kind=CommandKind.OPEN,
    symbol="EURUSD",
    side=Side.BUY,
    volume=Decimal("0.3"),
    stop_loss=Decimal("1.09"),
)
ENTERED = deal(OPENED)
REDUCED = leaving(OPENED, DEAL + 1, reason="CLIENT", volume="0.1")
"""By hand, of an opening of 0.3."""


class Older:
    """Writes rows as the version before did."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def row(self, table: str, **values: object) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})",  # noqa: S608 - our own words
            tuple(values.values()),
        )

    def note(self, kind: str, subject: str, body: str = "") -> None:
        audit.append(self._connection, at=NOW, kind=kind, officer=OFFICER, subject=subject, body=body)

    def directive(self, directive_id: str, text: str, state: str) -> None:
        self.row(
            "directives",
            officer=OFFICER,
            directive_id=directive_id,
            received_at=AT,
            raw=text,
            fingerprint="",
            body=text,
            symbol="EURUSD",
            action="OPEN_LONG",
            expires_at="2026-01-05T10:05:00.000Z",
            state=state,
            state_at=AT,
        )
        self.note("directive", directive_id, text)

    def command(self, client_order_id: int, directive_id: str, body: str, kind: str, state: str) -> None:
        self.row(
            "commands",
            client_order_id=client_order_id,
            officer=OFFICER,
            directive_id=directive_id,
            number=1,
            created_at=AT,
            body=body,
            kind=kind,
            symbol="EURUSD",
            side="BUY" if kind == "OPEN" else "SELL",
            volume="0.3" if kind == "OPEN" else "0.1",
            state=state,
            expires_at="2026-01-05T10:05:00.000Z",
            attempt=0,
            request_no=0,
            absences=0,
            order_ticket=0,
            position_id=0,
            filled="0",
            reason="",
            message="",
        )
        self.note("planned", str(client_order_id), body)
        self.note("command", f"{client_order_id} {state}")

    def deal(self, report: DealReport, client_order_id: int | None) -> None:
        account = {"officer": OFFICER, "server": ACCOUNT.server, "login": ACCOUNT.login}
        body = encode_report(report).decode()
        self.row(
            "deals",
            **account,
            ticket=report.ticket,
            client_order_id=client_order_id,
            order_ticket=report.order,
            position_id=report.position_id,
            symbol=report.symbol,
            type=report.type,
            entry=report.entry,
            reason=report.reason,
            volume=str(report.volume),
            price=str(report.price),
            commission=str(report.commission),
            swap=str(report.swap),
            profit=str(report.profit),
            fee=str(report.fee),
            done_at=AT,
            disposition="APPLIED",
            body=body,
        )
        self.row(
            "reports",
            **account,
            key=report_key(report),
            hash=content_hash(report),
            kind="deal",
            body=body,
            disposition="APPLIED",
            note="",
            epoch=1,
            seq=report.ticket,
            received_at=AT,
        )


def write(older: Older) -> None:
    """One position of 0.3 of which 0.1 was closed by hand, and a close of 0.1 that waits to be sent."""
    older.row(
        "officers",
        officer=OFFICER,
        server=ACCOUNT.server,
        login=ACCOUNT.login,
        margin_mode=ACCOUNT.margin_mode,
        trade_mode=ACCOUNT.trade_mode,
        currency=ACCOUNT.currency,
        bound_at=AT,
        ledger_id=LEDGER,
    )
    older.row(
        "sessions",
        epoch=1,
        officer=OFFICER,
        instance_id=INSTANCE_ID,
        ledger_id=LEDGER,
        program="desk 0",
        opened_at=AT,
    )
    older.row("clock_offsets", officer=OFFICER, server=ACCOUNT.server, since=AT, seconds=OFFSET_S)
    older.directive("dir-1", directive(), "FILLED")
    body = '{"client_order_id":1000001,"kind":"OPEN","symbol":"EURUSD","side":"BUY","volume":0.3,"stop_loss":1.09}'
    older.command(CLIENT_ORDER_ID, "dir-1", body, "OPEN", "FILLED")
    older.directive("dir-close", directive("dir-close", action="CLOSE"), "WORKING")
    body = (
        '{"client_order_id":1000002,"kind":"CLOSE","symbol":"EURUSD","side":"SELL","volume":0.1,'
        f'"position":{POSITION},"deviation_points":20}}'
    )
    older.command(CLOSE_CLIENT_ORDER_ID, "dir-close", body, "CLOSE", "PLANNED")
    older.deal(ENTERED, CLIENT_ORDER_ID)
    older.deal(REDUCED, None)
    older.row(
        "positions",
        officer=OFFICER,
        server=ACCOUNT.server,
        login=ACCOUNT.login,
        identifier=POSITION,
        directive_id="dir-1",
        client_order_id=CLIENT_ORDER_ID,
        symbol="EURUSD",
        side="BUY",
        state="OPEN",
        volume_in="0.3",
        volume_out="0.1",
        price_open="1.0950",
        price_close="1.0950",
        stop_loss="1.0900",
        take_profit=None,
        commission="-1.40",
        swap="0",
        profit="-1.50",
        fee="0",
        opened_at=AT,
        closed_at=None,
        close_reason="",
    )


@pytest.fixture
def grown(tmp_path: Path) -> Iterator[Desk]:
    """The older journal, opened by this version."""
    path = tmp_path / "older.db"
    path.touch()
    connection = file.connect(path)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    migrations.apply(Database(connection), stop_before="0003_whole_life")
    write(Older(connection))
    connection.close()
    desk = Desk(path, settings(), new=False)
    yield desk
    desk.close()


def test_what_it_holds_is_all_there_and_its_audit_fits(grown: Desk) -> None:
    assert grown.chain_break() == ""
    file.check(grown.path)
    assert grown.rows("SELECT * FROM open_positions") == [
        (
            OFFICER,
            "Broker-Demo",
            501,
            POSITION,
            "dir-1",
            CLIENT_ORDER_ID,
            "EURUSD",
            "BUY",
            "0.3",
            "0.1",
            "1.0950",
            "1.0900",
            None,
            AT,
        )
    ]
    assert grown.rows(
        "SELECT deal, number, client_order_id, entry, volume, profit FROM allocations ORDER BY deal"
    ) == [
        (DEAL, 1, CLIENT_ORDER_ID, "IN", "0.3", "0"),
        (DEAL + 1, 1, CLIENT_ORDER_ID, "OUT", "0.1", "-1.50"),
    ]
    assert grown.rows(
        "SELECT client_order_id, order_type, target_position FROM commands ORDER BY client_order_id"
    ) == [
        (CLIENT_ORDER_ID, "MARKET", 0),
        (CLOSE_CLIENT_ORDER_ID, "MARKET", POSITION),
    ]
    assert {origin for (origin,) in grown.rows("SELECT origin FROM directives")} == {"director"}


def test_a_deal_that_it_knows_is_no_news_and_the_next_one_ends_the_position_with_all_its_money(
    grown: Desk,
) -> None:
    grown.join()
    assert grown.report(ENTERED, REDUCED).repeated == 2
    grown.report(leaving(OPENED, DEAL + 2, volume="0.2", profit=Decimal("-3.00")))
    [closed] = grown.bodies("POSITION_CLOSED")
    assert (closed["directive_id"], closed["fill_quantity"], closed["profit"]) == ("dir-1", 0.3, -4.5)
    assert closed["commission"] == 2.1
    assert grown.emitted()[-2:] == ["SL_TRIGGERED", "POSITION_CLOSED"]


def test_a_deal_that_it_knows_may_still_be_booked_anew(grown: Desk) -> None:
    grown.join()
    grown.report(leaving(OPENED, DEAL + 1, reason="CLIENT", volume="0.1", commission=Decimal("-1.00")))
    assert grown.rows("SELECT commission, volume_in, volume_out FROM positions") == [("-1.70", "0.3", "0.1")]


def test_its_levels_count_as_never_seen(grown: Desk) -> None:
    grown.join()
    grown.report(standing(OPENED, stop_loss="1.0850"))
    assert grown.rows("SELECT stop_loss, levels_seen FROM positions") == [("1.0850", 1)]
    [emitted] = grown.bodies("ORDER_PLACED")
    assert (emitted["action"], emitted["stop_loss"]) == ("CHANGED", 1.085)


def test_its_close_goes_out_and_a_flatten_closes_only_the_rest(grown: Desk) -> None:
    grown.join()
    grown.journal.flatten(OFFICER, grown.now, nonce="0f" * 8, why="out")
    found = {command.order.client_order_id: command.order for command in grown.advance()}
    assert found.pop(CLOSE_CLIENT_ORDER_ID).position == POSITION
    [rest] = found.values()
    assert (rest.position, rest.opener, str(rest.volume)) == (POSITION, CLIENT_ORDER_ID, "0.1")


def test_a_deal_that_fills_its_close_ends_it(grown: Desk) -> None:
    grown.join()
    [command] = grown.advance()
    grown.report(deal(command.order, DEAL + 3, entry=DealEntry.OUT))
    assert grown.directive_state("dir-close") == "FILLED"
    assert grown.rows("SELECT volume_in, volume_out, state FROM positions") == [("0.3", "0.2", "OPEN")]
