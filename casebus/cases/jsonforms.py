"""JSON forms of the common values of a case: identities and moments."""

from __future__ import annotations

from datetime import datetime

from casebus.cases.event import Identity


def identity(one: Identity | None) -> dict[str, str] | None:
    return None if one is None else {"source": one[0], "id": one[1]}


def identity_from(view: dict[str, str] | None) -> Identity | None:
    return None if view is None else (view["source"], view["id"])


def moment(one: datetime | None) -> str | None:
    return None if one is None else one.isoformat()


def moment_from(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
