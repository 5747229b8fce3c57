"""Client order ids: 52 bits, an officer's prefix, the same for the same command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.units.order_ids import (
    HASH_BITS,
    MAX_PREFIX,
    OPENING,
    default_prefix,
    make_client_order_id,
    order_target,
    position_target,
)

PREFIXES = st.integers(1, 4095)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=128)


@given(PREFIXES, NAMES, NAMES, NAMES, st.integers(0, 1000))
def test_a_client_order_id_has_the_prefix_in_its_upper_twelve_of_52_bits(
    prefix: int, officer: str, directive_id: str, target: str, salt: int
) -> None:
    client_order_id = make_client_order_id(prefix, officer, directive_id, target, salt)
    assert 0 < client_order_id < 2**52
    assert client_order_id >> 40 == prefix
    assert int(float(client_order_id)) == client_order_id  # fits a double
    assert client_order_id == make_client_order_id(prefix, officer, directive_id, target, salt)


def test_a_client_order_id_is_the_same_for_ever() -> None:
    """By sha256sum. Journals and brokers hold ids of earlier releases: another hash would lose them."""
    assert make_client_order_id(0xABC, "eo-001", "dir_12345", OPENING) == 0xABC_52EDE67604


def test_each_part_of_a_name_makes_another_client_order_id() -> None:
    parts = [
        ("eo-001", "dir-1", OPENING, 0),
        ("eo-002", "dir-1", OPENING, 0),
        ("eo-001", "dir-2", OPENING, 0),
        ("eo-001", "dir-1", order_target(1), 0),
        ("eo-001", "dir-1", order_target(2), 0),
        ("eo-001", "dir-1", position_target(1), 0),
        ("eo-001", "dir-1", position_target(1, 2), 0),
        ("eo-001", "dir-1", position_target(12), 0),
        ("eo-001", "dir-1", OPENING, 1),
        ("eo-001", "dir-11", OPENING, 0),
        ("eo-001d", "ir-1", OPENING, 0),
    ]
    client_order_ids = {
        make_client_order_id(1, officer, directive, target, salt)
        for officer, directive, target, salt in parts
    }
    assert len(client_order_ids) == len(parts)
    assert len({client_order_id & (2**HASH_BITS - 1) for client_order_id in client_order_ids}) == len(parts)


@pytest.mark.parametrize("prefix", [0, -1, 4096, 2**52])
def test_a_prefix_outside_its_range_is_refused(prefix: int) -> None:
    with pytest.raises(ValueError, match=r"1\.\.4095"):
        make_client_order_id(prefix, "eo-001", "dir-1", OPENING)


@given(NAMES)
def test_a_default_prefix_is_never_zero(officer: str) -> None:
    assert 1 <= default_prefix(officer) <= MAX_PREFIX == 4095
    assert default_prefix(officer) == default_prefix(officer)


def test_a_default_prefix_is_the_same_for_ever() -> None:
    """By sha256sum: its first 32 bits, modulo 4095, plus 1."""
    assert default_prefix("eo-001") == 1617


def test_the_outermost_prefixes_are_taken() -> None:
    assert [make_client_order_id(prefix, "eo-001", "dir-1", OPENING) >> 40 for prefix in (1, 4095)] == [
        1,
        4095,
    ]


def test_default_prefixes_spread_over_the_range() -> None:
    prefixes = {default_prefix(f"eo-{number:03}") for number in range(1000)}
    assert len(prefixes) > 800
    assert max(prefixes) > 4000 and min(prefixes) < 100
