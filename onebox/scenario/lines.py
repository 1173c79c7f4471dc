"""A storyline: who does what, when, by which way, after which step. JSON Lines."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

#: cli: `casebus publish`, or `casebus work` where the step answers a work item.
#: gateway: `POST /v1/events`. action: the work item's action over HTTP.
#: bus: nobody acts; the bus itself is to say this.
Channel = Literal["cli", "gateway", "action", "bus"]


@dataclass(frozen=True, slots=True)
class Step:
    """One line. `at` is the scenario's moment of sending, aware."""

    label: str
    at: datetime
    author: str
    type: str
    to: tuple[str, ...]
    #: A date or an RFC 3339 date-time; empty for what the bus says.
    legal: str
    #: Labels of earlier steps of the same case.
    causes: tuple[str, ...]
    channel: Channel
    #: The kind of work item that the step answers, and the officer's word for it.
    duty: str
    action: str
    data: dict[str, Any]

    @property
    def ce_type(self) -> str:
        return f"casebus.{self.type}.v1"


def read(path: Path) -> list[Step]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_step(json.loads(line)) for line in lines if line]


def _step(row: dict[str, Any]) -> Step:
    return Step(
        label=row["label"],
        at=datetime.fromisoformat(row["at"]),
        author=row["from"],
        type=row["type"],
        to=tuple(row["to"]),
        legal=row["legaltime"] or "",
        causes=tuple(row["causation"]),
        channel=row["channel"],
        duty=row.get("duty", ""),
        action=row.get("action", ""),
        data=row["data"],
    )
