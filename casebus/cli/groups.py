"""Groups of commands: for a mistyped word each suggests commands, and its help lists exit codes."""

from __future__ import annotations

from difflib import get_close_matches

import click

from casebus.cli import ends


class CommandGroup(click.Group):
    """A group that suggests commands for a mistyped word, and lists how its commands end."""

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
    """The words typed so far, without the name of the program."""
    above = ctx.parent
    return () if above is None else (*_words(above), str(ctx.info_name))
