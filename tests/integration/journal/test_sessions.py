"""Sessions in the journal: who an officer is bound to, its epochs, its ledger, its broker's clock."""

from datetime import timedelta

import msgspec
import pytest

from bridge.core.link.messages import AccountIdentity, LedgerIdentity, RefusalCode
from bridge.core.link.reports import ConnectionReport
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.journal.steps.sessions import NotOpened, Opened

from .conftest import MakeDesk
from .desk import (
    ACCOUNT,
    INSTANCE_ID,
    LEDGER,
    NOW,
    OFFICER,
    OTHER,
    OTHER_LEDGER,
    Desk,
    directive,
    server_ms,
    settings,
)
from .reports import result, scan, submitted

REAL = msgspec.structs.replace(ACCOUNT, trade_mode=TradeMode.REAL)


def test_the_first_session_binds_the_officer_to_the_account(desk: Desk) -> None:
    opened = desk.join()
    assert (opened.epoch, opened.ledger_mark, opened.quarantine) == (1, 0, "")
    [bound] = desk.rows(
        "SELECT login, server, margin_mode, trade_mode, currency, ledger_id FROM officers WHERE officer = ?",
        OFFICER,
    )
    assert bound == (501, "Broker-Demo", "RETAIL_HEDGING", "DEMO", "USD", LEDGER)
    assert desk.rows("SELECT epoch, instance_id, ledger_id, ended_at FROM sessions") == [
        (1, INSTANCE_ID, LEDGER, None)
    ]


def test_history_is_read_from_a_day_before_the_binding(desk: Desk) -> None:
    assert desk.join().watermark_server_ms == server_ms(NOW) - 86_400_000


@pytest.mark.parametrize(
    "change",
    [
        {"login": 502},
        {"server": "Broker-Live"},
        {"margin_mode": MarginMode.RETAIL_NETTING},
        {"trade_mode": TradeMode.CONTEST},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_account_is_refused_and_changes_nothing(joined: Desk, change: dict[str, object]) -> None:
    before = joined.content()
    refused = joined.try_join(account=msgspec.structs.replace(ACCOUNT, **change))
    assert isinstance(refused, NotOpened)
    assert refused.code is RefusalCode.ACCOUNT
    assert str(next(iter(change.values()))) in refused.message and "rebind" in refused.remedy
    assert joined.content() == before


def test_another_currency_is_no_other_account(joined: Desk) -> None:
    assert isinstance(joined.try_join(account=msgspec.structs.replace(ACCOUNT, currency="EUR")), Opened)


def test_a_real_account_is_refused_unless_it_is_allowed(desk: Desk, make_desk: MakeDesk) -> None:
    refused = desk.try_join(account=REAL)
    assert isinstance(refused, NotOpened) and refused.code is RefusalCode.REAL_ACCOUNT
    assert desk.rows("SELECT count(*) FROM sessions") == [(0,)]
    assert desk.rows("SELECT login FROM officers WHERE officer = ?", OFFICER) in ([], [(0,)])
    assert isinstance(make_desk(settings(allow_real=True)).try_join(account=REAL), Opened)


def test_an_account_that_turns_real_is_refused_although_real_ones_are_allowed(make_desk: MakeDesk) -> None:
    desk = make_desk(settings(allow_real=True))
    desk.join()
    refused = desk.try_join(account=REAL)
    assert isinstance(refused, NotOpened) and refused.code is RefusalCode.ACCOUNT


def test_epochs_ascend_over_officers_and_starts(desk: Desk) -> None:
    first = desk.join().epoch
    other = desk.try_join(
        officer=OTHER, account=AccountIdentity(**{**msgspec.structs.asdict(ACCOUNT), "login": 9})
    )
    assert isinstance(other, Opened)
    desk.close()
    desk.open()
    assert [first, other.epoch, desk.join().epoch] == [1, 2, 3]


def test_a_session_that_a_killed_sidecar_left_open_is_ended_by_the_next(joined: Desk) -> None:
    joined.close()
    joined.open()
    joined.later(60)
    joined.join()
    assert joined.rows("SELECT epoch, ended_at, end_reason FROM sessions") == [
        (1, "2026-01-05T10:01:00.000Z", "a new session took over"),
        (2, None, None),
    ]


def test_a_session_is_ended_once(joined: Desk) -> None:
    joined.journal.end_epoch(OFFICER, 1, "first", joined.now)
    joined.later(1)
    joined.journal.end_epoch(OFFICER, 1, "second", joined.now)
    assert joined.rows("SELECT ended_at, end_reason FROM sessions") == [("2026-01-05T10:00:00.000Z", "first")]


def test_the_welcome_says_how_far_ledger_and_scan_have_come(joined: Desk) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order, mark=7), scan(1))
    opened = joined.join(ledger=LedgerIdentity(id=LEDGER, mark=7))
    assert (opened.ledger_mark, opened.watermark_server_ms) == (7, server_ms(NOW))


