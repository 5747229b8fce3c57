"""The steps that `setup` and `init` print: they fit the platform, whose rights protect the keys differently."""

from pathlib import Path

import pytest

from bridge.cli.next_steps import next_steps, trial_steps
from bridge.config import Config, load
from bridge.core.units.quoting import quoted


def configured(folder: Path, director: str, *officers: str) -> Config:
    source = folder / "bridge.toml"
    tables = [f"[[officers]]\nid = '{officer}'\n" for officer in officers or ("eo-001",)]
    source.write_text("\n".join([f"[director]\n{director}", *tables]))
    return load(source)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return configured(tmp_path, "url = 'https://director.example.com'\napi_key_file = 'director.key'\n")


def test_steps_on_windows_restrict_the_folder_and_name_no_mode(config: Config) -> None:
    first, key, *_ = next_steps(config, windows=True, user="trader")
    folder = config.journal.parent
    assert first.endswith(
        f": icacls {quoted(str(folder), windows=True)} "
        '/inheritance:r /grant:r "trader:(OI)(CI)F" "*S-1-5-18:(OI)(CI)F"'
    )
    assert key == f"Put the Director's API key into the file {config.api_key_file}."


def test_steps_elsewhere_name_the_mode_of_the_key(config: Config) -> None:
    key, terminals, run, look = next_steps(config, windows=False, user="trader")
    assert key == f"Put the Director's API key into the file {config.api_key_file} (mode 600)."
    config_option = f"--config {quoted(str(config.source), windows=False)}"
    assert f"expert install {config_option}\n" in terminals
    assert "officer id eo-001" in terminals
    assert f"run {config_option}\n" in run
    assert f"service install {config_option} --start" in run
    assert look.endswith(f"doctor {config_option}")


def test_several_officers_are_named_in_their_installations(tmp_path: Path) -> None:
    config = configured(tmp_path, "url = 'https://x.example.com'\napi_key_env = 'KEY'\n", "one", "two")
    terminals = next_steps(config, windows=False, user="trader")[1]
    for officer in ("one", "two"):
        source = quoted(str(config.source), windows=False)
        assert f"expert install --config {source} --officer {officer}\n" in terminals


@pytest.mark.parametrize(
    ("director", "offered"),
    [
        ("url = 'http://127.0.0.1:5780'\napi_key_env = 'KEY'\n", True),
        ("url = 'http://127.0.0.1'\napi_key_env = 'KEY'\n", False),
        ("url = 'http://127.0.0.1:5780'\napi_key_file = 'key'\n", False),
        ("url = 'https://director.example.com:5780'\napi_key_env = 'KEY'\n", False),
    ],
)
def test_trial_is_offered_where_a_sandbox_can_take_the_place_of_the_director(
    tmp_path: Path, director: str, offered: bool
) -> None:
    steps = trial_steps(configured(tmp_path, director), windows=False)
    assert (len(steps) == 4) is offered
    if offered:
        assert "sandbox-director --port 5780 --api-key-env KEY --first-order eo-001" in steps[0]
