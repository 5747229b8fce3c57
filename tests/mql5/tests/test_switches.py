"""Switches: each has another side and a source, and they are read and written as JSON."""

from pathlib import Path

import msgspec
import pytest

from tests.mql5.host.switches import ABOUT, SwitchError, Switches, all_thrown, dump, load_switches, thrown

HOST = Path(__file__).parents[1] / "host"


def test_switch_has_a_description_a_source_and_another_side() -> None:
    assert set(ABOUT) == set(Switches.__struct_fields__)
    for name, about in ABOUT.items():
        assert getattr(Switches(), name) != about.thrown, name
        assert about.behaviour, name
        assert about.source, name


@pytest.mark.parametrize("name", ABOUT)
def test_switch_is_used_by_the_host(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in HOST.rglob("*.py") if path.name != "switches.py"]
    assert any(f"switches.{name}" in text for text in texts if "def test_" not in text)


@pytest.mark.parametrize("name", ABOUT)
def test_thrown_changes_one_switch(name: str) -> None:
    changed = {
        key: value
        for key, value in msgspec.structs.asdict(thrown(name)).items()
        if value != getattr(Switches(), key)
    }
    assert changed == {name: ABOUT[name].thrown}


def test_all_thrown_depends_on_the_seed() -> None:
    assert all_thrown(1) == all_thrown(1)
    assert len({dump(all_thrown(seed)) for seed in range(5)}) == 5


def test_dumped_switches_load_unchanged(tmp_path: Path) -> None:
    report = tmp_path / "probe.json"
    report.write_bytes(dump(thrown("send_at_most", "init_twice")))
    assert load_switches(report) == thrown("send_at_most", "init_twice")
    report.write_text("{}", encoding="utf-8")
    assert load_switches(report) == Switches()


@pytest.mark.parametrize("text", ["{", '{"none": true}', '{"init_twice": 1}'])
def test_unusable_report_is_refused(tmp_path: Path, text: str) -> None:
    report = tmp_path / "probe.json"
    report.write_text(text, encoding="utf-8")
    with pytest.raises(SwitchError, match=r"probe\.json"):
        load_switches(report)


def test_unknown_switch_is_refused() -> None:
    with pytest.raises(SwitchError, match="unknown switch 'none'; supported: "):
        thrown("none")
