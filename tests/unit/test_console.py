"""Consoles, and devices that Windows calls terminals too."""

import io
import os
from collections.abc import Iterator
from typing import TextIO

import pytest

from bridge.console import has_mode, is_console


class Stream(io.StringIO):
    """Stream that calls itself a terminal, with a descriptor or without one."""

    def __init__(self, descriptor: int | None = 7) -> None:
        super().__init__()
        self._descriptor = descriptor

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return super().fileno() if self._descriptor is None else self._descriptor


@pytest.fixture
def null() -> Iterator[TextIO]:
    with open(os.devnull) as file:
        yield file


def test_terminal_is_a_console_where_its_descriptor_has_a_mode() -> None:
    assert is_console(Stream(), lambda descriptor: descriptor == 7)


def test_device_without_a_mode_is_no_console() -> None:
    """So it is with NUL on Windows, whose `isatty` is true."""
    assert not is_console(Stream(), lambda _: False)


def test_terminal_without_a_descriptor_is_a_console() -> None:
    assert is_console(Stream(None), lambda _: False)


def test_null_device_and_file_are_no_console(null: TextIO) -> None:
    assert not is_console(null)
    assert not is_console(io.StringIO())


@pytest.mark.skipif(os.name != "nt", reason="other systems are not asked")
def test_null_device_of_windows_has_no_mode(null: TextIO) -> None:
    assert null.isatty()
    assert not has_mode(null.fileno())
