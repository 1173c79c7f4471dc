from __future__ import annotations

from collections.abc import Iterator

import click

from casebus.cli.main import main

#: Passes the services' own lines on; they are JSON already.
STREAMS = {"logs"}
#: Run until they are ended, or change the ferry's own folder and say so in a line.
FERRY = {"ferry peer", "ferry release", "ferry begin-again", "ferry run"}
#: Write a file of a format of its own, and answer nothing else.
FILES = {"export", "law draw", "rejects draft", "stats report"}


def leaves(command: click.Command, context: click.Context, name: str) -> Iterator[tuple[str, bool]]:
    """Each command by its words, and whether it knows `--json`."""
    if not isinstance(command, click.Group):
        yield name, any("--json" in option.opts for option in command.params)
        return
    for word in command.list_commands(context):
        part = command.get_command(context, word)
        assert part is not None
        yield from leaves(part, click.Context(part, parent=context), f"{name} {word}".strip())


def test_every_command_that_answers_has_json() -> None:
    found = dict(leaves(main, click.Context(main), ""))
    assert {"publish", "work hand-over", "keys revoke", "status", "verify"} <= found.keys()
    assert {name for name, has in found.items() if not has} == STREAMS | FILES | FERRY
