"""Options and value types that several commands share."""

from decimal import Decimal
from pathlib import Path

import click

from bridge.core.units.decimals import AmountError, parse_amount

FILE = click.Path(path_type=Path)
"""Any path. Whether it is there, and readable, is for who opens it to say: its message is the better one."""

config_option = click.option(
    "--config",
    "config_path",
    type=FILE,
    default="bridge.toml",
    show_default=True,
    metavar="FILE",
    help="The configuration file.",
)
officer_option = click.option(
    "--officer", metavar="ID", help="The officer. Without it: every officer of the configuration."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Answer in JSON, one object on one line.")


class PositiveType(click.ParamType[Decimal]):
    """A number above 0, with its digits kept."""

    def __init__(self, name: str) -> None:
        self.name = name

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            lots = parse_amount(str(value))
        except AmountError as error:
            self.fail(f"{str(value)!r} {error}.", param, ctx)
        if lots <= 0:
            self.fail(f"{str(value)!r} must be above 0.", param, ctx)
        return lots


LOTS = PositiveType("lots")
AMOUNT = PositiveType("number")
