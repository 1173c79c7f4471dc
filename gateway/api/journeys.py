"""在哪里: the places of a case or an event, who owes what in it, and why it is stuck.

For operators alone: topics, offsets, moments and agencies, but no content of a body. For a
restricted case it shows only that the case exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.hand_overs import DELIVERED, RETRIEVED
from casebus.events.partition import partition_for
from casebus.events.topics import JOURNAL
from casebus.events.types import REFERRAL_SENT
from gateway.access.looks import Looking
from gateway.identity.caller import Asker, only_operators
from gateway.monitoring import journeys
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import CASE, EVENT, LONGEST_NAME, SOURCE, Position, Shape
from storage import operating as stored
from storage import reads, stalling
from storage.operating import (
    CaseFound,
    CaseStanding,
    HandOverTime,
    RecordedStep,
    RefusedEvent,
    UnsentEvent,
)
from storage.rejects import RejectedPlace

router = APIRouter(route_class=ServedRoute, prefix="/v1/ops/where", tags=["operation"])
_MOST = 50


class EventStage(Shape):
    """`stored`, `sent`, `recorded`, `folded`, `routed`.

    For each recipient `delivered`, `opened`.
    """

    stage: str = Field(examples=["routed"])
    at: datetime
    agency: str | None = Field(examples=[SOURCE])
    waited_seconds: float | None = Field(description="Since the stage before it.")


class EventJourney(Shape):
    """An event and its way."""

    type: str = Field(examples=[REFERRAL_SENT])
    source: str = Field(examples=[SOURCE])
    id: str = Field(examples=[EVENT])
    recipients: list[str]
    topic: str = Field(examples=[JOURNAL])
    partition: int
    offset: int = Field(description="In Kafka, now; `position` is the one that never changes.")
    position: Position
    stages: list[EventStage]


class OwedDuty(Shape):
    agency: str = Field(examples=[SOURCE])
    duty: str = Field(examples=["decide_filing"])
    title: str
    due: datetime | None


class WaitingEvent(Shape):
    """Stored and signed, but not with the brokers."""

    shelf: str = Field(examples=["outbox"])
    topic: str
    source: str
    id: str
    since: datetime
    refused: str | None


class RejectedEvent(Shape):
    """Rejected under the name of the case, and not in the journal."""

    place: str = Field(examples=["2-17"])
    door: str
    source: str | None
    id: str | None
    reason: str = Field(examples=["unknown_key"])
    at: datetime


class HeldBy(Shape):
    """The first thing that holds it; `says` is the sentence."""

    code: str = Field(examples=["owed"])
    says: str
    since: datetime | None
    about: dict[str, Any]


class Journey(Shape):
    case: str = Field(examples=[CASE])
    event: str | None = Field(description="Where an event's id was asked for.")
    status: str | None = Field(examples=["sent"], description="None where nothing is recorded.")
    procedure: str | None
    restricted: bool
    partition: int
    stuck: HeldBy
    steps: list[EventJourney] = Field(description="The last fifty, the last first.")
    owed: list[OwedDuty]
    unsent: list[WaitingEvent]
    refusals: list[RejectedEvent]


Name = Annotated[str, Path(max_length=LONGEST_NAME, examples=[CASE])]


@router.get(
    "/{case}",
    responses=documented("unauthenticated", "operators_only", "not_found", "directory_unavailable"),
)
async def where(case: Name, asker: Asker, gateway: Context, database: Database) -> Journey:
    """The place of a case, by its id or by the id of one of its events."""
    only_operators(asker)
    sources = {*gateway.directory().agencies, BUS}
    found = await stored.find(database, case, sources)
    if found is None:
        raise CasebusError("not_found", "nothing here bears this id, or it is no id")
    database.look_at(found.stream)
    standing = await stored.standing(database, found.stream)
    partition = partition_for(str(found.stream).encode(), gateway.settings.installation_partitions)
    if standing is not None and standing.closed:
        return _restricted(found, await _facts(gateway, database, standing, partition))
    return await _journey(gateway, database, found, standing, partition)


async def _facts(
    gateway: Gateway, database: Looking, standing: CaseStanding | None, partition: int
) -> journeys.Facts:
    """Facts that hold up every case of the partition, and those that hold up this one inside."""
    waiting = [one for one in await stalling.stalled(database) if one.partition == partition]
    return journeys.Facts(
        partition=partition,
        now=gateway.now(),
        standing=standing,
        law=waiting[0].in_words() if waiting else "",
        places=[
            one
            for one in await stored.places(database)
            if (one.topic, one.partition) == (JOURNAL, partition)
        ],
        stalled=await _stalled(database),
    )


def _restricted(found: CaseFound, facts: journeys.Facts) -> Journey:
    stuck = journeys.why(facts)
    return Journey(
        case=str(found.stream),
        event=None,
        status="restricted",
        procedure=None,
        restricted=True,
        partition=facts.partition,
        stuck=_why(journeys.Stuck("restricted") if stuck.code == "nothing" else stuck),
        steps=[],
        owed=[],
        unsent=[],
        refusals=[],
    )


async def _journey(
    gateway: Gateway,
    database: Looking,
    found: CaseFound,
    standing: CaseStanding | None,
    partition: int,
) -> Journey:
    ways = await _ways(gateway, database, found)
    owed = await stored.owed(database, found.stream)
    unsent = await stored.unsent(database, found.stream)
    refusals = await stored.refusals(database, found.stream, found.event_id, _MOST)
    facts = replace(
        await _facts(gateway, database, standing, partition),
        unsent=unsent,
        refusals=refusals,
        steps=ways,
        owed=owed,
    )
    folded = await stored.folded(database, found.stream)
    return Journey(
        case=str(found.stream),
        event=found.event_id,
        status=None if standing is None else standing.status,
        procedure=None if standing is None else standing.procedure,
        restricted=False,
        partition=partition,
        stuck=_why(journeys.why(facts)),
        steps=[_step(one, folded=(one.step.source, one.step.id) in folded) for one in ways],
        owed=[OwedDuty(**{**one._asdict(), "title": one.title or ""}) for one in owed],
        unsent=[_unsent(one) for one in unsent],
        refusals=[_refusal(one) for one in refusals],
    )


async def _stalled(database: Looking) -> frozenset[tuple[str, str, int]]:
    beats = await reads.heartbeats(database)
    names = [place for one in beats for place in one.detail.stalled]
    return frozenset(_place(one) for one in names)


def _place(name: str) -> tuple[str, str, int]:
    """Splits `casework case.journal/1`."""
    service, _, place = name.partition(" ")
    topic, _, partition = place.rpartition("/")
    return service, topic, int(partition)


async def _ways(gateway: Gateway, database: Looking, found: CaseFound) -> list[journeys.EventWay]:
    rows = await stored.steps(database, found.stream, found.event_id, _MOST)
    agencies = gateway.directory().agencies
    came = await stored.came(database, found.stream)
    return [
        journeys.EventWay(
            step=row,
            hosted={
                name: agencies[name].delivery == "hosted"
                for name in row.recipients
                if name in agencies
            },
            delivered=_at(came, row, DELIVERED),
            opened=_at(came, row, RETRIEVED),
        )
        for row in rows
    ]


def _at(came: Iterable[HandOverTime], row: RecordedStep, step: str) -> dict[str, datetime]:
    about = (row.source, row.id, step)
    return {one.agency: one.at for one in came if (one.source, one.id, one.step) == about}


def _step(way: journeys.EventWay, *, folded: bool) -> EventJourney:
    row = way.step
    return EventJourney(
        type=row.type,
        source=row.source,
        id=row.id,
        recipients=row.recipients,
        topic=JOURNAL,
        partition=row.partition,
        offset=row.kafka_offset,
        position=Position(epoch=row.epoch, partition=row.partition, index=row.log_index),
        stages=[EventStage(**one) for one in journeys.stages(way, folded=folded)],
    )


def _why(stuck: journeys.Stuck) -> HeldBy:
    about = {
        name: getattr(stuck, name) for name in ("partition", "service", "lag", "agency", "event")
    }
    about["says"] = stuck.says
    return HeldBy(code=stuck.code, says=stuck.in_words(), since=stuck.since, about=about)


def _unsent(row: UnsentEvent) -> WaitingEvent:
    return WaitingEvent(
        shelf=row.shelf,
        topic=row.topic,
        source=row.source,
        id=row.event_id,
        since=row.created_at,
        refused=row.refused,
    )


def _refusal(row: RefusedEvent) -> RejectedEvent:
    return RejectedEvent(
        place=str(RejectedPlace(row.partition, row.kafka_offset)),
        door=row.door,
        source=row.source,
        id=row.event_id,
        reason=row.reason,
        at=row.rejected_at,
    )
