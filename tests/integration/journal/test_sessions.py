"""Sessions in the journal: the officer's account, epochs and ledger, and its broker's clock."""

from datetime import timedelta

import msgspec
import pytest

from bridge.core.link.messages import AccountIdentity, LedgerIdentity, RefusalCode
from bridge.core.link.reports import ConnectionReport
from bridge.core.units.clock_trust import ClockUncertainty
from bridge.core.units.mt5_terms import MarginMode, TradeMode
from bridge.journal.steps.sessions import NotOpened, Opened

from .bench import (
    ACCOUNT,
    INSTANCE_ID,
    LEDGER,
    NOW,
    OFFICER,
    OTHER,
    OTHER_LEDGER,
    JournalBench,
    directive,
    server_ms,
    settings,
)
from .conftest import MakeBench
from .reports import result, scan, submitted

REAL = msgspec.structs.replace(ACCOUNT, trade_mode=TradeMode.REAL)


def test_first_session_binds_the_officer_to_the_account(bench: JournalBench) -> None:
    opened = bench.join()
    assert (opened.epoch, opened.ledger_mark, opened.quarantine) == (1, 0, "")
    [bound] = bench.rows(
        "SELECT login, server, margin_mode, trade_mode, currency, ledger_id FROM officers WHERE officer = ?",
        OFFICER,
    )
    assert bound == (501, "Broker-Demo", "RETAIL_HEDGING", "DEMO", "USD", LEDGER)
    assert bench.rows("SELECT epoch, instance_id, ledger_id, ended_at FROM sessions") == [
        (1, INSTANCE_ID, LEDGER, None)
    ]


def test_session_after_a_restart_says_which_reports_of_the_instance_are_stored(bench: JournalBench) -> None:
    opened = bench.join()
    assert (opened.stored_epoch, opened.stored_seq) == (0, 0)
    bench.report(scan(0), scan(0))
    bench.report(scan(0))
    # The second restart follows a session in which nothing was stored.
    for _ in range(2):
        bench.close()
        bench.open()
        opened = bench.join()
        assert (opened.stored_epoch, opened.stored_seq) == (1, 3)
    opened = bench.join(instance_id="another instance")
    assert (opened.stored_epoch, opened.stored_seq) == (0, 0)


def test_history_is_read_from_a_day_before_the_binding(bench: JournalBench) -> None:
    assert bench.join().watermark_server_ms == server_ms(NOW) - 86_400_000


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
def test_another_account_is_refused_and_changes_nothing(
    joined: JournalBench, change: dict[str, object]
) -> None:
    before = joined.content()
    refused = joined.try_join(account=msgspec.structs.replace(ACCOUNT, **change))
    assert isinstance(refused, NotOpened)
    assert refused.code is RefusalCode.ACCOUNT
    assert str(next(iter(change.values()))) in refused.message and "rebind" in refused.remedy
    assert joined.content() == before


def test_another_currency_is_the_same_account(joined: JournalBench) -> None:
    assert isinstance(joined.try_join(account=msgspec.structs.replace(ACCOUNT, currency="EUR")), Opened)


def test_real_account_is_refused_unless_it_is_allowed(bench: JournalBench, make_bench: MakeBench) -> None:
    refused = bench.try_join(account=REAL)
    assert isinstance(refused, NotOpened) and refused.code is RefusalCode.REAL_ACCOUNT
    assert bench.rows("SELECT count(*) FROM sessions") == [(0,)]
    assert bench.rows("SELECT login FROM officers WHERE officer = ?", OFFICER) in ([], [(0,)])
    assert isinstance(make_bench(settings(allow_real=True)).try_join(account=REAL), Opened)


def test_account_that_becomes_real_is_refused_although_real_ones_are_allowed(make_bench: MakeBench) -> None:
    bench = make_bench(settings(allow_real=True))
    bench.join()
    refused = bench.try_join(account=REAL)
    assert isinstance(refused, NotOpened) and refused.code is RefusalCode.ACCOUNT


