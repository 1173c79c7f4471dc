"""Rows by which the cases of one organisation find each other (design rule 13)."""

from __future__ import annotations

from dataclasses import fields
from typing import Any
from uuid import UUID

import orjson

from casebus.cases import Case
from casebus.cases.figures import item_body
from casebus.law.figures import Figures
from storage.cases import ActRow, PunishedRow

_NAMES = tuple(one.name for one in fields(Figures))


def punished_rows(stream: UUID, case: Case) -> list[PunishedRow]:
    """Punishments that the case holds, one row an organisation."""
    rows = []
    for one in case.punished:
        columns: dict[str, Any] = {
            "uscc": one.uscc,
            "family": one.family,
            "offence": one.offence,
            "kind": one.kind,
            "decided_on": one.decided_on,
            "number": one.number,
            "source": one.event[0],
            "id": one.event[1],
        }
        key = _key(one.uscc, one.family, *one.event)
        # What is shown to change when others may know of it.
        view = orjson.dumps({**columns, **who_may_know(case)})
        rows.append(PunishedRow(stream=stream, key=key, view=view, **columns))
    return rows


def act_rows(stream: UUID, case: Case) -> list[ActRow]:
    """What the case says each of its organisations did."""
    rows = []
    for one in case.acts:
        columns: dict[str, Any] = {
            "uscc": one.uscc,
            "family": one.family,
            "agency": one.agency,
            "first_on": one.acts.first,
            "last_on": one.acts.last,
            "unpunished": one.unpunished,
            "asking": one.asking,
            "imported": one.imported,
            "source": one.event[0],
            "id": one.event[1],
        }
        items = [item_body(item) for item in one.items]
        figures = {**_known(one.figures), "offence": one.offence, "items": items}
        view = orjson.dumps({**columns, "figures": figures, **who_may_know(case)})
        key = _key(one.uscc, one.family)
        rows.append(ActRow(stream=stream, key=key, view=view, **columns))
    return rows


def who_may_know(case: Case) -> dict[str, Any]:
    """In each row by which cases find each other: a change of it lets them be asked anew."""
    return {"secret": bool(case.secrecy), "readers": case.readers}


def _key(*words: str) -> str:
    return orjson.dumps(words).decode()


def _known(figures: Figures) -> dict[str, int | bool]:
    return {name: value for name in _NAMES if (value := getattr(figures, name))}
