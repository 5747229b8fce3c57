"""Switches: each has its awkward side and its source, and they travel as JSON."""

from pathlib import Path

import msgspec
import pytest

from tests.mql5.host.switches import ABOUT, SwitchError, Switches, all_thrown, dump, load_switches, thrown

HOST = Path(__file__).parents[1] / "host"


def test_every_switch_is_described_and_has_another_side() -> None:
    assert set(ABOUT) == set(Switches.__struct_fields__)
    for name, about in ABOUT.items():
        assert getattr(Switches(), name) != about.thrown, name
        assert about.what, name
        assert about.source, name


@pytest.mark.parametrize("name", ABOUT)
def test_a_switch_is_read_somewhere(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in HOST.rglob("*.py") if path.name != "switches.py"]
    assert any(f"switches.{name}" in text for text in texts if "def test_" not in text)


@pytest.mark.parametrize("name", ABOUT)
def test_one_switch_thrown(name: str) -> None:
    changed = {
        key: value
        for key, value in msgspec.structs.asdict(thrown(name)).items()
        if value != getattr(Switches(), key)
    }
    assert changed == {name: ABOUT[name].thrown}


def test_all_thrown_by_seed() -> None:
    assert all_thrown(1) == all_thrown(1)
    assert len({dump(all_thrown(seed)) for seed in range(5)}) == 5


def test_a_report_is_read_back(tmp_path: Path) -> None:
    report = tmp_path / "probe.json"
    report.write_bytes(dump(thrown("send_at_most", "init_twice")))
    assert load_switches(report) == thrown("send_at_most", "init_twice")
    report.write_text("{}", encoding="utf-8")
    assert load_switches(report) == Switches()


@pytest.mark.parametrize("text", ["{", '{"none": true}', '{"init_twice": 1}'])
def test_a_report_that_cannot_be_used(tmp_path: Path, text: str) -> None:
    report = tmp_path / "probe.json"
    report.write_text(text, encoding="utf-8")
    with pytest.raises(SwitchError, match=r"probe\.json"):
        load_switches(report)


def test_an_unknown_switch() -> None:
    with pytest.raises(SwitchError, match="no switch 'none'"):
        thrown("none")
