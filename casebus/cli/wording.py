"""The forms of event types and times on a terminal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from casebus.events.legaltime import in_china
from casebus.events.schemas import Schemas

_DATE = len("2026-03-02")
#: For a due date that the notice of a year's holidays may still move.
PROVISIONAL = "provisional 暂定"


class EventTitles:
    """Chinese titles of event types, as their schemas have them."""

    def __init__(self, schemas: Schemas) -> None:
        self._titles = {schema.ce_type: str(schema.body.get("title", "")) for schema in schemas}

    def of(self, ce_type: str) -> str:
        return self._titles.get(ce_type, "")


def local_time(text: Any) -> str:
    """A date as it is; a moment in China's time, to the minute, with its zone."""
    if not text or len(str(text)) <= _DATE:
        return str(text or "")
    return in_china(datetime.fromisoformat(str(text)))
