"""The reference terminal's inputs as options of the command line."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, TypedDict, TypeVar

import click

from bridge.cli.options import AMOUNT, LOTS
from bridge.core.units.decimals import ZERO
from bridge.simulator.terminal.inputs import InputAction, Inputs

_DEFAULTS: Final = Inputs()
_ACTIONS: Final = {action.lower().replace(" ", "-"): action for action in InputAction}
_COUNT: Final = click.IntRange(min=0)


class InputOptions(TypedDict):
    """What the options give."""

    max_lot: Decimal
    max_deviation: int
    max_spread: int
    symbols: tuple[str, ...]
    max_positions: int
    max_volume: Decimal | None
    max_orders: int
    min_margin_level: Decimal | None
    max_daily_loss: Decimal | None
    forbid: tuple[str, ...]
    poll_interval: int | None


_OPTIONS: Final = (
    click.option(
        "--max-lot",
        type=LOTS,
        default=str(_DEFAULTS.max_lot),
        show_default=True,
        help="Refuse larger orders.",
    ),
    click.option(
        "--max-deviation",
        type=_COUNT,
        default=_DEFAULTS.max_deviation_points,
        show_default=True,
        metavar="POINTS",
        help="Refuse opens that ask for more; a close goes with this much.",
    ),
    click.option(
        "--max-spread",
        type=_COUNT,
        default=_DEFAULTS.max_spread_points,
        show_default=True,
        metavar="POINTS",
        help="Open nothing while the spread is wider; 0: no limit.",
    ),
    click.option(
        "--symbol",
        "symbols",
        multiple=True,
        metavar="NAME",
        help="Open in this one alone; may be given again.  [default: in all]",
    ),
    click.option(
        "--max-positions",
        type=_COUNT,
        default=_DEFAULTS.max_symbol_positions,
        show_default=True,
        metavar="COUNT",
        help="Hold no more positions and pending orders in a symbol; 0: no limit.",
    ),
    click.option(
        "--max-volume",
        type=LOTS,
        help="Hold no more lots in a symbol, pending orders included.  [default: no limit]",
    ),
    click.option(
        "--max-orders",
        type=_COUNT,
        default=_DEFAULTS.max_orders_per_minute,
        show_default=True,
        metavar="COUNT",
        help="Send no more orders that open within a minute; 0: no limit.",
    ),
    click.option(
        "--min-margin-level",
        type=AMOUNT,
        metavar="PERCENT",
        help="Open nothing while the margin level is lower.  [default: no limit]",
    ),
    click.option(
        "--max-daily-loss",
        type=AMOUNT,
        metavar="MONEY",
        help="Open nothing once the equity is so far below that at the start of the broker's day.  "
        "[default: no limit]",
    ),
    click.option(
        "--forbid",
        type=click.Choice(tuple(_ACTIONS)),
        multiple=True,
        help="Refuse what the sidecar may otherwise ask for; may be given again.",
    ),
    click.option(
        "--poll-interval",
        type=click.IntRange(1, 300),
        metavar="SECONDS",
        help="How often the Director is to be polled.  [default: as the sidecar has it]",
    ),
)

_Command = TypeVar("_Command", bound=Callable[..., Any])


def input_options(command: _Command) -> _Command:
    """Give a command the options. It receives them as InputOptions says."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def inputs_of(options: InputOptions) -> Inputs:
    """The inputs that the options spell."""
    return Inputs(
        max_lot=options["max_lot"],
        # An order that names no deviation must not be refused for the default one.
        deviation_points=min(_DEFAULTS.deviation_points, options["max_deviation"]),
        max_deviation_points=options["max_deviation"],
        max_spread_points=options["max_spread"],
        symbols=options["symbols"],
        max_symbol_positions=options["max_positions"],
        max_symbol_lots=options["max_volume"] or ZERO,
        max_orders_per_minute=options["max_orders"],
        min_margin_level=options["min_margin_level"] or ZERO,
        max_daily_loss=options["max_daily_loss"] or ZERO,
        actions=frozenset(InputAction) - {_ACTIONS[name] for name in options["forbid"]},
        poll_interval_s=options["poll_interval"],
    )