def test_epochs_ascend_over_officers_and_restarts(bench: JournalBench) -> None:
    first = bench.join().epoch
    other = bench.try_join(
        officer=OTHER, account=AccountIdentity(**{**msgspec.structs.asdict(ACCOUNT), "login": 9})
    )
    assert isinstance(other, Opened)
    bench.close()
    bench.open()
    assert [first, other.epoch, bench.join().epoch] == [1, 2, 3]


def test_session_of_a_killed_sidecar_is_ended_by_the_next(joined: JournalBench) -> None:
    joined.close()
    joined.open()
    joined.later(60)
    joined.join()
    assert joined.rows("SELECT epoch, ended_at, end_reason FROM sessions") == [
        (1, "2026-01-05T10:01:00.000Z", "a new session took over"),
        (2, None, None),
    ]


def test_session_is_ended_once(joined: JournalBench) -> None:
    joined.journal.end_epoch(OFFICER, 1, "first", joined.now)
    joined.later(1)
    joined.journal.end_epoch(OFFICER, 1, "second", joined.now)
    assert joined.rows("SELECT ended_at, end_reason FROM sessions") == [("2026-01-05T10:00:00.000Z", "first")]


def test_welcome_has_ledger_mark_and_watermark(joined: JournalBench) -> None:
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
def test_untrusted_ledger_quarantines_the_officer_once(
    joined: JournalBench, ledger: LedgerIdentity, words: str
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


def test_quarantine_survives_a_restart_and_the_right_ledger(joined: JournalBench) -> None:
    joined.join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=0))
    joined.close()
    joined.open()
    assert "another ledger" in joined.join(ledger=LedgerIdentity(id=LEDGER, mark=0)).quarantine
    assert joined.sent(directive()) == []


@pytest.mark.parametrize("mark", [7, 8])
def test_ledger_at_or_beyond_the_reported_mark_is_trusted(joined: JournalBench, mark: int) -> None:
    [command] = joined.sent(directive())
    joined.report(submitted(command.order, mark=7))
    assert joined.join(ledger=LedgerIdentity(id=LEDGER, mark=mark)).quarantine == ""


def test_ledger_of_another_account_is_refused_and_nothing_of_it_is_stored(bench: JournalBench) -> None:
    refused = bench.try_join(ledger=LedgerIdentity(id=OTHER_LEDGER, mark=3, login=ACCOUNT.login + 1))
    assert isinstance(refused, NotOpened) and refused.code is RefusalCode.LEDGER
    assert f"is that of account {ACCOUNT.login + 1}" in refused.message
    assert f"give it the ledger of account {ACCOUNT.login}" in refused.remedy
    assert bench.journal.foreign_ledger(OFFICER) == refused.message
    assert bench.rows("SELECT login, ledger_id, quarantine FROM officers") == [(0, None, "")]
    assert bench.rows("SELECT count(*) FROM sessions") == [(0,)]
    bench.later(1)
    assert bench.join(ledger=LedgerIdentity(id=LEDGER, mark=0, login=ACCOUNT.login)).quarantine == ""
    assert bench.journal.foreign_ledger(OFFICER) == ""


def test_bound_ledger_that_is_copied_for_another_account_is_refused(joined: JournalBench) -> None:
    refused = joined.try_join(ledger=LedgerIdentity(id=LEDGER, mark=0, login=ACCOUNT.login + 1))
    assert isinstance(refused, NotOpened) and refused.code is RefusalCode.LEDGER
    assert joined.quarantine() == ""


def test_ledger_keeps_its_account_while_the_server_is_renamed(joined: JournalBench) -> None:
    renamed = msgspec.structs.replace(ACCOUNT, server="Live02")
    joined.journal.rebind(
        OFFICER, joined.now, account=False, why="announced", renamed_server="Live02", login=ACCOUNT.login
    )
    ledger = LedgerIdentity(id=LEDGER, mark=0, login=ACCOUNT.login)
    assert joined.join(account=renamed, ledger=ledger).quarantine == ""


