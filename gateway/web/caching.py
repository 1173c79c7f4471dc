"""How long an answer may be kept by who asked for it."""

from __future__ import annotations

#: Of an answer that never changes: its address names its version or its digest.
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
