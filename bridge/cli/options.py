"""Options and value types that several commands share."""

from decimal import Decimal
from pathlib import Path

import click

from bridge.core.units.decimals import AmountError, parse_amount
from bridge.status.command_lines import CommandLines

FILE = click.Path(path_type=Path)
"""Any path. The code that opens it reports a missing or unreadable file: its message is the better one."""

DEFAULT_CONFIG = Path("bridge.toml")

config_option = click.option(
    "--config",
    "config_path",
    type=FILE,
    default=str(DEFAULT_CONFIG),
    show_default=True,
    metavar="FILE",
    help="Configuration file.",
)
officer_option = click.option(
    "--officer", metavar="ID", help="Officer.  [default: every officer of the configuration]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON on one line.")


def command_lines(path: Path) -> CommandLines:
    """Return the command lines for this configuration on this platform."""
    return CommandLines(config="" if path == DEFAULT_CONFIG else str(path))


class PositiveType(click.ParamType[Decimal]):
    """Decimal above 0, with all its digits."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            amount = parse_amount(str(value))
        except AmountError as error:
            self.fail(f"{str(value)!r} {error}; write a decimal number such as 0.10.", param, ctx)
        if amount <= 0:
            self.fail(f"{str(value)!r} is not above 0; write a positive number.", param, ctx)
        return amount


LOTS = PositiveType("lots")
AMOUNT = PositiveType("number")
