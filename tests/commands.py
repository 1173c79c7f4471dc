"""Every command of the CLI, found by walking it, with something given for all that it requires."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from click.testing import Result

from casebus.cli.main import main

CASE = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
_TEXTS = {"event_type": "referral.sent", "types": "case.*", "agency": "cn-330106-amr"}
_TEXTS |= {"delegate": "cn-330106-psb", "author": "cn-330106-amr", "digest": "0"}


def every() -> Iterator[tuple[str, ...]]:
    """The words of each command, the subcommands of groups for themselves."""
    yield from (words for words, _ in _leaves(main, ()))


def given(words: Sequence[str], folder: Path) -> list[str]:
    """The command with a value for each argument and option that it requires."""
    command = next(one for path, one in _leaves(main, ()) if path == tuple(words))
    said = list(words)
    for one in (one for one in command.params if one.required):
        value = _value(one, folder)
        said += [value] if isinstance(one, click.Argument) else [max(one.opts, key=len), value]
    return said


def _leaves(
    command: click.Command, words: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    if not isinstance(command, click.Group):
        yield words, command
        return
    ctx = click.Context(command)
    for name in command.list_commands(ctx):
        below = command.get_command(ctx, name)
        assert below is not None, name
        yield from _leaves(below, (*words, name))


def _value(one: click.Parameter, folder: Path) -> str:
    if isinstance(one.type, click.DateTime):
        return "2026-03-02"
    if isinstance(one.type, click.Choice):
        return str(one.type.choices[0])
    if isinstance(one.type, (click.Path, click.File)):
        if getattr(one.type, "dir_okay", False) and not getattr(one.type, "file_okay", True):
            return str(folder)
        (folder / "given.jsonl").write_text("{}\n", encoding="utf-8")
        return str(folder / "given.jsonl")
    return _TEXTS.get(one.name or "", CASE)


def assert_clear(done: Result, words: Sequence[str], *codes: int) -> dict[str, Any]:
    """No traceback, one of the exit codes, and with JSON an error with a code.

    Returns that code.
    """
    what = f"{' '.join(words)}: {done.exit_code} {done.exception!r}\n{done.output}"
    assert isinstance(done.exception, (SystemExit, type(None))), what
    assert "Traceback" not in done.output, what
    assert "unforeseen" not in done.output, what
    assert not codes or done.exit_code in codes, what
    for line in reversed(done.stderr.splitlines()):
        if line.startswith('{"error"'):
            return dict(json.loads(line)["error"])
    return {}
