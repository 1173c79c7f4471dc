"""A row's type says what PostgreSQL gives: its columns by their names, each of its type."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest

from onebox.testing import Stack
from storage import (
    access,
    glass,
    heads,
    law,
    matching,
    operating,
    overseeing,
    penalties,
    proofs,
    reads,
    redriving,
    rejects,
    resaying,
    scheduling,
    searching,
    sending,
    statistics,
    work,
)
from storage.handles import Connection
from tests.integration.casework import casework_on

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

STORAGE = Path(__file__).parents[2] / "storage"
#: By query: what each of its rows is made into.
SHAPES: dict[Any, dict[str, type]] = {
    access: {"accesses": access.NotedLook, "readers": access.FirstLook},
    glass: {"grants": glass.CaseGrant},
    heads: {"records": heads.LoggedRecord},
    law: {"kept": law.KeptBundle, "adoptions": law.JournaledAdoption},
    matching: {"shown_to": matching.MatchedCase},
    operating: {
        "places": operating.ServicePlace,
        "flow": operating.AgencyFlow,
        "last_read": operating.LastRead,
        "unread": operating.UnreadCount,
        "standing": operating.CaseStanding,
        "steps": operating.RecordedStep,
        "came": operating.HandOverTime,
        "owed": operating.OpenDuty,
        "unsent": operating.UnsentEvent,
        "refusals": operating.RefusedEvent,
    },
    overseeing: {"owed": overseeing.OwedCounts, "breached": overseeing.BreachCounts},
    penalties: {"alike": penalties.AlikeItem, "offices": penalties.OfficeQuestions},
    proofs: {"heads": proofs.HeadProgress, "versions": proofs.SchemaUse},
    reads: {
        "numbers": reads.GivenNumber,
        "unverified": reads.UnverifiedGroup,
        "repeated_numbers": reads.RepeatedSequence,
    },
    redriving: {
        "redrives": redriving.KeptRedrive,
        "redriven": redriving.RedrivenRecord,
        "of_record": redriving.SentAgain,
    },
    rejects: {
        "listed": rejects.RejectedListing,
        "grouped": rejects.RejectGroup,
        "suspended": rejects.SuspendedCase,
        "left_out": rejects.LeftOutAuthor,
        "figures": rejects.RejectCounts,
    },
    resaying: {"rejected_for_key": resaying.RejectedForKey},
    scheduling: {"tellable_finding": scheduling.TellableFinding},
    sending: {"waiting": sending.WaitingCount, "unsent_since": sending.OverdueRecord},
    statistics: {"home": statistics.AgencySeat},
    work: {"count": work.ItemCounts},
}
#: Its query is put together for each question.
_ELSEWHERE = {searching.ValueCount.__name__}
#: Type of a column -> of Python; jsonb holds what it holds.
_TYPES: dict[str, type] = {
    "bool": bool,
    "bytea": bytes,
    "float8": float,
    "int4": int,
    "int8": int,
    "interval": timedelta,
    "numeric": Decimal,
    "text": str,
    "text[]": list,
    "timestamptz": datetime,
    "uuid": UUID,
}


def made_of_rows() -> Iterable[str]:
    """The names of what storage makes of a whole row by the names of its columns."""
    for path in STORAGE.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        yield from re.findall(r"\b([A-Z]\w+)\(\s*\*\*(?:row|one|sole)\b", text)


def test_whatever_is_made_of_a_row_is_compared() -> None:
    compared = {shape.__name__ for shapes in SHAPES.values() for shape in shapes.values()}
    assert {*made_of_rows()} - _ELSEWHERE == compared


async def test_each_row_has_the_columns_and_the_types_that_its_shape_names(brokers: Stack) -> None:
    wrong: dict[str, list[str]] = {}
    async with casework_on(brokers) as casework, casework.pool.acquire() as connection:
        for module, shapes in SHAPES.items():
            for query, shape in shapes.items():
                found = await _differences(connection, module._SQL[query], shape)
                wrong |= {f"{module.__name__}.{query}": found} if found else {}
    assert wrong == {}


async def _differences(connection: Connection, query: str, shape: type) -> list[str]:
    said = get_type_hints(shape)
    columns = {
        one.name: one.type.name for one in (await connection.prepare(query)).get_attributes()
    }
    found = [f"{name} is not in both" for name in said.keys() ^ columns.keys()]
    for name in said.keys() & columns.keys():
        kind = columns[name]
        if kind != "jsonb" and _TYPES[kind] is not _plain(said[name]):
            found.append(f"{name} is {kind}, not {said[name]}")
    return found


def _plain(said: Any) -> type:
    """Without None, and without what a list holds."""
    if isinstance(said, UnionType):
        [said] = [one for one in get_args(said) if one is not NoneType]
    origin = get_origin(said) or said
    return list if origin.__name__ == "Sequence" else origin
