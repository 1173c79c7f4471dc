"""Trace ids as people pass them on: alone, or inside a `traceparent` (W3C)."""

from __future__ import annotations

import re

_ALONE = re.compile(r"[0-9a-f]{32}")
_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def trace_id(text: str) -> str | None:
    """The trace id in lower case; None for a text that is none."""
    plain = text.strip().lower()
    parent = _PARENT.fullmatch(plain)
    found = parent[1] if parent else plain
    return found if _ALONE.fullmatch(found) and set(found) != {"0"} else None
