"""Each check of the doctor: one thing broken gives one finding, with its remedy."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bridge.cli.doctor.examination import examine
from bridge.cli.doctor.finding import Level, exit_status, of_message
from bridge.cli.doctor.observed import Certificate, Key, Observed, Poll, Port, PortState, SymbolSeen
from bridge.core.director.contract import utc_text
from bridge.core.director.responses import Failed, FailureKind
from bridge.core.link.reports import SymbolReport
from bridge.core.settings import WebSettings
from bridge.exits import ExitCode
from bridge.journal.database.alteration import Altered
from bridge.journal.database.words import HaltSetter
from bridge.journal.tables.halts import Halt
from bridge.journal.views.status import UnresolvedCommand
from bridge.status.look import Look
from tests.unit.cli.doctor.seen import (
    CONFIG,
    JOURNAL,
    LIVE,
    SESSION,
    TERMS,
    WELL,
    beat,
    bound,
    file,
    journal,
    live,
    live_officer,
    not_ok,
    stopped,
    symbol,
)
from tests.unit.status.samples import NOW, OFFICER

NETWORK = Failed(
    FailureKind.NETWORK, None, "GET http://x: refused (check that the Director runs, and host and port)"
)
SYMBOL = "symbol EURUSD"


def polled(failed: Failed | None = None, **changes: object) -> Observed:
    """The well observations with another poll."""
    return replace(WELL, polls=[replace(Poll(officer=OFFICER, failed=failed, ahead_s=0.0), **changes)])


def refused(kind: FailureKind, status: int) -> Observed:
    """The well observations with a Director that answers with that status."""
    failed = Failed(
        kind, status, f"GET http://x answered {status} (check the Director's URL and the officer id)"
    )
    return polled(failed, ahead_s=None)


def halted(set_by: HaltSetter) -> Observed:
    """The well observations with a halt."""
    halt = Halt(officer=OFFICER, symbol="", since=utc_text(NOW), why="orders differ", set_by=set_by)
    return journal(halts=[halt])


def outcome(state: str) -> Observed:
    """The well observations with a command whose outcome is open."""
    command = UnresolvedCommand(
        officer=OFFICER,
        directive_id="dir-1",
        number=1,
        client_order_id=77,
        symbol="EURUSD",
        side="BUY",
        volume="0.1",
        state=state,
        dispatched_at=utc_text(NOW - timedelta(minutes=9)),
        message="",
    )
    return journal(unresolved=[command])


def without_sidecar(**changes: object) -> Observed:
    return replace(stopped(), **changes)


CASES: list[tuple[str, Observed, str, Level, str]] = [
    (
        "old settings",
        replace(WELL, config_changed_at=NOW),
        "configuration",
        Level.WARNING,
        "restart the sidecar",
    ),
    (
        "key of the link",
        replace(
            WELL, link_keys={OFFICER: Key(place="k", problem="all users may read it; run: chmod 600 'k'")}
        ),
        "link key",
        Level.WRONG,
        "run: chmod 600 'k'",
    ),
    (
        "open page key",
        replace(WELL, page_key=Key(place="web.key", problem="all users may read it; run: chmod 600 'k'")),
        "page key",
        Level.WRONG,
        "run: chmod 600 'k'",
    ),
    (
        "page's port in use",
        replace(
            WELL,
            config=replace(CONFIG, settings=replace(CONFIG.settings, web=WebSettings())),
            web=Port(state=PortState.TAKEN, problem="127.0.0.1:5780 is in use; set another [web] port"),
        ),
        "web port",
        Level.WRONG,
        "set another [web] port",
    ),
    (
        "refused key",
        refused(FailureKind.AUTH, 401),
        "API key",
        Level.WRONG,
        "write the key that the Director issued",
    ),
    ("no route", polled(NETWORK, ahead_s=None), "Director", Level.WRONG, "check that the Director runs"),
    ("busy", refused(FailureKind.BUSY, 503), "Director", Level.WARNING, "wait, and run doctor again"),
    ("unknown officer", refused(FailureKind.REFUSED, 404), "listing", Level.WRONG, "the officer id"),
    ("no listing", polled(malformed="the answer is not JSON"), "listing", Level.WRONG, "[director] url"),
    (
        "invalid certificate",
        replace(WELL, certificate=Certificate(problem="it is not valid: certificate has expired")),
        "certificate",
        Level.WRONG,
        "root certificates",
    ),
    (
        "certificate of ten days",
        replace(WELL, certificate=Certificate(expires=NOW + timedelta(days=10))),
        "certificate",
        Level.WARNING,
        "renewed",
    ),
    (
        "certificate of two days",
        replace(WELL, certificate=Certificate(expires=NOW + timedelta(days=2))),
        "certificate",
        Level.WRONG,
        "renewed",
    ),
    ("clock ahead", polled(ahead_s=3600.0), "clock", Level.WRONG, "time service"),
    ("clock behind", polled(ahead_s=-20.0), "clock", Level.WARNING, "time service"),
    ("no date", polled(ahead_s=None), "clock", Level.WARNING, "another clock"),
    (
        "damaged",
        file(problem="the journal cannot be trusted: it is empty. Restore it"),
        "journal",
        Level.WRONG,
        "Restore",
    ),
    ("read-only", file(unwritable="journal.db"), "journal rights", Level.WRONG, "owner and permissions"),
    ("full disk", file(free_bytes=1000), "disk", Level.WRONG, "free space"),
    (
        "disk of few days",
        file(bytes=4 * 10**10, free_bytes=10**10),
        "disk",
        Level.WARNING,
        "free space",
    ),
    (
        "no room for a backup",
        file(bytes=60_000_000_000, begun_at=None),
        "disk",
        Level.WARNING,
        "another disk for backups",
    ),
    ("no backup", file(backup=None), "backup", Level.WARNING, "execution-officer journal backup FILE"),
    ("other version", live(version="0.0.1"), "sidecar", Level.WARNING, "restart the sidecar"),
    (
        "other port",
        live(link_endpoint="tcp://127.0.0.1:5761"),
        "link port",
        Level.WARNING,
        "restart the sidecar",
    ),
    ("silent", live_officer(session=replace(SESSION, alive=False)), "terminal", Level.WRONG, "does it hang"),
    (
        "other expert",
        bound(program="ExecutionOfficer 0.90"),
        "terminal",
        Level.WARNING,
        "execution-officer expert",
    ),
    ("no broker", beat(broker_connected=False), "broker connection", Level.WRONG, "Login to Trade Account"),
    (
        "no AutoTrading",
        beat(trade_allowed=False, trade_forbidden_by="press the Algo Trading button"),
        "trade permission",
        Level.WRONG,
        "press the Algo Trading button",
    ),
    ("real money", bound(trade_mode="REAL"), "account", Level.WRONG, "allow_real = true"),
    ("disabled symbol", symbol(trade_mode="DISABLED"), SYMBOL, Level.WRONG, "ask the broker"),
    ("symbol to close", symbol(trade_mode="CLOSEONLY"), SYMBOL, Level.WARNING, "ask the broker"),
    ("no market orders", symbol(order_types=[]), SYMBOL, Level.WARNING, "ask the broker"),
    ("unknown symbol", symbol(name=""), SYMBOL, Level.WRONG, "name the broker's in the officer's symbols"),
    (
        "events of an hour",
        bound(events_queued=3, oldest_queued_at=utc_text(NOW - timedelta(hours=1))),
        "undelivered events",
        Level.WRONG,
        "sidecar's log",
    ),
    ("refused events", bound(events_refused=1), "undelivered events", Level.WRONG, "execution-officer retry"),
    ("UNKNOWN", outcome("UNKNOWN"), "outcomes", Level.WRONG, "execution-officer resolve"),
    ("UNRESOLVED", outcome("UNRESOLVED"), "outcomes", Level.WARNING, "wait for the terminal's answer"),
    ("quarantine", bound(quarantine="two terminals"), "quarantine", Level.WRONG, "execution-officer rebind"),
    ("halt of the bridge", halted(HaltSetter.BRIDGE), "halts", Level.WRONG, "execution-officer resume"),
    ("halt of an operator", halted(HaltSetter.OPERATOR), "halts", Level.WARNING, "execution-officer resume"),
    (
        "paused",
        live(opens_paused=["the circuit is open"]),
        "status OPENS_PAUSED",
        Level.WRONG,
        "the circuit is open",
    ),
]


def test_everything_as_it_must_be_is_ok() -> None:
    findings = examine(WELL)
    assert [(each.check, each.value) for each in findings if each.level is not Level.OK] == []
    assert exit_status(findings) is ExitCode.OK


@pytest.mark.parametrize(
    ("broken", "check", "level", "remedy"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_one_broken_thing_gives_its_finding_and_remedy(
    broken: Observed, check: str, level: Level, remedy: str
) -> None:
    # What follows from it cannot be looked at, and says so.
    found = [each for each in not_ok(broken) if each.check == check or not each.value.startswith("not known")]
    assert [(each.check, each.level) for each in found] == [(check, level)]
    assert remedy in found[0].remedy
    assert exit_status(examine(broken)) is ExitCode.ATTENTION


def test_terminal_that_is_not_connected_leaves_the_rest_unknown() -> None:
    findings = {each.check: each for each in not_ok(live_officer(session=None, blocked="no terminal"))}
    assert findings.pop("terminal").level is Level.WRONG
    assert findings.keys() == {
        "broker connection",
        "trade permission",
        "broker clock",
        SYMBOL,
    }
    assert all(each.value.startswith("not known") for each in findings.values())


def test_stopped_sidecar_makes_nothing_ok_that_only_it_could_show() -> None:
    findings = examine(stopped())
    unknown = {each.check for each in findings if each.no_sidecar}
    assert unknown == {
        "sidecar",
        "terminal",
        "broker connection",
        "trade permission",
        "broker clock",
        SYMBOL,
    }
    assert all(each.level is Level.WARNING for each in findings if each.no_sidecar)
    assert exit_status(findings) is ExitCode.NOT_RUNNING


def test_sidecar_that_cannot_be_asked_is_wrong_and_its_port_is_not_tried() -> None:
    hanging = replace(
        WELL,
        look=Look(unanswered="does not answer: timed out", journal=JOURNAL),
        link=Port(state=PortState.UNSEEN),
    )
    findings = {each.check: each for each in not_ok(hanging)}
    assert findings["sidecar"].level is Level.WRONG
    assert findings["link port"].value.startswith("not known")
    assert exit_status(examine(hanging)) is ExitCode.ATTENTION


def test_port_of_another_program_is_wrong_while_no_sidecar_runs() -> None:
    taken = Port(
        state=PortState.TAKEN,
        problem="the link address 127.0.0.1:5760 is in use; stop what listens there, or set another",
    )
    [finding] = [each for each in not_ok(without_sidecar(link=taken)) if not each.no_sidecar]
    assert (finding.check, finding.level) == ("link port", Level.WRONG)
    assert finding.remedy.startswith("stop what listens there")


def test_missing_variable_is_unknown_beside_a_sidecar_and_wrong_without_one() -> None:
    key = Key(place="KEY", problem="the environment variable KEY is not set; set it")
    beside = {each.check: each for each in not_ok(replace(WELL, api_key=key, polls=[]))}
    alone = {each.check: each for each in not_ok(without_sidecar(api_key=key, polls=[]))}
    assert (beside["API key"].level, alone["API key"].level) == (Level.WARNING, Level.WRONG)
    assert beside["Director"].value.startswith("not known")


def test_journal_that_cannot_be_read_makes_none_of_its_content_ok() -> None:
    unread = Look(sidecar=LIVE, unread=Altered("it cannot be read", "stop the sidecar"))
    findings = {each.check: each for each in examine(replace(WELL, look=unread, officers={}))}
    for check in ("undelivered events", "outcomes", "quarantine", "halts", "account"):
        assert findings[check].level is Level.WARNING
        assert findings[check].value.startswith("not known")


def test_young_journal_needs_no_backup_yet() -> None:
    young = file(backup=None, begun_at=NOW - timedelta(days=2))
    assert not_ok(young) == []


def test_symbol_under_another_name_is_shown_with_it() -> None:
    [finding] = [each for each in examine(symbol(name="EURUSD.r")) if each.check == SYMBOL]
    assert finding.level is Level.OK
    assert finding.value.startswith("EURUSD.r at the broker, FULL, 0.01 to 100 lots")


def test_symbol_is_shown_with_its_filling_modes_and_levels() -> None:
    shown = symbol(filling_modes=["FOK", "IOC"], stops_level=20, freeze_level=5)
    [finding] = [each for each in examine(shown) if each.check == SYMBOL]
    assert finding.level is Level.OK
    assert finding.value == (
        "FULL, 0.01 to 100 lots in steps of 0.01, filling FOK or IOC, stops at least 20 points away, "
        "frozen within 5 points, reported 0 s ago"
    )


def test_symbol_of_which_the_terminal_reports_no_filling_modes_is_shown_without_them() -> None:
    [finding] = [each for each in examine(symbol(stops_level=0, filling_modes=[])) if each.check == SYMBOL]
    assert "filling not named, no least distance of stops, reported" in finding.value
    [finding] = [each for each in examine(WELL) if each.check == SYMBOL]
    assert finding.value == "FULL, 0.01 to 100 lots in steps of 0.01, reported 0 s ago"


def test_symbol_that_is_taken_for_another_name_is_judged_by_its_own_terms() -> None:
    asked = SymbolReport(asked="EURUSD", candidates=["EURUSD.r"], alike=[9], symbols_total=10)
    for chosen, level, value in (
        (None, Level.OK, "EURUSD.r at the broker, its terms were not reported yet"),
        (replace(TERMS, name="EURUSD.r"), Level.OK, "EURUSD.r at the broker, FULL, 0.01 to 100 lots"),
        (replace(TERMS, name="EURUSD.r", trade_mode="DISABLED"), Level.WRONG, "trading in it is disabled"),
    ):
        seen = SymbolSeen(asked="EURUSD", report=asked, chosen=chosen, seen_at=utc_text(NOW))
        officer = replace(WELL.officers[OFFICER], symbols=[seen])
        [finding] = [
            each for each in examine(replace(WELL, officers={OFFICER: officer})) if each.check == SYMBOL
        ]
        assert finding.level is level and value in finding.value


def test_key_that_nobody_else_may_read_by_windows_rights_is_ok() -> None:
    [finding] = [each for each in examine(replace(WELL, windows=True)) if each.check == "link key"]
    assert finding.value == "eo-001.linkkey, which nobody else may read"


def test_key_that_others_may_read_by_windows_rights_is_a_warning_with_the_command() -> None:
    key = Key(place="eo-001.linkkey", readers=("Users", "Everyone"))
    seen = replace(WELL, windows=True, link_keys={OFFICER: key}, user="trader")
    [finding] = [each for each in examine(seen) if each.check == "link key"]
    assert finding.level == Level.WARNING
    assert "Users, Everyone may read it" in finding.value
    assert "icacls" in finding.remedy and '"trader:(OI)(CI)F"' in finding.remedy


def test_key_whose_windows_rights_cannot_be_read_is_not_known() -> None:
    seen = replace(WELL, windows=True, link_keys={OFFICER: Key(place="eo-001.linkkey", readers=None)})
    [finding] = [each for each in examine(seen) if each.check == "link key"]
    assert finding.level == Level.WARNING
    assert finding.value.startswith("not known")


@pytest.mark.parametrize(
    ("message", "value", "remedy"),
    [
        ("a is b; do c", "a is b", "do c"),
        (
            "there is no journal at /x. If new, run 'setup'; else restore it.",
            "there is no journal at /x",
            "If new, run 'setup'; else restore it",
        ),
        ("alone", "alone", "see the value"),
    ],
)
def test_message_is_divided_at_the_end_of_its_first_statement(message: str, value: str, remedy: str) -> None:
    assert of_message(message) == (value, remedy)
