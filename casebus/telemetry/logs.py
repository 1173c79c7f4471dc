"""Structured logs without personal data: one JSON object on each line.

Only the fields of `ALLOWED` leave the process, whatever a caller puts in `extra`. A field that is
not on the list is dropped, not masked. An exception is logged by its type, its stable code and its
frames, never by its text: texts of foreign exceptions quote the values that caused them.
"""

from __future__ import annotations

import logging
import sys
import traceback
from typing import TYPE_CHECKING, Any, TextIO

from pythonjsonlogger.orjson import OrjsonFormatter

from casebus.telemetry.spans import trace_id

if TYPE_CHECKING:
    from types import TracebackType

#: Identifiers, codes and counts; nothing that a person wrote.
ALLOWED = frozenset(
    {
        *("agency", "case_id", "event_id", "event_type", "source", "trace_id"),
        *("code", "reason", "status", "attempt", "count", "lag", "seconds", "signal"),
        *("topic", "partition", "offset", "epoch", "index", "group"),
        *("service", "worker", "pid", "port", "method", "route"),
    }
)
_FRAME = frozenset({"time", "level", "logger", "message", "service", "exc_info"})
_TOLD = _FRAME | ALLOWED


class JsonLines(OrjsonFormatter):
    """Formats a record as one line of JSON, with the allowed fields only."""

    def __init__(self, service: str) -> None:
        super().__init__(
            ["levelname", "name", "message"],
            rename_fields={"levelname": "level", "name": "logger"},
            static_fields={"service": service},
            timestamp="time",
        )

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        line = {name: log_data[name] for name in log_data if name in _TOLD}
        if (running := trace_id()) is not None:
            line.setdefault("trace_id", running)
        return line

    def formatException(  # noqa: N802 - the standard library's name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        return told(ei[1]) if ei[1] is not None else ""


def told(error: BaseException) -> str:
    """The loggable parts of an error: type, stable code if it has one, frames; not its text."""
    code = getattr(error, "code", None)
    name = type(error).__qualname__ + (f"[{code}]" if isinstance(code, str) else "")
    frames = traceback.extract_tb(error.__traceback__)
    where = [f"{f.filename.rsplit('/', 1)[-1]}:{f.lineno} {f.name}" for f in reversed(frames)]
    return " < ".join([name, *where])


def setup(service: str, *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Make the root logger write JSON lines to `stream` (standard error where none is given)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Clients are chatty at INFO, and their lines name hosts and topics over and over.
    for chatty in ("aiokafka", "kafka", "httpx", "httpcore", "asyncio", "uvicorn.access"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
