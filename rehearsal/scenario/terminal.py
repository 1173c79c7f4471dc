"""Commands of `casebus`, run one by one in processes of their own, each a copy of a warm one.

Most of a command's time is its start. The copy has the modules loaded, and runs the command with
its own environment, input and output.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from casebus.cli.main import main

SECONDS = 120
#: The modules that the commands of a storyline load; some only if they need them.
_LOADED = (
    __name__,
    "httpcore",
    "kafka",
    "casebus.cli.publish",
    "casebus.cli.work",
    "casebus.cli.inbox",
    "casebus.cli.history",
    "casebus.cli.importing",
)
_INPUT, _OUTPUT, _ERRORS = "input", "output", "errors"


def warm() -> None:
    """Let the process to copy begin to load, while there is something else to wait for."""
    _copies()
    forkserver.ensure_running()


class Done(NamedTuple):
    code: int
    output: str
    errors: str


def run(words: Sequence[str], environment: Mapping[str, str], given: str = "") -> Done:
    """Run `casebus` with these words; raises TimeoutError if it does not end."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _INPUT).write_text(given, encoding="utf-8")
        process = _copies().Process(target=_become, args=(folder, words, dict(environment)))
        process.start()
        process.join(SECONDS)
        if process.exitcode is None:
            process.kill()
            raise TimeoutError(f"casebus {words[0]} did not end within {SECONDS} s")
        told = ((folder / one).read_text(encoding="utf-8") for one in (_OUTPUT, _ERRORS))
        return Done(process.exitcode, *told)


@cache
def _copies() -> ForkServerContext:
    """The process to copy has one thread, however many this one has."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED))
    return context


def _become(folder: Path, words: Sequence[str], environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    _redirect(0, folder / _INPUT, os.O_RDONLY)
    _redirect(1, folder / _OUTPUT, os.O_WRONLY | os.O_CREAT)
    _redirect(2, folder / _ERRORS, os.O_WRONLY | os.O_CREAT)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it ends with us
    sys.argv = ["casebus", *words]
    main()


def _redirect(number: int, path: Path, flags: int) -> None:
    opened = os.open(path, flags, 0o600)
    os.dup2(opened, number)
    os.close(opened)
