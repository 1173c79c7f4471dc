"""State secrets never enter the bus: a marked event is refused before it is sent. Pure.

Papers carry the mark as GB/T 9704 prints it (`机密★10年`). Data may carry it as a field's value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from casebus.errors import CasebusError
from casebus.rejections import Reason

_STAR = re.compile(r"(绝密|机密|(?<!商业)秘密)\s*[★☆]")
_WHOLE = frozenset({"国家秘密", "绝密", "机密", "秘密", "state_secret", "state secret"})


def secret_mark(text: str) -> bool:
    """True if a text is marked as a state secret: with the star, or as its whole content."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    return folded in _WHOLE or _STAR.search(folded) is not None


def refuse_state_secrets(data: Any) -> None:
    """Raise CasebusError `state_secret`, which names the field but nothing of its content."""
    for path, text in _texts(data, ""):
        if secret_mark(text):
            raise CasebusError(
                Reason.STATE_SECRET,
                f"{path or 'the value'} is marked as a state secret: hand it over off-line",
            )


def _texts(data: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _texts(value, f"{path}.{name}" if path else str(name))
    elif isinstance(data, (list, tuple)):
        for at, value in enumerate(data):
            yield from _texts(value, f"{path}.{at}" if path else str(at))
