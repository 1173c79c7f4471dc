"""A visitor's search: the box and the fields taken together, and its cases by the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import Request
from pydantic import ValidationError

from casebus.events.limits import LONGEST_NUMBER
from casebus.trust.directory import Agency
from gateway.access.looks import Looking
from gateway.api import histories, searching
from gateway.api.searching import CasePage, Filters, SearchedCase
from gateway.console.search.box import Guess, guesses, named, uuid_of
from gateway.console.search.conditions import Conditions
from gateway.console.signin.visitor import Visitor
from gateway.problems import RefusedError
from gateway.runtime.context import Gateway
from gateway.web import paging
from storage import reads
from storage.searching import Sort

#: The most cases in a file.
MOST_ROWS = 5000
_FEW_AGENCIES = 8
_NOTHING = Guess("", {})


@dataclass(slots=True)
class SearchQuery:
    """The question of a visitor."""

    request: Request
    visitor: Visitor
    gateway: Gateway
    database: Looking
    sort: Sort
    typed: str = ""
    #: The kind of the text in the box; empty if nothing was typed.
    guess: Guess = _NOTHING
    #: The address of the only case or event, if nothing else was asked.
    place: str = ""
    #: Agencies that may be meant.
    maybe: list[Agency] = field(default_factory=list)
    conditions: Conditions = field(default_factory=lambda: Conditions({}, {}))

    async def read(self, typed: Mapping[str, str]) -> SearchQuery:
        known = self.gateway.directory().agencies.values()
        self.conditions = Conditions.read(typed, known)
        self.typed = typed["text"].strip()[:LONGEST_NUMBER]
        if not self.typed:
            return self
        case = uuid_of(self.typed)
        database = await self.gateway.database()
        if case and await reads.case(database, self.visitor.reader, case):
            self.place = f"/console/cases/{case}"
            return self
        self.guess = await self._guess(known)
        if self.guess.kind == "title":
            self.maybe = named(self.typed, known)[:_FEW_AGENCIES]
        return self

    async def found(self, *, cursor: str | None = None, limit: int, count: bool) -> CasePage | None:
        """None if a field is wrong, which `conditions` says."""
        filters = self.conditions.filters(self.guess.condition)
        if filters is None:
            return None
        try:
            return await self._cases(filters, cursor=cursor, limit=limit, count=count)
        except RefusedError as error:
            self.conditions.refused(error)
            return None

    async def all(self) -> tuple[list[SearchedCase], int]:
        """As many as a file may have, and the number of all."""
        items: list[SearchedCase] = []
        total, cursor = 0, None
        while (
            found := await self.found(cursor=cursor, limit=paging.MOST, count=not items)
        ) is not None:
            items += found.items
            total, cursor = found.total or total, found.next
            if cursor is None or len(items) >= MOST_ROWS:
                break
        return items[:MOST_ROWS], total

    async def _guess(self, known: Any) -> Guess:
        for one in guesses(self.typed, known):
            if one.certain:
                return one
            found = await self._found_by(one)
            if len(found) == 1 and one.kind in {"event", "trace"} and not self.conditions.given:
                self.place = await self._place(one, found[0].id)
            if found:
                return one
        raise AssertionError("the last guess is certain")

    async def _found_by(self, guess: Guess) -> list[SearchedCase]:
        try:
            filters = Filters(**guess.condition)
            return (await self._cases(filters, cursor=None, limit=2, count=False)).items
        except (RefusedError, ValidationError):
            return []

    async def _place(self, guess: Guess, case: str) -> str:
        """The case, or the very event if its history names it."""
        place = f"/console/cases/{case}"
        if guess.kind != "event":
            return place
        history = await histories.history(
            case=case,
            agency=self.visitor.reader,
            gateway=self.gateway,
            database=self.database,
            limit=paging.MOST,
        )
        event = guess.condition["event"]
        return next(
            (event_place(case, one.source, one.id) for one in history.items if one.id == event),
            place,
        )

    async def _cases(self, filters: Filters, **more: Any) -> CasePage:
        return await searching.cases(
            agency=self.visitor.reader,
            gateway=self.gateway,
            database=self.database,
            filters=filters,
            sort=self.sort,
            **more,
        )


def event_place(case: str, source: str, event: str) -> str:
    return f"/console/cases/{case}/events/{quote(source, safe='')}/{quote(event, safe='')}"
