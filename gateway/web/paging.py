"""Cursors: opaque to callers, a small JSON value to us, read back strictly."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query

from casebus.errors import CasebusError

MOST = 500

Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items a page may hold.")]
Cursor = Annotated[
    str | None, Query(max_length=2048, description="`next` of the page before; none to begin.")
]


def encode(place: Any) -> str:
    raw = json.dumps(place, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(cursor: str) -> Any:
    """The place that a cursor encodes; raises CasebusError `malformed_cursor`."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        return json.loads(raw)
    except (binascii.Error, ValueError, RecursionError):
        raise malformed() from None


def moment(text: str) -> datetime:
    """A place in time; raises ValueError for anything else, and for one without its zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError("a moment without its zone")
    return found


def malformed() -> CasebusError:
    return CasebusError("malformed_cursor", "start again without a cursor")
