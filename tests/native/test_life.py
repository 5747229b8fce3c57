"""Life cycle of the EA: sessions, reloads, crashes, a second chart, another account."""

import random
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.core.link.messages import Bye, Hello, RefusalCode, Refused, TerminalHeartbeat, encode
from bridge.core.link.reports import CommandReport, CommandStage, ConnectionReport, DealReport, ScanReport
from bridge.simulator.broker.scenario import AccountTerms, Scenario
from bridge.simulator.mt5.types import OrderType
from tests.mql5.host.binding.driver import ExpertCrashed
from tests.mql5.host.binding.host import Crash
from tests.mql5.host.stepped import SteppedTerminal
from tests.mql5.host.switches import Switches, thrown
from tests.mql5.reference import constants
from tests.native.bench import HOST, PORT, Bench
from tests.sidecar_peer import KEY, open_order

CHART_CHANGE, PARAMETERS, ACCOUNT = 3, 5, 6

LOT = Decimal("0.10")


@pytest.mark.parametrize("reason", [CHART_CHANGE, PARAMETERS])
def test_timeframe_or_input_change_starts_a_session_with_the_same_ledger(bench: Bench, reason: int) -> None:
    bench.start()
    bench.join()
    bench.send_frame(bench.peer.command(open_order()))
    bench.run(200)
    (first,) = bench.peer.messages_of(Hello)
    bench.stepped.terminal.reinit(reason)
    bench.carry()
    bench.join()
    (bye,) = bench.peer.messages_of(Bye)
    assert bye.reason == ("the chart's symbol or timeframe changes" if reason == 3 else "the inputs change")
    assert bench.peer.proofs[-1].ledger.mark == 1
    assert bench.peer.proofs[-1].ledger.id == bench.peer.proofs[0].ledger.id
    assert bench.peer.messages_of(Hello)[-1].instance_id != first.instance_id
    bench.send_frame(bench.peer.command(open_order(), attempt=2))
    bench.run(200)
    assert bench.sends() == 1
    bench.send_frame(bench.peer.command(open_order(1002)))
    bench.run(200)
    assert bench.sends(1002) == 1


def test_reload_before_a_waiting_command_executes_nothing(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order()))
    joined.stepped.terminal.reinit(CHART_CHANGE)
    joined.carry()
    joined.join()
    assert joined.broker.sends() == []
    joined.send_frame(joined.peer.status_request(open_order()))
    joined.run(100)
    assert joined.stages()[-1] == "not_sent NO_INTENT"


LONG_NAMED = Scenario(account=AccountTerms(login=12345678, server="ICMarketsSC-Demo"))
"""Officer id for which the ledger's name is longer than a line of the panel."""


@pytest.mark.parametrize("scenario", [None, LONG_NAMED], ids=["short", "long"])
def test_second_chart_is_locked_out_and_shows_it(
    expert: Path, tmp_path: Path, scenario: Scenario | None
) -> None:
    joined = Bench(expert, tmp_path, Switches(), scenario=scenario)
    joined.start()
    joined.join()
    other = SteppedTerminal(
        joined.library,
        {"InpOfficer": "officer-1", "InpLinkKey": KEY.to_text(), "InpPort": str(PORT)},
        joined.folder,
        clock=joined.clock,
        network=joined.network,
        broker=joined.broker,
    )
    assert other.start() == 0
    connections = len(joined.pipes)
    other.advance(1_000)
    texts = other.terminal.chart.texts()
    assert "on another chart" in re.sub(r"\s+", " ", texts)
    assert len(joined.pipes) == connections
    joined.stop()
    other.advance(40_000)
    assert len(joined.pipes) > connections
    other.close()
    joined.close()


