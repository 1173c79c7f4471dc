"""The steps of cases for a log, read from the gateway case by case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA, LegalTime
from casebus.events.types import CASE_NOTED, PROCEEDING_STEP_RECORDED, all_of, event_name
from casebus.sdk.gateway import JSON, Gateway

#: What proves a hand-over is no step of the case.
_DELIVERY = all_of("intake")
#: What the log of another system became, one by one, under the name that it has there.
_STEP = PROCEEDING_STEP_RECORDED
#: What an import says for itself: whose case it is. No log has it, and none gets it back.
_NOTED, _OF_IMPORT = CASE_NOTED, "import"
#: Of an event of a secret case a stranger is told its month: `2026-03`.
_MONTH = "%Y-%m"
_ALL = "*"


@dataclass(frozen=True, slots=True)
class LoggedStep:
    """One event of a case; `at` is the moment at which its legal time begins, aware."""

    name: str
    at: datetime
    item: JSON

    @property
    def author(self) -> str:
        """The agency; empty if the reader may not know it."""
        return str(self.item.get("source") or "").partition("/")[0]

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.item.get("data") or {})

    @property
    def resource(self) -> str:
        """The actor as another system's log named it, or the agency."""
        return _said(self.item, "resource") or self.author

    @property
    def transition(self) -> str:
        """The phase of its activity, if a log gave one; otherwise `complete`."""
        raw = self.data.get("raw")
        said = raw.get("lifecycle:transition") if isinstance(raw, dict) else None
        return str(said) if said else "complete"


def cases_of(gateway: Gateway) -> Iterator[tuple[JSON, list[LoggedStep]]]:
    """Each of the caller's cases once, with its steps in fold order."""
    seen: set[str] = set()
    for case in gateway.cases():
        # The list is ordered by last change, so a case that changes meanwhile may come again.
        if case["id"] not in seen:
            seen.add(case["id"])
            yield case, list(_steps(gateway.history(case["id"])))


def attributes(step: LoggedStep) -> Iterator[tuple[str, str | bool]]:
    """The attributes of an event in both formats, by our own names."""
    item = step.item
    yield "casebus.type", item["type"]
    yield "casebus.source", str(item.get("source") or "")
    yield "casebus.id", item["id"]
    yield "casebus.legal_time", str(item.get("legal_time") or "")
    yield "casebus.recorded_at", str(item.get("recorded_at") or _FIRST)
    yield "casebus.withheld", _ALL in (item.get("withheld") or ())
    yield "casebus.recipients", " ".join(item.get("recipients") or ())
    yield "casebus.folded", bool(item.get("folded"))
    yield "casebus.findings", " ".join(sorted({one["kind"] for one in item.get("findings") or ()}))
    offence = step.data.get("offence")
    if isinstance(offence, str) and offence:
        yield "casebus.offence", offence


def _steps(history: list[JSON]) -> Iterator[LoggedStep]:
    for item in history:
        if not item["type"].startswith(_DELIVERY) and not _is_word_of_import(item):
            yield LoggedStep(_said(item, "step") or event_name(item["type"]), _begins(item), item)


def _said(item: JSON, name: str) -> str:
    """A field from a step of another system; other event types have no such fields."""
    if item["type"] != _STEP:
        return ""
    return str((item.get("data") or {}).get(name) or "")


def _is_word_of_import(item: JSON) -> bool:
    data = item.get("data") or {}
    return item["type"] == _NOTED and data.get("topic") == _OF_IMPORT and bool(data.get("numbers"))


def _begins(item: JSON) -> datetime:
    """The earliest moment of the event; for a month, its first moment."""
    text = str(item.get("legal_time") or _FIRST)
    try:
        return LegalTime.parse(text).moment()
    except ValueError:
        pass
    try:
        return datetime.strptime(text, _MONTH).replace(tzinfo=CHINA)
    except ValueError:
        raise CasebusError("gateway_failed", f"it tells a time that is none: {text[:40]}") from None


#: Used if the reader gets no time at all.
_FIRST = "1970-01-01T00:00:00+00:00"
