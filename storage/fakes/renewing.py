"""The rows of a case and the statements about it, for deriving it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from storage.fakes.tables import Line, Tables, answers, lines


@answers("cases", "shown_cases")
def shown_cases(db: Tables, streams: Sequence[UUID]) -> list[Line]:
    return db.among("derived.case_state", "stream", streams)


@answers("cases", "shown_clocks")
def shown_clocks(db: Tables, streams: Sequence[UUID], as_of: datetime) -> Iterator[Line]:
    for row in db.among("derived.clock", "stream", streams):
        moments = [row[name] for name in ("breach_after", "lapse_after") if row[name] is not None]
        is_due = bool(moments) and min(moments) <= as_of
        yield row | {"pending": is_due and not row["historic"]}


@answers("cases", "shown_findings")
def shown_findings(db: Tables, streams: Sequence[UUID]) -> list[Line]:
    return db.among("derived.finding", "stream", streams)


@answers("cases", "shown_regions")
def shown_regions(db: Tables, streams: Sequence[UUID]) -> list[Line]:
    return db.among("derived.side_region", "stream", streams)


@answers("cases", "shown_verdicts")
def shown_verdicts(db: Tables, streams: Sequence[UUID]) -> Iterator[Line]:
    for row in db.among("derived.case_state", "stream", streams):
        for one in row["view"].get("assessments", ()):
            said = {name: one.get(name) for name in ("verdict", "offence", "tier")}
            yield {"stream": row["stream"], "event_id": one["event"]["id"], **said}


@answers("cases", "said")
def said(db: Tables, streams: Sequence[UUID]) -> Iterator[Line]:
    for row in db.among("own.outbox", "aggregateid", streams):
        if row["source"].startswith("bus"):
            yield {"stream": row["aggregateid"], "event_id": row["event_id"]}


@answers("cases", "renewing")
def on_their_way(db: Tables, *events: Sequence[Any]) -> Iterator[Line]:
    for one in lines("aggregateid event_id", *events):
        for row in db.where("own.outbox", source="bus", **one):
            yield {"stream": row["aggregateid"], "value": row["value"], "headers": row["headers"]}
