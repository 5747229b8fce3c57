"""Readers of foreign bytes: any bytes are read or refused, and the program goes on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.native.console import Console, console
from tests.native.corpora import READERS, load


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with console("readers", Path(tmp_path_factory.mktemp("readers"))) as running:
        yield running


def read(program: Console, reader: str, data: bytes) -> None:
    """Let the reader read the bytes: one in each character. Raises where the program ends."""
    assert program.ask(READERS[reader], data.decode("latin-1")) == []


@pytest.mark.parametrize("reader", READERS)
def test_inputs_of_the_fuzzer_are_read_or_refused(program: Console, reader: str) -> None:
    inputs = load(reader)
    assert len(inputs) > 30
    for data in inputs:
        read(program, reader, data)


@pytest.mark.parametrize("reader", READERS)
def test_inputs_that_are_cut_and_joined_are_read_or_refused(program: Console, reader: str) -> None:
    known = load(reader)

    @given(st.sampled_from(known), st.sampled_from(known), st.integers(0, 200), st.binary(max_size=8))
    def emitted(one: bytes, other: bytes, at: int, between: bytes) -> None:
        read(program, reader, one[:at] + between + other[at:])

    emitted()
