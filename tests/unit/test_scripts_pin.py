"""constraints/ pins every requirement of pyproject.toml to a version that it allows, with hashes."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FILES = ("run.txt", "test.txt", "compiler.txt")
_PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[\w.]+)(?: ; .*?)? \\\n(?:    --hash=.*\n)+", re.MULTILINE
)


def pins(file: str) -> dict[str, str]:
    text = (ROOT / "constraints" / file).read_text(encoding="utf-8")
    found: dict[str, str] = {canonicalize_name(pin["name"]): pin["version"] for pin in _PIN.finditer(text)}
    assert len(found) == len(re.findall(r"^\w", text, re.MULTILINE)), "a line without version or hash"
    return found


@pytest.mark.parametrize("file", FILES)
def test_every_package_has_a_version_and_hashes(file: str) -> None:
    assert pins(file)


@pytest.mark.parametrize(("file", "extras"), [("run.txt", ()), ("test.txt", ("test",))])
def test_every_requirement_is_pinned_to_a_version_that_it_allows(file: str, extras: tuple[str, ...]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for extra in extras:
        wanted += project["project"]["optional-dependencies"][extra]
    pinned = pins(file)
    for text in wanted:
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        assert version is not None, f"{text} is not pinned; run: python3 scripts/pin.py"
        assert requirement.specifier.contains(version), (
            f"{text} refuses {version}; run: python3 scripts/pin.py"
        )


def test_both_environments_have_the_same_versions() -> None:
    assert pins("run.txt").items() <= pins("test.txt").items()
