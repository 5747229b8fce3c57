"""Command lines in remedies can be copied into the shell of each platform."""

import pytest

from bridge.status.command_lines import CommandLines


def test_default_configuration_needs_no_option() -> None:
    assert CommandLines(windows=False).named("journal list") == "execution-officer journal list"


@pytest.mark.parametrize(
    ("windows", "path", "shown"),
    [
        (False, "/etc/bridge/live.toml", "/etc/bridge/live.toml"),
        (False, "/srv/my $bridge/live.toml", "'/srv/my $bridge/live.toml'"),
        (True, r"C:\bridge\live.toml", r"C:\bridge\live.toml"),
        (True, r"C:\my bridge\live.toml", r'"C:\my bridge\live.toml"'),
    ],
)
def test_configuration_follows_the_words_of_the_command(windows: bool, path: str, shown: str) -> None:
    lines = CommandLines(config=path, windows=windows)
    assert lines.named("journal list") == f"execution-officer journal list --config {shown}"


@pytest.mark.parametrize(
    ("windows", "value", "shown"),
    [
        (False, "dir 1", "'dir 1'"),
        (True, "dir 1", '"dir 1"'),
        (False, "-d", "-- -d"),
        (True, "- d", '-- "- d"'),
    ],
)
def test_argument_is_one_word_and_no_option(windows: bool, value: str, shown: str) -> None:
    assert CommandLines(windows=windows).argument(value) == shown


def test_option_without_a_value_is_left_out() -> None:
    lines = CommandLines(windows=True)
    assert lines.option("--symbol", "") == ""
    assert lines.option("--symbol", "S&P500") == ' --symbol "S&P500"'
