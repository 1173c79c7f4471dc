"""The streams of a command: closed ones, full ones, and ones that nobody reads any more.

Answers go to standard output: if it cannot be written, the command fails. Remarks go to standard
error: if it cannot be written, they are dropped and the work goes on.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, BinaryIO, cast

from casebus.cli.ends import DONE, REFUSED, UNREAD
from casebus.errors import CasebusError

_INPUT, _OUTPUT, _ERRORS = range(3)


class _Printed(io.FileIO):
    """Descriptor 1. It remembers a failed write, even if the writer ignored it."""

    refused: OSError | None = None

    def write(self, given: Any, /) -> int:
        try:
            return super().write(given)
        except OSError as error:
            self.refused = error
            raise


class _Remarks(io.FileIO):
    """Descriptor 2, which never stops the work."""

    def write(self, given: Any, /) -> int:
        try:
            return super().write(given)
        except OSError:
            return memoryview(given).nbytes


class UnwrittenError(Exception):
    """The output of a command could not be written."""


def hold() -> None:
    """Take over the process's streams, before anything is opened.

    A closed descriptor is occupied. Otherwise the next opened file would get its number, and
    printed text would go into that file. A closed input is empty; a closed output refuses writes.
    """
    for number, flags in ((_INPUT, os.O_RDONLY), (_OUTPUT, os.O_RDONLY), (_ERRORS, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, flags)
    if sys.stdin is None:
        sys.stdin = open(_INPUT, encoding="utf-8", closefd=False)  # noqa: SIM115 - it ends with us
    sys.stdout = _text(_Printed(_OUTPUT, "w", closefd=False), sys.stdout)
    sys.stderr = _text(_Remarks(_ERRORS, "w", closefd=False), sys.stderr)


def refused() -> OSError | None:
    """The reason why the printed text is not written; None if it is, as far as is known."""
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw.refused if isinstance(raw, _Printed) else None


def ended(run: Callable[[], object]) -> int:
    """The code of a command after everything that it printed is written."""
    code: object = DONE
    try:
        run()
    except SystemExit as end:
        code = end.code
    except UnwrittenError:
        code = REFUSED
    with suppress(OSError):
        sys.stdout.flush()
    if (error := refused()) is not None:
        return _unwritten(error)
    return code if isinstance(code, int) else DONE if code is None else REFUSED


def _unwritten(error: OSError) -> int:
    # The unwritten rest is not tried again at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _OUTPUT)
    if isinstance(error, BrokenPipeError):
        return UNREAD
    why = (error.strerror or "the system refused it").lower()
    told = CasebusError("output_not_written", f"standard output: {why}")
    sys.stderr.write(f"{told}\n")
    return REFUSED


def _text(raw: io.FileIO, before: Any) -> io.TextIOWrapper:
    """A text stream like Python's own (PYTHONUNBUFFERED); UTF-8 if Python had none."""
    unbuffered = getattr(before, "write_through", False)
    return io.TextIOWrapper(
        cast("BinaryIO", raw) if unbuffered else io.BufferedWriter(raw),
        getattr(before, "encoding", "utf-8"),
        errors="backslashreplace",
        line_buffering=getattr(before, "line_buffering", True),
        write_through=unbuffered,
    )
