"""The streams of a command: one that is closed or full, and one that nobody reads any more.

What is asked for goes to standard output: that it cannot be written is no success. Remarks go to
standard error: where they cannot be written they are left out, and the work goes on.
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
    """Descriptor 1, which remembers that something was not taken, whoever passed over it."""

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
    """What a command prints was not taken."""


def hold() -> None:
    """Of this process, before anything is opened.

    A closed descriptor is taken: the next file that is opened would else get its number, and what
    is printed would go into it. A closed input is empty; a closed output refuses what is written.
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
    """Why what was printed is not written; None where it is, as far as is known."""
    buffer = getattr(sys.stdout, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    return raw.refused if isinstance(raw, _Printed) else None


def ended(run: Callable[[], object]) -> int:
    """The code of a command, once all that it printed is written."""
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
    # What is left of it is not tried again at the end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), _OUTPUT)
    if isinstance(error, BrokenPipeError):
        return UNREAD
    why = (error.strerror or "the system refused it").lower()
    told = CasebusError("output_not_written", f"standard output: {why}")
    sys.stderr.write(f"{told}\n")
    return REFUSED


def _text(raw: io.FileIO, before: Any) -> io.TextIOWrapper:
    """As Python's own was (PYTHONUNBUFFERED); UTF-8 where it had none."""
    unbuffered = getattr(before, "write_through", False)
    return io.TextIOWrapper(
        cast("BinaryIO", raw) if unbuffered else io.BufferedWriter(raw),
        getattr(before, "encoding", "utf-8"),
        errors="backslashreplace",
        line_buffering=getattr(before, "line_buffering", True),
        write_through=unbuffered,
    )
