"""The steps that `setup` prints: they fit the platform, whose rights protect the keys in different ways."""

from pathlib import Path

import pytest

from bridge.cli.setup import next_steps
from bridge.config import Config, load
from bridge.core.units.quoting import quoted


@pytest.fixture
def config(tmp_path: Path) -> Config:
    source = tmp_path / "bridge.toml"
    source.write_text(
        "[director]\nurl = 'https://director.example.com'\napi_key_file = 'director.key'\n"
        "[[officers]]\nid = 'eo-001'\n"
    )
    return load(source)


def test_steps_on_windows_restrict_the_folder_and_name_no_mode(config: Config) -> None:
    first, key, *_ = next_steps(config, windows=True, user="trader")
    folder = config.journal.parent
    assert first.endswith(
        f": icacls {quoted(str(folder), windows=True)} "
        '/inheritance:r /grant:r "trader:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F"'
    )
    assert key == f"Put the Director's API key into the file {config.api_key_file}."


def test_steps_elsewhere_name_the_mode_of_the_key(config: Config) -> None:
    key, terminals, run = next_steps(config, windows=False, user="trader")
    assert key == f"Put the Director's API key into the file {config.api_key_file} (mode 600)."
    assert "officer id eo-001" in terminals
    assert "run --config" in run
