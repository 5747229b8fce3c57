"""The recordings themselves: what differs is found, by whichever terminal ends second."""

from pathlib import Path

from tests.conformance.recording import Recording, meet

REFERENCE: Recording = {
    "directive 1": [{"event_type": "ORDER_FILLED", "fill_price": 1.1, "commission": 0.07}]
}


def test_the_same_is_no_difference(tmp_path: Path) -> None:
    assert meet(tmp_path, "story", "reference", REFERENCE) == []
    assert meet(tmp_path, "story", "native", REFERENCE) == []


def test_a_value_a_missing_field_and_a_missing_event_are_named(tmp_path: Path) -> None:
    meet(tmp_path, "story", "reference", REFERENCE)
    native: Recording = {"directive 1": [{"event_type": "ORDER_FILLED", "fill_price": 1.2}]}
    assert meet(tmp_path, "story", "native", native) == [
        "directive 1, 1 ORDER_FILLED: commission: 'absent' on native, 0.07 on reference",
        "directive 1, 1 ORDER_FILLED: fill_price: 1.2 on native, 1.1 on reference",
    ]
    (difference,) = meet(tmp_path, "another story", "native", {"directive 1": []}) or meet(
        tmp_path, "another story", "reference", REFERENCE
    )
    assert difference.startswith("directive 1: reference has [{")


def test_stories_do_not_meet_each_other(tmp_path: Path) -> None:
    meet(tmp_path, "story", "reference", REFERENCE)
    assert meet(tmp_path, "another story", "native", {"directive 1": []}) == []
