"""The comparison of recordings: the terminal that ends second finds the differences."""

from pathlib import Path

from bridge.core.units import clock_trust
from tests.conformance.recording import JUMPED, Recording, compare, is_of_the_machine

REFERENCE: Recording = {
    "directive 1": [{"event_type": "ORDER_FILLED", "fill_price": 1.1, "commission": 0.07}]
}


def test_equal_recordings_have_no_difference(tmp_path: Path) -> None:
    assert compare(tmp_path, "test", "reference", REFERENCE) == []
    assert compare(tmp_path, "test", "native", REFERENCE) == []


def test_differing_value_and_missing_field_are_named(tmp_path: Path) -> None:
    compare(tmp_path, "test", "reference", REFERENCE)
    native: Recording = {"directive 1": [{"event_type": "ORDER_FILLED", "fill_price": 1.2}]}
    assert compare(tmp_path, "test", "native", native) == [
        "directive 1, 1 ORDER_FILLED: commission: 'absent' on native, 0.07 on reference",
        "directive 1, 1 ORDER_FILLED: fill_price: 1.2 on native, 1.1 on reference",
    ]


def test_missing_event_is_named_with_the_numbers_of_both(tmp_path: Path) -> None:
    filled = REFERENCE["directive 1"][0]
    assert compare(tmp_path, "test", "reference", {"directive 1": [filled, {"event_type": "X"}]}) == []
    assert compare(tmp_path, "test", "native", REFERENCE) == [
        "directive 1: 1 on native, 2 on reference; the first difference is number 2: "
        "nothing on native, {'event_type': 'X'} on reference"
    ]


def test_recordings_of_different_tests_are_not_compared(tmp_path: Path) -> None:
    compare(tmp_path, "test", "reference", REFERENCE)
    assert compare(tmp_path, "another test", "native", {"directive 1": []}) == []


def test_event_about_a_jump_of_the_machine_s_clock_is_not_recorded() -> None:
    # The words of the product itself.
    assert f'"{JUMPED}. ' in Path(clock_trust.__file__).read_text(encoding="utf-8")
    jumped = {
        "event_type": "SYSTEM_ERROR",
        "error_code": "CLOCK",
        "error_message": f"{JUMPED}. Nothing is opened",
    }
    assert is_of_the_machine(jumped)
    assert not is_of_the_machine({**jumped, "error_message": "this machine's clock is 40 s ahead"})
    assert not is_of_the_machine({**jumped, "error_code": "INTERNAL"})
    assert not is_of_the_machine({"event_type": "ORDER_FILLED"})
