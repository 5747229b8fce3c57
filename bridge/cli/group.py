"""Group of commands that refuses an unknown command by name."""

import click


class Group(click.Group):
    """Click group whose commands keep their order, and whose error for an unknown one lists the known ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which they were added."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names. Raises click.UsageError for an unknown one."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            raise click.UsageError(f'unknown command "{name}"; supported: {", ".join(self.commands)}', ctx)
        return super().resolve_command(ctx, args)
