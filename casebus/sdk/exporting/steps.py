"""The steps of cases as a log has them, read from the gateway case by case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casebus.events.legaltime import LegalTime
from casebus.sdk.gateway import JSON, Gateway

#: What proves a hand-over is no step of the case.
_DELIVERY = "casebus.intake."


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a case; `at` is the moment that its legal time begins, aware."""

    name: str
    at: datetime
    item: JSON

    @property
    def author(self) -> str:
        return str(self.item["source"]).partition("/")[0]

    @property
    def data(self) -> dict[str, Any]:
        return dict(self.item.get("data") or {})


def cases_of(gateway: Gateway) -> Iterator[tuple[JSON, list[Step]]]:
    """Each case of the caller's once, with its steps in fold order."""
    seen: set[str] = set()
    for case in gateway.cases():
        # The list is by last change: what changes meanwhile may come again.
        if case["id"] not in seen:
            seen.add(case["id"])
            yield case, list(_steps(gateway.history(case["id"])))


def attributes(step: Step) -> Iterator[tuple[str, str | bool]]:
    """What both formats say of an event, by our own names."""
    item = step.item
    yield "casebus.type", item["type"]
    yield "casebus.source", item["source"]
    yield "casebus.id", item["id"]
    yield "casebus.legal_time", item["legal_time"]
    yield "casebus.recorded_at", item["recorded_at"]
    yield "casebus.recipients", " ".join(item.get("recipients") or ())
    yield "casebus.folded", bool(item.get("folded"))
    yield "casebus.findings", " ".join(sorted({one["kind"] for one in item.get("findings") or ()}))
    offence = step.data.get("offence")
    if isinstance(offence, str) and offence:
        yield "casebus.offence", offence


def _steps(history: list[JSON]) -> Iterator[Step]:
    for item in history:
        if not item["type"].startswith(_DELIVERY):
            name = item["type"].removeprefix("casebus.").rpartition(".v")[0] or item["type"]
            yield Step(name, LegalTime.parse(item["legal_time"]).moment(), item)
