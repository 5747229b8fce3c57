"""`doctor` beside a running sidecar with a terminal and a broker."""

import json
import re
from pathlib import Path
from typing import Any

from bridge.exits import ExitCode
from bridge.simulator.broker.scenario import Scenario, SymbolTerms
from bridge.simulator.mt5.constants import SymbolTradeMode
from tests.rig.deadline import Deadline
from tests.rig.rig import REFUSED, Rig
from tests.rig.world import OFFICER

Finding = dict[str, Any]
PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"
AGE = re.compile(r"\d+ s ago")
OFFICERS = ({"id": OFFICER, "risk_limits": {"allowed_symbols": ["EURUSD"]}},)


def doctor(rig: Rig) -> tuple[int, dict[str, Finding]]:
    """Return the exit status, and the findings that are not ok, by check."""
    process = rig.bridge("doctor", "--config", str(rig.config_path), "--json")
    code = process.exited()
    report = json.loads(process.log[-1])
    return code, {each["check"]: each for each in report["findings"] if each["level"] != "ok"}


def test_installation_that_trades_is_ok_in_every_check(rig: Rig) -> None:
    rig.configure(officers=OFFICERS)
    rig.start()
    rig.open()
    assert doctor(rig) == (ExitCode.OK, {})


def test_each_configured_symbol_is_judged_before_the_first_directive(rig: Rig) -> None:
    symbols = {"GOLD": "XAUUSD", "EURO": "EURUSD", "YEN": "USDJPY", "CABLE": "GBPUSD.x"}
    rig.configure(officers=({"id": OFFICER, "symbols": symbols},))
    terms = (
        SymbolTerms(name="XAUUSD", trade_mode="DISABLED"),
        SymbolTerms(name="EURUSD"),
        SymbolTerms(name="USDJPY", trade_mode="LONGONLY"),
    )
    rig.start_director()
    rig.start_broker(scenario=Scenario(symbols=terms))
    rig.start_sidecar()
    rig.start_terminal()
    rig.ready()
    found = wrong(rig, "symbol GBPUSD.x")
    assert {check: each["level"] for check, each in found.items()} == {
        "symbol XAUUSD": "wrong",
        "symbol GBPUSD.x": "wrong",
        "symbol USDJPY": "warning",
    }
    assert "is unknown to the broker" in found["symbol GBPUSD.x"]["value"]
    assert "trading in it is disabled" in found["symbol XAUUSD"]["value"]
    assert "filling FOK or IOC, no least distance of stops" in found["symbol USDJPY"]["value"]
    process = rig.bridge("doctor", "--config", str(rig.config_path))
    assert process.exited() == ExitCode.ATTENTION
    # The lines of the page are of such a run.
    below = PAGE.read_text(encoding="utf-8").rpartition("```")[2]
    shown = [line[4:] for line in below.splitlines() if line.startswith("    ")]
    assert len(shown) == 5
    assert {AGE.sub("...", line) for line in shown} <= {AGE.sub("...", line) for line in process.log}


def wrong(rig: Rig, check: str) -> dict[str, Finding]:
    """Run it until that check is wrong: the terminal's next heartbeat has to come first."""
    deadline = Deadline()
    while True:
        code, found = doctor(rig)
        assert code == (ExitCode.ATTENTION if found else ExitCode.OK)
        if found.get(check, {}).get("level") == "wrong":
            return found
        assert not deadline.over, found


def test_broken_terminal_broker_and_director_are_found_each_with_its_remedy(rig: Rig) -> None:
    rig.configure(officers=OFFICERS)
    rig.start()
    rig.open()
    rig.broker.set_trade_mode("EURUSD", SymbolTradeMode.CLOSEONLY)
    rig.restart_terminal()
    rig.emitted(rig.issue("OPEN_LONG"), *REFUSED)
    rig.broker.set_account(trade_expert=False)
    rig.director.behave(endpoint="poll", fault="status", status=401)
    found = wrong(rig, "trade permission")
    assert found["trade permission"]["remedy"]
    assert found["symbol EURUSD"]["level"] == "warning"
    assert "the broker allows only closes" in found["symbol EURUSD"]["value"]
    assert found["API key"]["level"] == "wrong"
    assert "write the key that the Director issued" in found["API key"]["remedy"]
    rig.director.behave()
    rig.broker.set_account(trade_expert=True)


def test_terminal_that_is_away_is_found_and_its_state_is_not_called_ok(rig: Rig) -> None:
    rig.configure(link={"lost_after_s": 2.0})
    rig.start()
    rig.terminal.kill()
    found = wrong(rig, "terminal")
    assert "start its terminal" in found["terminal"]["remedy"]
    for check in ("broker connection", "trade permission", "broker clock"):
        assert found[check]["value"].startswith("not known")


def test_broker_that_is_away_is_found(rig: Rig) -> None:
    rig.start()
    rig.broker.disconnect()
    found = wrong(rig, "broker connection")
    assert "Login to Trade Account" in found["broker connection"]["remedy"]
    rig.broker.connect()
