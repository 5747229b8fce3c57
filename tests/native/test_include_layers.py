"""The Expert Advisor's include folders: each file includes files of its own folder or of a lower one."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2] / "mql5/Include/ExecutionOfficer"
LAYERS: Final = (
    {"Common"},
    {"Json", "Wire"},
    {"Link"},
    {"Ledger", "Terminal"},
    {"Symbols", "Reports"},
    {"Risk"},
    {"Orders"},
    {"Flatten"},
    {"Program"},
)
"""From the bottom to the top. Folders of one layer do not include each other."""
HEADERS: Final = sorted(ROOT.rglob("*.mqh"))
_INCLUDE: Final = re.compile(r'^#include "([^"]+)"$', re.M)


def layer(path: Path) -> int:
    """Return the number of a file's layer, 0 at the bottom."""
    [number] = [number for number, folders in enumerate(LAYERS) if path.parent.name in folders]
    return number


def test_every_folder_has_one_layer() -> None:
    folders = [path.name for path in ROOT.iterdir()]
    assert sorted(folders) == sorted(name for names in LAYERS for name in names)


def test_file_names_are_unique() -> None:
    names = [path.name for path in HEADERS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("header", HEADERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_header_includes_own_folder_or_lower_layer(header: Path) -> None:
    text = header.read_text(encoding="utf-8")
    includes = _INCLUDE.findall(text)
    assert len(includes) == text.count("#include"), "an include of a header is a relative path"
    for include in includes:
        target = (header.parent / include.replace("\\", "/")).resolve()
        assert target.is_file(), include
        assert target.parent == header.parent or layer(target) < layer(header), include