def luminance(color: int) -> float:
    """Return the relative luminance of a color 0x00BBGGRR (WCAG 2)."""
    parts = [(color >> shift & 255) / 255 for shift in (0, 8, 16)]
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: int, other: int) -> float:
    """Return the contrast of two colors, from 1 to 21 (WCAG 2)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


BACKGROUNDS = (
    0x000000,
    0xFFFFFF,
    0x808080,
    0x757575,
    0xC0C0C0,
    0x00FF00,
    0x0000FF,
    0xFF0000,
    0x00FFFF,
    0x32CD32,
    0x0045FF,
)
"""Schemes of the terminal, and colors near those of the text."""


def test_panel_is_readable_on_every_background(bench: Bench) -> None:
    bench.start()
    bench.join()
    chart = bench.stepped.terminal.chart
    labels = {
        name: each for name, each in chart.objects.items() if each["OBJPROP_TYPE"] == constants()["OBJ_LABEL"]
    }
    shown = {name: each for name, each in labels.items() if str(each["OBJPROP_TEXT"]).strip()}
    assert len(shown) > 3
    for background in BACKGROUNDS:
        chart.properties["CHART_COLOR_BACKGROUND"] = background
        bench.run(6_000)
        for each in shown.values():
            assert contrast(int(each["OBJPROP_COLOR"]), background) >= 3.0, hex(background)
    button = chart.objects["ExecutionOfficer.flatten"]
    assert contrast(int(button["OBJPROP_COLOR"]), int(button["OBJPROP_BGCOLOR"])) >= 4.5


def test_panel_marks_good_and_bad_lines_where_the_background_allows(bench: Bench) -> None:
    bench.start()
    bench.join()
    chart = bench.stepped.terminal.chart
    for background in (0x000000, 0xFFFFFF):
        chart.properties["CHART_COLOR_BACKGROUND"] = background
        bench.run(6_000)
        tints = {
            each["OBJPROP_COLOR"]
            for each in chart.objects.values()
            if each["OBJPROP_TYPE"] == constants()["OBJ_LABEL"] and str(each["OBJPROP_TEXT"]).strip()
        }
        assert len(tints) == 2


def test_unwritable_ledger_is_reported_and_the_rest_works(expert: Path, tmp_path: Path) -> None:
    bench = Bench(expert, tmp_path, Switches(), scenario=LONG_NAMED)
    bench.start()
    bench.join()
    bench.stepped.terminal.files.full_at = "FileWriteArray"
    bench.send_frame(bench.peer.command(open_order()))
    bench.run(5_000)
    assert bench.stages()[-1] == "not_sent LEDGER"
    beats = len(bench.peer.messages_of(TerminalHeartbeat))
    bench.run(5_000)
    assert len(bench.peer.messages_of(TerminalHeartbeat)) >= beats + 4
    assert "make room on the disk" in re.sub(r"\s+", " ", bench.panel)
    bench.close()


@pytest.mark.parametrize("call", ["OrderCheck", "OrderSend", "FileFlush", "FileWriteArray", "SocketSend"])
@pytest.mark.parametrize("behind", [False, True])
def test_crash_before_or_after_the_send_sends_at_most_once(joined: Bench, call: str, behind: bool) -> None:
    host = joined.stepped.terminal.host

    def crash(name: str, arguments: object) -> None:
        if name == call:
            raise Crash

    joined.send_frame(joined.peer.command(open_order()))
    setattr(host, "behind" if behind else "before", crash)
    with pytest.raises(ExpertCrashed):
        joined.run(3_000)
    joined.restart()
    joined.join()
    joined.peer.forget()
    joined.send_frame(joined.peer.status_request(open_order()))
    joined.send_frame(joined.peer.command(open_order(), attempt=2))
    joined.run(500)
    assert joined.sends() <= 1
    stages = {report.stage for report in joined.peer.reports_of(CommandReport)}
    if call == "OrderSend" and behind:
        assert joined.sends() == 1 and joined.peer.reports_of(DealReport)
    if call == "OrderSend" and not behind:
        # The intent is recorded: the broker has no order, and none is sent again.
        assert joined.sends() == 0 and CommandStage.STATUS_REPLY in stages
    if call == "OrderCheck":
        assert "not_sent NO_INTENT" in joined.stages() and joined.sends() == 1


def test_hello_is_sent_only_after_the_login(bench: Bench) -> None:
    bench.switches = thrown("account_late")
    bench.restart()
    bench.run(600)
    assert bench.pipes == []
    assert "no account is logged in" in bench.panel
    bench.join()
    assert bench.peer.proofs[0].account.login == 5000001


def test_other_account_has_its_own_ledger_and_no_old_reports(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order()))
    joined.broker.state.trade.terms = AccountTerms(login=42, server="Other Server.1")
    joined.run(100)
    assert joined.broker.sends() == []
    assert joined.peer.messages_of(Bye)[0].reason == "the terminal is logged in to another account"
    joined.join()
    assert joined.peer.proofs[-1].account.login == 42
    names = sorted(path.name for path in joined.files.glob("*.ledger"))
    assert names == [
        "ExecutionOfficer-42-Other-Server-1.ledger",
        "ExecutionOfficer-5000001-Simulated-Demo.ledger",
    ]
    assert len({proof.ledger.id for proof in joined.peer.proofs}) == 2


def test_account_is_read_again_just_before_the_send(joined: Bench) -> None:
    """The timer event that sends 'busy' also sends the order: the account read before may have changed by then."""

    def log_in(name: str, arguments: object) -> None:
        if name == "SocketSend":
            joined.broker.state.trade.terms = AccountTerms(login=42)
            joined.stepped.terminal.view.forget()

    joined.stepped.terminal.host.behind = log_in
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(100)
    assert joined.broker.sends() == []
    assert joined.stages() == ["received", "not_sent ACCOUNT"]


def test_sidecar_may_disappear_and_return_repeatedly(joined: Bench) -> None:
    joined.network.silence(HOST, PORT)
    joined.pipes[-1].close()
    joined.run(120_000)
    joined.network.listen(HOST, PORT, joined._accept)
    joined.join()
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(200)
    assert joined.sends() == 1


def test_refusal_is_shown_with_its_remedy(bench: Bench) -> None:
    bench.peer.refusal = Refused(
        code=RefusalCode.ACCOUNT,
        message="it belongs to another account",
        remedy="run execution-officer rebind",
    )
    bench.start()
    bench.run(2_000)
    assert "it belongs to another account" in bench.panel
    assert "run execution-officer rebind" in bench.panel


def test_first_send_is_delayed_on_all_connections_after_an_early_one_failed(bench: Bench) -> None:
    bench.switches = thrown("send_refused_for")
    bench.restart()
    bench.join()
    assert len(bench.pipes) == 3
    bench.pipes[-1].close()
    bench.join()
    assert len(bench.pipes) == 4


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", True), ("127.0.0.2", True), ("10.0.0.7", False)])
def test_virtual_hosting_is_named_where_no_sidecar_can_be(bench: Bench, host: str, shown: bool) -> None:
    bench.inputs = {"InpHost": host}
    bench.network.silence(HOST, PORT)
    bench.restart()
    bench.stepped.terminal.program.permissions.hosted = True
    bench.run(2_000)
    says = "runs on MetaQuotes' virtual hosting"
    assert (says in re.sub(r"\s+", " ", bench.panel)) is shown
    assert any(says in line for line in bench.journal) is shown


@pytest.mark.parametrize("error", [4014, 5272, 5273])
def test_address_outside_the_list_is_shown(bench: Bench, error: int) -> None:
    bench.switches = thrown("address_refused")
    bench.switches = type(bench.switches)(address_refused=error)
    bench.restart()
    bench.run(2_000)
    panel = re.sub(r"\s+", " ", bench.panel)
    assert "Allow WebRequest for listed URL" in panel
    assert "127.0.0.1:5760" in panel


@pytest.mark.parametrize(
    ("inputs", "word"),
    [
        ({"InpLinkKey": "12"}, "Link key"),
        ({"InpOfficer": " "}, "Officer id"),
        ({"InpPort": "0"}, "Port"),
        ({"InpHost": ""}, "Host"),
        ({"InpMaxSpread": "-1"}, "Maximum spread"),
    ],
)
def test_wrong_input_is_named_and_no_session_is_opened(
    bench: Bench, inputs: dict[str, str], word: str
) -> None:
    bench.inputs.update(inputs)
    bench.restart()
    bench.run(2_000)
    assert f"'{word}'" in bench.panel
    assert bench.pipes == []


def test_sidecar_with_a_wrong_key_receives_no_proof(bench: Bench) -> None:
    bench.inputs["InpLinkKey"] = "00" * 32
    bench.restart()
    bench.run(10_000)
    assert bench.peer.proofs == []
    assert "link key" in bench.panel
    assert "0000000000" not in " ".join(bench.journal)


def test_welcome_buffered_during_a_stall_opens_no_session(bench: Bench) -> None:
    """Such a welcome is stale: its link clock would start late, and deadlines would have no effect."""
    bench.start()
    while not bench.peer.proofs:
        bench.run(10)
    bench.clock.advance_us(6_000_000)
    bench.run(20)
    assert bench.peer.epoch == 1
    assert bench.peer.messages_of(TerminalHeartbeat) == []
    assert any("the welcome came too late" in line for line in bench.journal)
    bench.join()
    assert {beat.epoch for beat in bench.peer.messages_of(TerminalHeartbeat)} == {2}


def test_silent_sidecar_leads_to_a_new_connection(joined: Bench) -> None:
    joined.linked = False
    joined.run(16_000)
    joined.linked = True
    before = len(joined.pipes)
    joined.join()
    assert len(joined.pipes) > before
    assert joined.pipes[before - 1].closed_by_expert


def test_commands_of_a_lost_session_are_not_executed(joined: Bench) -> None:
    joined.send_frame(joined.peer.command(open_order()))
    joined.send_frame(encode(Bye(epoch=joined.peer.epoch, reason="restart")))
    stale = joined.peer.command(open_order(1002))
    joined.join()
    joined.send_frame(stale)
    joined.run(1_000)
    assert joined.broker.sends() == []


def test_heartbeats_keep_their_schedule(joined: Bench) -> None:
    joined.run(10_000)
    beats = joined.peer.messages_of(TerminalHeartbeat)
    assert len(beats) == 10
    assert all(beat.balance == 10_000 and beat.broker_connected and beat.trade_allowed for beat in beats)
    joined.broker.disconnect()
    joined.run(2_000)
    assert not joined.peer.messages_of(TerminalHeartbeat)[-1].broker_connected
    joined.broker.connect()
    joined.run(2_000)
    assert [(report.counter, report.up) for report in joined.peer.reports_of(ConnectionReport)] == [
        (1, False),
        (2, True),
    ]


def test_trades_made_while_the_terminal_was_off_are_reported(joined: Bench) -> None:
    joined.broker.manual_open("EURUSD", OrderType.BUY, LOT)
    joined.run(1_000)
    joined.stepped.close()
    joined.broker.manual_close(joined.broker.positions()[0].ticket)
    joined.peer.forget()
    joined.restart()
    joined.join()
    deals = [deal for deal in joined.peer.reports_of(DealReport) if deal.position_id]
    assert [deal.entry.value for deal in deals] == ["IN", "OUT"]
    assert joined.peer.reports_of(ScanReport)[0].positions == []


def test_scan_starts_at_the_watermark_minus_the_overlap(joined: Bench) -> None:
    """Independent of the scans of this instance: the journal may have been restored from a backup."""
    joined.peer.watermark_server_ms = joined.broker.server_time() - 1_000
    joined.peer.overlap_ms = 2_000
    joined.run(70_000)
    joined.send_frame(encode(Bye(epoch=joined.peer.epoch, reason="restart")))
    joined.peer.forget()
    joined.join()
    (scan,) = joined.peer.reports_of(ScanReport)
    assert scan.from_server_ms == joined.peer.watermark_server_ms - 2_000


@pytest.mark.parametrize(("given", "sent"), [("0", None), ("7", 7), ("-1", 1), ("999", 300)])
def test_proof_carries_the_poll_interval(expert: Path, tmp_path: Path, given: str, sent: int | None) -> None:
    bench = Bench(expert, tmp_path, inputs={"InpPollIntervalS": given})
    try:
        bench.start()
        bench.join()
        assert bench.peer.proofs[0].poll_interval_s == sent
    finally:
        bench.close()


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("off_s", [-1_790, 61, 1_790])
def test_manual_close_is_reported_at_once_with_a_wrong_clock(
    expert: Path, tmp_path: Path, off_s: int, frozen: bool
) -> None:
    bench = Bench(expert, tmp_path, Switches(pc_clock_off_s=off_s, current_time_frozen=frozen))
    try:
        bench.start()
        bench.join()
        position = bench.broker.manual_open("EURUSD", OrderType.BUY, LOT)
        bench.run(90_000)
        bench.peer.forget()
        bench.run(10_000)
        bench.broker.manual_close(position)
        bench.run(1_000)
        assert [deal.entry.value for deal in bench.peer.reports_of(DealReport)] == ["OUT"]
        # This was no scan of the whole history.
        watermark_ms = bench.broker.server_time() - 60_000
        assert all(scan.from_server_ms > watermark_ms for scan in bench.peer.reports_of(ScanReport))
    finally:
        bench.close()


def test_long_history_is_reported_in_portions(bench: Bench) -> None:
    for _ in range(300):
        bench.broker.manual_close(bench.broker.manual_open("EURUSD", OrderType.BUY, LOT))
    bench.start()
    bench.peer.acks = False
    bench.join()
    bench.run(2_000)
    assert len(bench.peer.reports) == 256
    bench.peer.acks = True
    bench.restart()
    bench.peer.forget()
    bench.join()
    bench.run(3_000)
    reported = [deal.ticket for deal in bench.peer.reports_of(DealReport)]
    assert reported == [deal.ticket for deal in bench.broker.history_deals(0, 2**52)]
    assert len(bench.peer.reports_of(ScanReport)) == 1


def test_unacknowledged_reports_are_repeated_in_the_next_session(joined: Bench) -> None:
    """The order is kept, although neither ledger nor broker records it."""
    joined.peer.acks = False
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(500)
    assert joined.stages() == ["received", "submitted", "result"]
    joined.send_frame(encode(Bye(epoch=joined.peer.epoch, reason="restart")))
    joined.peer.forget()
    joined.peer.acks, joined.peer.ledger_mark = True, 1
    joined.join()
    assert joined.stages() == ["received", "submitted", "result"]


def test_report_that_the_welcome_says_to_be_stored_is_not_repeated(joined: Bench) -> None:
    """Its acknowledgement was lost. Behind later reports, an order's earlier state would look like a change."""
    joined.peer.acks = False
    joined.send_frame(joined.peer.command(open_order()))
    joined.run(500)
    numbers = [
        number
        for number, report in zip(joined.peer.sequence, joined.peer.reports, strict=True)
        if isinstance(report, CommandReport)
    ]
    assert joined.stages() == ["received", "submitted", "result"]
    joined.send_frame(encode(Bye(epoch=joined.peer.epoch, reason="restart")))
    joined.peer.stored = numbers[1]
    joined.peer.forget()
    joined.peer.acks, joined.peer.ledger_mark = True, 1
    joined.join()
    assert joined.stages() == ["result"]


@pytest.mark.parametrize("seed", range(4))
def test_every_report_arrives_over_a_breaking_link(joined: Bench, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - random choices of a test
    for client_order_id in range(1, 12):
        if joined.linked:
            joined.send_frame(joined.peer.command(open_order(client_order_id, volume="0.01")))
        joined.linked = chance.random() < 0.6
        joined.run(chance.choice([100, 1_000, 17_000]))
    joined.linked = True
    joined.run(130_000)
    reported = {report.ticket for report in joined.peer.reports_of(DealReport)}
    assert joined.broker.sends()
    assert reported == {deal.ticket for deal in joined.broker.history_deals(0, 2**52)}
    sends = Counter(record.request.magic for record in joined.broker.sends())
    assert max(sends.values()) == 1
