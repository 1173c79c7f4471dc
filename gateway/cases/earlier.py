"""A case as the bus knew it at an earlier moment: folded again from the records of that time.

The journal keeps everything, and the fold is pure. So the state of any past day can be derived
again, under the present law of the case. The caller decides who may see what.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from casebus.cases import Case, CaseEvent, Clock, Identity, fold
from casebus.cases.dating import dated
from casebus.cases.facets import TitlesFacet
from casebus.cases.facets.recalls.words import recalled_by
from casebus.cases.room import LIMITS
from casebus.errors import CasebusError
from casebus.events.stamps import Stamps
from casebus.events.types import CASE_RECALLED, any_version
from casebus.evidence.lines import JournalLine, Place
from casebus.evidence.refolding import FoldTools, events_of
from casebus.law import Law, bundle
from casebus.rows import RowLike
from gateway.runtime.context import Gateway
from storage import bundling
from storage.handles import sole
from storage.packing import unpack_headers

_RECALL = any_version(CASE_RECALLED)


@dataclass(frozen=True, slots=True)
class EarlierState:
    """The state that the tables would have shown at this moment."""

    at: datetime
    #: Like a row of `derived.case_state`.
    row: Mapping[str, Any]
    clocks: Sequence[Mapping[str, Any]]
    titles: Sequence[Mapping[str, Any]]


async def known_on(gateway: Gateway, stream: UUID, at: datetime) -> EarlierState:
    """Raises CasebusError `not_known_then` before anything of it was recorded."""
    kept = await bundling.kept(await gateway.database(), stream)
    if kept.state is None or kept.state["bundle"] is None:
        raise CasebusError("not_known_then", "no law of this case is kept")
    return await asyncio.to_thread(_folded, gateway, kept, at)


def _folded(gateway: Gateway, kept: bundling.Kept, at: datetime) -> EarlierState:
    state = sole(kept.state)
    lines = [line for line in map(_line, kept.records) if _recorded(line) <= at]
    if not lines:
        raise CasebusError("not_known_then", "nothing of this case was recorded by then")
    limits = (gateway.settings.policies_dir / LIMITS).read_text(encoding="utf-8")
    reading = FoldTools(gateway.schemas, limits)
    law = Law(bundle.unpack(state["bundle"]))
    events = {one.identity: one for one in events_of(lines, gateway.schemas, reading)}
    # Events taken back since then are never shown, whatever was known at that time.
    since = [_line(row) for row in kept.records if row["type"].startswith(_RECALL)]
    recalls = events_of(since, gateway.schemas, reading)
    events |= {one.identity: one for one in recalls if recalled_by(one.data) in events}
    case = fold(events.values(), law)
    row = {
        "stream": state["stream"],
        "law": law.digest,
        "opened_at": _opened_at(case, events),
        "updated_at": max(map(_recorded, lines)),
        **_state(case),
    }
    return EarlierState(at, row, _clocks(case), _titles(case))


def _recorded(line: JournalLine) -> datetime:
    return Stamps.of(line.headers).admitted_at


def _opened_at(case: Case, events: Mapping[Identity, CaseEvent]) -> datetime | None:
    """In the tables' form; None while nothing has opened the stream."""
    if not case.procedure:
        return None
    return dated(events[case.order[0]]).legal.moment().astimezone(UTC)


def _line(row: RowLike) -> JournalLine:
    place = Place(row["epoch"], row["partition"], row["log_index"])
    return JournalLine(place, unpack_headers(row["headers"]), row["value"])


def _state(case: Case) -> dict[str, Any]:
    return {
        "procedure": case.procedure,
        "status": case.status,
        "opener": case.opener,
        "version": 0,
        "digest": case.digest(),
        "suspended": None,
        "view": case.to_json(),
    }


def _clocks(case: Case) -> list[Mapping[str, Any]]:
    def shown(clock: Clock, view: Mapping[str, Any]) -> Mapping[str, Any]:
        over = {"breach_after": clock.breach_after, "lapse_after": clock.lapse_after}
        return {"status": clock.status, "view": view, **over}

    return [shown(*one) for one in zip(case.clocks, case.to_json()["clocks"], strict=True)]


def _titles(case: Case) -> list[Mapping[str, Any]]:
    return [
        {"agency": one.agency, "recipients": one.recipients, "title": one.text}
        for one in case.of(TitlesFacet)
    ]
