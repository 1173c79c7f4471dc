"""Groups of commands: each names what a mistyped command may have meant."""

from __future__ import annotations

from difflib import get_close_matches

import click


class CommandGroup(click.Group):
    """A group of commands that says more than that there is no such one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx))
            if near and not args[0].startswith("-"):
                error.message += f" Did you mean {' or '.join(near)}?"
            raise
