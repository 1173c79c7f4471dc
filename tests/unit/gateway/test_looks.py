"""Which cases a request looked at is noted by what it was told, not by what its route is called."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

from gateway.access.audit import AccessLog
from gateway.access.looks import Looking
from storage.handles import Pool, PoolHandle
from tests.world import NOW

ROOM = Path(__file__).parents[3] / "gateway"
HERE, THERE = uuid4(), uuid4()


class Rows:
    """What a pool would answer."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self._rows = rows

    async def fetch(self, *_: Any, **__: Any) -> list[Any]:
        return list(self._rows)

    async def fetchrow(self, *_: Any, **__: Any) -> Any:
        return self._rows[0]


def looking_at(rows: Rows) -> Looking:
    return Looking(cast("PoolHandle", rows))


async def test_a_row_that_names_a_case_is_a_look_at_it() -> None:
    looking = looking_at(Rows({"stream": HERE}, {"stream": THERE}, {"count": 1}))
    await looking.fetch("select")
    assert looking.streams == {HERE, THERE}


async def test_a_row_that_only_says_that_there_is_more_is_no_look() -> None:
    looking = looking_at(Rows({"stream": HERE}, {"stream": THERE}))
    rows = await looking.fetch("select")
    looking.keep_back(rows[1:])
    assert looking.streams == {HERE}


async def test_a_list_has_a_row_for_each_case_in_it() -> None:
    looking = looking_at(Rows({"stream": HERE}, {"stream": THERE}))
    await looking.fetch("select")
    assert rows_of({}, looking) == {HERE, THERE}
    assert rows_of({}, looking_at(Rows())) == set()
    assert rows_of({"source": "a", "event_id": "1"}, looking_at(Rows())) == {None}
    asked = {"case": str(THERE)}
    assert rows_of(asked, looking_at(Rows())) == {THERE}


def rows_of(given: dict[str, str], looking: Looking) -> set[UUID | None]:
    async def database() -> Pool:
        raise NotImplementedError

    state = SimpleNamespace(agency="cn-330106-psb", looking=looking)
    request: Any = SimpleNamespace(state=state, path_params=given, method="GET")
    log = AccessLog(database, lambda: NOW)
    return {row.stream for row in log._rows(request, "/v1/cases", 200)}


def test_what_an_event_says_leaves_by_one_way_only() -> None:
    readers = {
        path.name
        for path in ROOM.rglob("*.py")
        if re.search(r"reads\.bodies\(|schemas\.decode\(", path.read_text(encoding="utf-8"))
    }
    # The second reads what its own caller hands in, the third what never came to be said.
    assert readers == {"bodies.py", "submission.py", "rejects.py"}
