"""By what a case is found: rows of its events, whatever its fold makes of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.casework import folding
from storage.fakes import MemoryDatabase
from tests.integration.casework import Casework

AMR, COURT = "cn-330106-amr", "cn-330106-court"
MARK = {"kind": "TRADEMARK", "number": "12345678", "title": "翠屿"}


async def says(casework: Casework, stream: str, agency: str, *numbers: str, **more: Any) -> str:
    """An event that gives these numbers; its id."""
    given = {"numbers": [{"kind": "letter_no", "value": one} for one in numbers], **more}
    event_id = str(uuid4())
    name = "administrative_case.filed" if agency == AMR else "case.noted"
    about: dict[str, Any] = {"stream": stream, "legal": "2026-03-05", "id": event_id}
    await casework(casework.world.event(name, agency, data=given, **about))
    return event_id


async def recalls(casework: Casework, stream: str, event_id: str) -> None:
    data = {"recalled_source": AMR, "recalled_id": event_id, "reasons": "误发"}
    about: dict[str, Any] = {"stream": stream, "legal": "2026-03-06"}
    await casework(casework.world.event("case.recalled", AMR, data=data, **about))


def found(database: MemoryDatabase, stream: str) -> set[tuple[str, str]]:
    rows = database.tables.where("derived.number", stream=UUID(stream))
    return {(row["value"], row["agency"]) for row in rows}


async def test_a_number_that_a_stranger_gives_finds_the_case_in_which_it_has_no_part(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    await says(casework, stream, AMR, "1")
    await says(casework, stream, COURT, "2")
    assert found(database, stream) == {("1", AMR), ("2", COURT)}
    parties = database.tables.where("derived.party", stream=UUID(stream))
    assert COURT not in {row["agency"] for row in parties}


async def test_a_case_that_no_fold_can_read_is_found_by_its_numbers_and_traits(
    casework: Casework, database: MemoryDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(folding, "fold", failing)
    stream = str(uuid4())
    await says(casework, stream, AMR, "1", rights=[MARK])
    [case] = database.tables.where("derived.case_state", stream=UUID(stream))
    assert case["suspended"] == "ZeroDivisionError"
    assert found(database, stream) == {("1", AMR)}
    traits = database.tables.where("derived.trait", stream=UUID(stream))
    assert ("rights", "12345678") in {(row["kind"], row["value"]) for row in traits}


async def test_a_recall_takes_the_numbers_away_that_no_other_event_gives(
    casework: Casework, database: MemoryDatabase
) -> None:
    stream = str(uuid4())
    await says(casework, stream, AMR, "1", "2")
    recalled = await says(casework, stream, AMR, "2", "3")
    assert found(database, stream) == {("1", AMR), ("2", AMR), ("3", AMR)}
    await recalls(casework, stream, recalled)
    assert found(database, stream) == {("1", AMR), ("2", AMR)}
