"""The list of mutants: each can be put into the product as it is now."""

import shutil
from pathlib import Path

import pytest

from tests.simulation.mutants import ROOT, Mutant, listed, put


@pytest.mark.parametrize("mutant", listed(), ids=lambda mutant: mutant.name)
def test_mutant_is_in_the_product_once_and_compiles(mutant: Mutant, tmp_path: Path) -> None:
    file = tmp_path / mutant.file
    file.parent.mkdir(parents=True)
    shutil.copyfile(ROOT / mutant.file, file)
    put(mutant, tmp_path)
    if file.suffix == ".py":
        compile(file.read_text(encoding="utf-8"), mutant.file, "exec")


def test_list_has_forty_mutants_with_names_of_their_own() -> None:
    names = [mutant.name for mutant in listed()]
    assert len(set(names)) == len(names) >= 40


def test_mutant_whose_text_is_not_in_the_product_is_refused(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("pass\n")
    with pytest.raises(ValueError, match="its text is 0 times"):
        put(Mutant("gone", "module.py", "text", "other"), tmp_path)
