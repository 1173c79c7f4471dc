"""Structured logs without personal data: one JSON object a line.

Only the fields of `ALLOWED` leave the process, whatever a caller puts in `extra`; a field that
is not on the list is dropped, not masked. An exception is told by its type, its stable code and
the frames it passed, never by its text: texts of foreign exceptions quote the values they
stumbled over.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from casebus.telemetry.spans import trace_id

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Identifiers, codes and counts; nothing that a person wrote.
ALLOWED = frozenset(
    {
        "agency",
        "attempt",
        "case_id",
        "code",
        "count",
        "epoch",
        "event_id",
        "event_type",
        "group",
        "index",
        "lag",
        "method",
        "offset",
        "partition",
        "pid",
        "port",
        "route",
        "seconds",
        "service",
        "source",
        "status",
        "topic",
        "trace_id",
        "worker",
    }
)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON, with the allowed fields only."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "service": self.service,
            **allowed(vars(record)),
        }
        if (running := trace_id()) is not None:
            line.setdefault("trace_id", running)
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = told(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


def allowed(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: fields[name] for name in sorted(ALLOWED & fields.keys())}


def told(error: BaseException) -> dict[str, object]:
    """What may be said of an error: type, stable code if it has one, frames; not its text."""
    frames = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    answer: dict[str, object] = {"type": type(error).__qualname__, "frames": frames}
    if isinstance(code := getattr(error, "code", None), str):
        answer["code"] = code
    return answer


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
