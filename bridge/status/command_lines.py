"""Command lines that a remedy names, as the shell of this platform reads them."""

import sys
from typing import Final

import msgspec

from bridge.core.units.quoting import joined, quoted

WINDOWS: Final = sys.platform == "win32"


class CommandLines(msgspec.Struct, frozen=True, kw_only=True):
    """Command lines for one configuration and one platform."""

    config: str = ""
    """Path of the configuration; empty for the default, which needs no option."""
    windows: bool = WINDOWS

    def named(self, command: str) -> str:
        """Return the program and this command, such as 'journal list', with the option of the configuration.

        The option comes last: every subcommand accepts it there.
        """
        return " ".join(["execution-officer", command, *self._options])

    def of_officer(self, command: str, officer: str) -> str:
        """Return the same for one officer."""
        return f"{self.named(command)} --officer {officer}"

    def option(self, name: str, value: str) -> str:
        """Return an option after a blank; empty where the value is."""
        return f" {name} {self.quoted(value)}" if value else ""

    def argument(self, value: str) -> str:
        """Return an argument, which must not be taken for an option where it begins with a dash."""
        return f"-- {self.quoted(value)}" if value.startswith("-") else self.quoted(value)

    def quoted(self, value: str) -> str:
        """Return a value as one word."""
        return quoted(value, windows=self.windows)

    @property
    def _options(self) -> list[str]:
        return [joined(["--config", self.config], windows=self.windows)] if self.config else []
