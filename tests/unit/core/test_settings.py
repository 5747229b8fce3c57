"""Settings: their defaults, their bounds, and no setting with a slip in its name."""

from decimal import Decimal

import msgspec
import pytest

from bridge.core.settings import (
    DirectorSettings,
    JournalSettings,
    LinkSettings,
    MissingStop,
    OfficerSettings,
    RiskLimits,
    Settings,
    SilentDirector,
)
from bridge.core.units.order_ids import default_prefix

DIRECTOR: dict[str, object] = {"url": "https://director.example"}
OFFICER: dict[str, object] = {"id": "eo-001"}
LEAST: dict[str, object] = {"director": DIRECTOR, "officers": [OFFICER]}


def test_minimal_configuration_has_the_defaults() -> None:
    settings = msgspec.convert(LEAST, Settings)
    assert settings.director == DirectorSettings(url="https://director.example")
    assert settings.director.poll_interval_s == 5.0
    assert settings.director.extra_fields is True
    assert settings.journal == JournalSettings(path="journal.db")
    assert settings.link == LinkSettings()
    assert (settings.link.heartbeat_s, settings.link.lost_after_s) == (1.0, 15.0)
    assert settings.link.endpoint.startswith("tcp://127.0.0.1:")  # loopback only
    assert settings.officers == [OfficerSettings(id="eo-001")]
    assert settings.officers[0].allow_real is False
    assert settings.officers[0].max_quantity is None


@pytest.mark.parametrize(
    ("section", "field", "good"),
    [
        (DirectorSettings, "poll_interval_s", [0.1, 300]),
        (DirectorSettings, "timeout_s", [0.001, 86_400]),
        (DirectorSettings, "max_response_bytes", [1024, 64 * 1024 * 1024]),
        (LinkSettings, "heartbeat_s", [0.05, 10]),
        (LinkSettings, "command_deadline_s", [0.5, 60]),
        (LinkSettings, "takeover_margin_s", [0.1, 600]),
        (LinkSettings, "unknown_grace_s", [1, 86_400]),
        (LinkSettings, "mismatch_grace_s", [1, 86_400]),
        (OfficerSettings, "order_id_prefix", [1, 4095]),
        (OfficerSettings, "deviation_points", [0, 100_000]),
        (OfficerSettings, "time_to_live_s", [1, 86_400]),
        (OfficerSettings, "max_quantity", ["0.01", 5, 0.5]),
        (OfficerSettings, "id", ["x" * 128]),
        (RiskLimits, "max_symbol_quantity", ["0.01", 5]),
        (RiskLimits, "max_positions", [1, 10_000]),
        (RiskLimits, "max_orders_per_minute", [1, 10_000]),
        (RiskLimits, "max_spread_points", [0, 100_000]),
        (RiskLimits, "max_daily_loss", ["0.01", 1000]),
    ],
)
def test_a_value_within_bounds_is_taken(
    section: type[msgspec.Struct], field: str, good: list[object]
) -> None:
    for value in good:
        read = msgspec.convert({**_needed(section), field: value}, section)
        assert str(getattr(read, field)) in (str(value), str(float(value)) if isinstance(value, int) else "")