@pytest.mark.parametrize(
    ("ledger", "words"),
    [
        (LedgerIdentity(id=OTHER_LEDGER, mark=7), "another ledger"),
        (LedgerIdentity(id=LEDGER, mark=6), "old copy"),
        (LedgerIdentity(id=LEDGER, mark=7, unbroken=False), "damaged"),
    ],
)
def test_a_ledger_that_cannot_vouch_holds_dispatch_and_is_emitted_once(
    joined: Desk, ledger: LedgerIdentity, words: str
) -> None:
    [command] = joined.sent(directive("dir-1"))
    joined.report(submitted(command.order, mark=7), result(command.order))
    for _ in range(2):
        assert words in joined.join(ledger=ledger).quarantine
        joined.later(1)
    assert words in joined.quarantine()
    [emitted] = joined.bodies("SYSTEM_ERROR")
    assert emitted["error_code"] == "QUARANTINED" and words in emitted["error_message"]
    assert joined.sent(directive("dir-2")) == []


def test_a_hold_survives_a_start_and_a_good_ledger(joined: Desk) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.close()
    joined.open()
    assert "another ledger" in joined.join(ledger=LedgerIdentity(id=LEDGER, mark=0)).quarantine
    assert joined.sent(directive()) == []


@pytest.mark.parametrize("mark", [7, 8])
def test_a_ledger_that_is_as_far_as_reported_or_further_is_trusted(joined: Desk, mark: int) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order, mark=7))
    assert joined.join(ledger=LedgerIdentity(id=LEDGER, mark=mark)).quarantine == ""


def test_a_damaged_ledger_is_not_trusted_at_the_very_first_session(desk: Desk) -> None:
    assert "damaged" in desk.join(ledger=LedgerIdentity(id=LEDGER, mark=0, unbroken=False)).quarantine


def test_the_brokers_clock_is_measured_and_its_history_kept(desk: Desk) -> None:
    assert desk.join().offset_s == 7200
    desk.later(1800)
    desk.journal.note_offset(OFFICER, 7200, desk.now)
    desk.later(1800)
    desk.journal.note_offset(OFFICER, 10_800, desk.now)
    assert desk.rows("SELECT since, seconds FROM clock_offsets ORDER BY since") == [
        ("2026-01-05T10:00:00.000Z", 7200),
        ("2026-01-05T11:00:00.000Z", 10_800),
    ]


def test_what_a_clock_measured_that_was_ahead_never_comes_into_force(joined: Desk) -> None:
    joined.later(3600)
    joined.journal.note_offset(OFFICER, 3600, joined.now)
    joined.later(-3590)
    joined.journal.note_offset(OFFICER, 7200, joined.now)
    joined.later(7200)
    assert joined.rows("SELECT since, seconds FROM clock_offsets") == [("2026-01-05T10:00:00.000Z", 7200)]
    assert joined.rows("SELECT subject FROM audit WHERE kind = 'clock' ORDER BY seq DESC LIMIT 1") == [
        ("what was measured in the future is removed",)
    ]


def test_what_a_clock_measured_that_was_ahead_is_gone_with_the_next_session(joined: Desk) -> None:
    joined.later(3600)
    joined.journal.note_offset(OFFICER, 3600, joined.now)
    joined.later(-3590)
    assert joined.join().offset_s == 7200
    assert joined.rows("SELECT seconds FROM clock_offsets") == [(7200,)]


def test_a_clock_that_is_not_trusted_measures_no_brokers(desk: Desk) -> None:
    desk.uncertainty = ClockUncertainty()
    assert desk.join().offset_s is None
    desk.uncertainty = None
    assert desk.join().offset_s == 7200
    # A session that begins in doubt goes by what is in force, not by what may come.
    desk.later(3600)
    desk.journal.note_offset(OFFICER, 10_800, desk.now)
    desk.later(-1800)
    desk.uncertainty = ClockUncertainty(earlier=timedelta(hours=1))
    assert desk.join().offset_s == 7200


def test_a_time_that_no_zone_explains_measures_nothing(desk: Desk) -> None:
    opened = desk.try_join(measured_ms=server_ms(NOW) + 100 * 86_400_000)
    assert isinstance(opened, Opened) and opened.offset_s is None
    assert desk.rows("SELECT count(*) FROM clock_offsets") == [(0,)]


def test_a_boot_that_lost_its_broker_and_ended_leaves_the_loss_to_its_successor_to_end(joined: Desk) -> None:
    joined.report(ConnectionReport(instance_id=INSTANCE_ID, counter=1, up=False, message="no network"))
    joined.join()
    assert joined.emitted(None) == ["CONNECTION_LOST"]
    for _ in range(2):
        joined.join(instance_id="5" * 32)
        assert joined.emitted(None) == ["CONNECTION_LOST", "CONNECTION_RESTORED"]


def test_a_lost_link_is_emitted_once_until_it_is_back(joined: Desk) -> None:
    for _ in range(2):
        for why in ("silent for 15 s", "silent for 16 s"):
            joined.journal.link_lost(OFFICER, why, joined.now)
        joined.join()
        joined.join()
    assert joined.emitted(None) == ["CONNECTION_LOST", "CONNECTION_RESTORED"] * 2
    assert joined.bodies("CONNECTION_LOST")[0]["error_message"] == "silent for 15 s"


def test_the_first_session_restores_nothing_and_who_was_never_there_is_not_lost(desk: Desk) -> None:
    desk.take()
    desk.journal.link_lost(OFFICER, "silent", desk.now)
    desk.join()
    assert desk.emitted(None) == []
