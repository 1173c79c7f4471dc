"""Groups of commands: each names what a mistyped command may have meant, and how each ends."""

from __future__ import annotations

from difflib import get_close_matches

import click

from casebus.cli import ends


class CommandGroup(click.Group):
    """A group of commands that says more than that there is no such one, and how each ends."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, command, rest = self._resolved(ctx, args)
        if command is not None and not isinstance(command, click.Group):
            command.epilog = ends.told((*_words(ctx), str(name))) or command.epilog
        return name, command, rest

    def _resolved(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = get_close_matches(args[0], self.list_commands(ctx))
            if near and not args[0].startswith("-"):
                error.message += f" Did you mean {' or '.join(near)}?"
            raise


def _words(ctx: click.Context) -> tuple[str, ...]:
    """What was typed to come here, without the name of all."""
    above = ctx.parent
    return () if above is None else (*_words(above), str(ctx.info_name))