def test_damaged_ledger_is_not_trusted_in_the_first_session(bench: JournalBench) -> None:
    assert "damaged" in bench.join(ledger=LedgerIdentity(id=LEDGER, mark=0, unbroken=False)).quarantine


def test_broker_clock_is_measured_and_its_history_kept(bench: JournalBench) -> None:
    assert bench.join().offset_s == 7200
    bench.later(1800)
    bench.journal.note_offset(OFFICER, 7200, bench.now)
    bench.later(1800)
    bench.journal.note_offset(OFFICER, 10_800, bench.now)
    assert bench.rows("SELECT since, seconds FROM clock_offsets ORDER BY since") == [
        ("2026-01-05T10:00:00.000Z", 7200),
        ("2026-01-05T11:00:00.000Z", 10_800),
    ]


def test_measurement_in_the_future_never_comes_into_force(joined: JournalBench) -> None:
    joined.later(3600)
    joined.journal.note_offset(OFFICER, 3600, joined.now)
    joined.later(-3590)
    joined.journal.note_offset(OFFICER, 7200, joined.now)
    joined.later(7200)
    assert joined.rows("SELECT since, seconds FROM clock_offsets") == [("2026-01-05T10:00:00.000Z", 7200)]
    assert joined.rows("SELECT subject FROM audit WHERE kind = 'clock' ORDER BY seq DESC LIMIT 1") == [
        ("measurements in the future are deleted",)
    ]


def test_measurement_in_the_future_is_deleted_by_the_next_session(joined: JournalBench) -> None:
    joined.later(3600)
    joined.journal.note_offset(OFFICER, 3600, joined.now)
    joined.later(-3590)
    assert joined.join().offset_s == 7200
    assert joined.rows("SELECT seconds FROM clock_offsets") == [(7200,)]


def test_untrusted_clock_measures_no_offset(bench: JournalBench) -> None:
    bench.uncertainty = ClockUncertainty()
    assert bench.join().offset_s is None
    bench.uncertainty = None
    assert bench.join().offset_s == 7200
    # A session under an untrusted clock uses the offset in force, not a later one.
    bench.later(3600)
    bench.journal.note_offset(OFFICER, 10_800, bench.now)
    bench.later(-1800)
    bench.uncertainty = ClockUncertainty(earlier=timedelta(hours=1))
    assert bench.join().offset_s == 7200


def test_broker_time_in_no_time_zone_measures_no_offset(bench: JournalBench) -> None:
    opened = bench.try_join(measured_ms=server_ms(NOW) + 100 * 86_400_000)
    assert isinstance(opened, Opened) and opened.offset_s is None
    assert bench.rows("SELECT count(*) FROM clock_offsets") == [(0,)]


def test_next_instance_ends_the_broker_loss_of_the_last_one(joined: JournalBench) -> None:
    joined.report(ConnectionReport(instance_id=INSTANCE_ID, counter=1, up=False, message="no network"))
    joined.join()
    assert joined.emitted(None) == ["CONNECTION_LOST"]
    for _ in range(2):
        joined.join(instance_id="5" * 32)
        assert joined.emitted(None) == ["CONNECTION_LOST", "CONNECTION_RESTORED"]


def test_lost_link_is_emitted_once_until_it_is_back(joined: JournalBench) -> None:
    for _ in range(2):
        for why in ("silent for 15 s", "silent for 16 s"):
            joined.journal.link_lost(OFFICER, why, joined.now)
        joined.join()
        joined.join()
    assert joined.emitted(None) == ["CONNECTION_LOST", "CONNECTION_RESTORED"] * 2
    assert joined.bodies("CONNECTION_LOST")[0]["error_message"] == "silent for 15 s"


def test_first_session_restores_no_link_and_an_unbound_officer_loses_none(bench: JournalBench) -> None:
    bench.take()
    bench.journal.link_lost(OFFICER, "silent", bench.now)
    bench.join()
    assert bench.emitted(None) == []
