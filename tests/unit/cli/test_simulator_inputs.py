"""The reference terminal's inputs on the command line."""

from decimal import Decimal
from typing import Unpack

import click
import pytest
from click.testing import CliRunner

from bridge.cli.simulator_inputs import InputOptions, input_options, inputs_of
from bridge.simulator.terminal.inputs import InputAction, Inputs


def spelled(*arguments: str) -> Inputs:
    """The inputs that the arguments spell. Raises click's exceptions."""
    given: list[Inputs] = []

    @click.command()
    @input_options
    def program(**options: Unpack[InputOptions]) -> None:
        given.append(inputs_of(options))

    program.main(arguments, standalone_mode=False)
    return given[0]


def test_nothing_given_is_what_the_program_has_by_itself() -> None:
    assert spelled() == Inputs()


def test_every_option_reaches_its_input() -> None:
    given = spelled(
        *("--max-lot", "0.50", "--max-deviation", "15", "--max-spread", "30"),
        *("--symbol", "EURUSD", "--symbol", "GBPUSD.r"),
        *("--max-positions", "3", "--max-volume", "1.20", "--max-orders", "6"),
        *("--min-margin-level", "150", "--max-daily-loss", "250.50"),
        *("--forbid", "open-short", "--forbid", "cancel", "--poll-interval", "9"),
    )
    assert given == Inputs(
        max_lot=Decimal("0.50"),
        deviation_points=15,
        max_deviation_points=15,
        max_spread_points=30,
        symbols=("EURUSD", "GBPUSD.r"),
        max_symbol_positions=3,
        max_symbol_lots=Decimal("1.20"),
        max_orders_per_minute=6,
        min_margin_level=Decimal(150),
        max_daily_loss=Decimal("250.50"),
        actions=frozenset({InputAction.OPEN_LONG, InputAction.CLOSE, InputAction.MODIFY}),
        poll_interval_s=9,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("--max-positions", "-1"),
        ("--max-volume", "0"),
        ("--max-orders", "many"),
        ("--min-margin-level", "-5"),
        ("--max-daily-loss", "0"),
        ("--forbid", "everything"),
    ],
)
def test_a_value_that_is_none_is_named(name: str, value: str) -> None:
    with pytest.raises(click.BadParameter) as raised:
        spelled(name, value)
    assert raised.value.param is not None
    assert raised.value.param.opts == [name]


def test_the_help_has_each_of_them() -> None:
    @click.command()
    @input_options
    def program(**options: Unpack[InputOptions]) -> None: ...

    help_text = CliRunner().invoke(program, ["--help"]).output
    for parameter in program.params:
        assert parameter.opts[0] in help_text