@pytest.mark.parametrize(
    ("section", "field", "bad"),
    [
        (DirectorSettings, "poll_interval_s", [0, 0.09, 300.1, float("nan"), float("inf"), "5"]),
        (DirectorSettings, "timeout_s", [0, -1, 86_401]),
        (DirectorSettings, "max_clock_skew_s", [0, 1.9, -1, float("nan")]),
        (DirectorSettings, "max_response_bytes", [1023, 64 * 1024 * 1024 + 1]),
        (LinkSettings, "heartbeat_s", [0, 0.04, 11, float("nan")]),
        (LinkSettings, "lost_after_s", [0, float("inf")]),
        (LinkSettings, "command_deadline_s", [0.4, 61]),
        (LinkSettings, "takeover_margin_s", [0, 601]),
        (LinkSettings, "status_request_every_s", [0]),
        (LinkSettings, "unknown_grace_s", [0, -30]),
        (LinkSettings, "mismatch_grace_s", [0, -30]),
        (OfficerSettings, "order_id_prefix", [0, -1, 4096]),
        (OfficerSettings, "deviation_points", [-1, 100_001]),
        (OfficerSettings, "time_to_live_s", [0, 86_401]),
        (OfficerSettings, "max_quantity", ["x", [], True]),
        (OfficerSettings, "id", ["", "x" * 129, "a\nb", 7]),
        (OfficerSettings, "allow_real", ["yes", 1]),
        (OfficerSettings, "shared_account", ["yes", 1]),
        (OfficerSettings, "symbols", [{"EURUSD": 1}]),
        (RiskLimits, "allowed_actions", [["OPEN"], "OPEN_LONG", [1]]),
        (RiskLimits, "allowed_symbols", ["EURUSD", [1]]),
        (RiskLimits, "max_positions", [0, -1, 10_001]),
        (RiskLimits, "max_orders_per_minute", [0, 10_001]),
        (RiskLimits, "max_spread_points", [-1, 100_001]),
        (RiskLimits, "missing_stop", ["ignore"]),
        (RiskLimits, "silent_director", ["close"]),
        (RiskLimits, "silent_director_after_s", [0, 86_401]),
    ],
)
def test_a_value_out_of_bounds_is_refused(
    section: type[msgspec.Struct], field: str, bad: list[object]
) -> None:
    for value in bad:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**_needed(section), field: value}, section)


@pytest.mark.parametrize(
    "wrong",
    [
        {**LEAST, "oficers": []},
        {**LEAST, "director": {**DIRECTOR, "urls": ""}},
        {**LEAST, "officers": [{**OFFICER, "allowreal": True}]},
        {**LEAST, "officers": [{**OFFICER, "risk_limits": {"max_position": 1}}]},
        {**LEAST, "journal": {"file": "x"}},
        {**LEAST, "link": {"heartbeat": 1}},
        {**LEAST, "director": {}},
        {**LEAST, "officers": [{}]},
        {**LEAST, "officers": []},
        {**LEAST, "officers": [{"id": str(number)} for number in range(257)]},
        {"officers": [OFFICER]},
        {"director": DIRECTOR},
    ],
)
def test_misspelt_or_missing_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, Settings)


def test_an_officer_is_found_by_its_id() -> None:
    one, two = OfficerSettings(id="eo-001"), OfficerSettings(id="eo-002")
    settings = Settings(director=DirectorSettings(url="x"), officers=[one, two])
    assert settings.officer("eo-002") is two
    assert settings.officer("eo-003") is None


def test_a_configured_prefix_wins_over_the_hashed_one() -> None:
    assert OfficerSettings(id="eo-001").prefix == default_prefix("eo-001")
    assert OfficerSettings(id="eo-001", order_id_prefix=7).prefix == 7


def test_mapped_symbol_is_asked_for_by_its_exact_name() -> None:
    officer = OfficerSettings(id="eo-001", symbols={"EURUSD": "EURUSD.r", "GOLD": "GOLD"})
    assert officer.inquiry("EURUSD") == ("EURUSD.r", True)
    assert officer.inquiry("GOLD") == ("GOLD", True)
    assert officer.inquiry("GBPUSD") == ("GBPUSD", False)


def test_by_default_there_is_no_limit() -> None:
    risk_limits = OfficerSettings(id="eo-001").risk_limits
    assert risk_limits == RiskLimits()
    assert [getattr(risk_limits, name) for name in RiskLimits.__struct_fields__] == [
        *([None] * 6),
        [],
        *([None] * 3),
        MissingStop.REPORT,
        SilentDirector.KEEP,
        600.0,
    ]


def test_a_limit_keeps_its_digits() -> None:
    assert msgspec.convert({**OFFICER, "max_quantity": "0.10"}, OfficerSettings).max_quantity == Decimal(
        "0.10"
    )


def _needed(section: type[msgspec.Struct]) -> dict[str, object]:
    return (
        dict(DIRECTOR) if section is DirectorSettings else dict(OFFICER) if section is OfficerSettings else {}
    )
