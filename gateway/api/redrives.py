"""重投: rejected records sent to their door again, byte for byte, once a second person agreed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from casebus.admission.judge import Admitted
from casebus.errors import CasebusError
from gateway.api.rejected import PLACE, misnamed, parsed
from gateway.identity.caller import Asker, Operator, Principal, named
from gateway.monitoring import judgement
from gateway.problems import RefusedError, documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import CASE, EVENT, LONGEST_NAME, SOURCE, Shape
from gateway.web import paging
from storage import redriving, rejects
from storage.handles import Connection, Handle
from storage.redriving import FASTEST, MOST_RECORDS, USUAL, Candidate, KeptRedrive, RedrivenRecord
from storage.rejects import RejectedPlace, RejectFilter

router = APIRouter(route_class=ServedRoute, prefix="/v1/redrives", tags=["rejected"])

#: It is in the journal, or its bytes were not kept.
_NOTHING_TO_JUDGE = frozenset({"journaled", "not_kept"})
Number = Annotated[int, Path(ge=1, lt=2**63)]
_NOBODY = ("unauthenticated", "nameless_operator")
State = Literal["asked", "agreed", "declined", "lapsed"]


class RedriveRequest(BaseModel):
    """The records to send: by their places, or the first `most` of a reason, a door, an agency."""

    model_config = ConfigDict(extra="forbid")

    places: list[str] = Field(default=[], max_length=MOST_RECORDS, examples=[[PLACE]])
    reason: str | None = Field(default=None, max_length=LONGEST_NAME, examples=["unknown_key"])
    door: str | None = Field(default=None, max_length=LONGEST_NAME, examples=["events.police"])
    source: str | None = Field(default=None, max_length=LONGEST_NAME, examples=[SOURCE])
    most: int = Field(default=100, ge=1, le=MOST_RECORDS)
    why: str = Field(
        default="",
        max_length=500,
        description="What has changed, for who agrees. Needed where it is no dry run.",
        examples=["the key was entered"],
    )
    per_minute: int = Field(default=USUAL, ge=1, le=FASTEST)
    even_so: bool = Field(
        default=False, description="Though their reason says that the same bytes cannot pass."
    )
    dry_run: bool = Field(
        default=False, description="Only say what would be sent, and what admission would say."
    )


class Judgement(Shape):
    """Admission's judgement of the same bytes now, by the directory, the schemas and the law."""

    admitted: bool
    reason: str = Field(description="Why not; empty where it is.", examples=["unknown_key"])
    detail: str
    flags: list[str] = Field(description="What it would notice and admit.")
    unreached: list[str] = Field(description="Names of recipients that nothing here reaches.")


class Planned(Shape):
    """A record, and the obstacle to sending it again; `obstacle` is empty if there is none.

    `journaled`: its event is in the journal. `not_kept`: its bytes were not kept. `no_event`: no
    case can be read from it. `waits_already`: a redrive has it. `sent_too_often`: the same bytes
    were sent three times. `same_bytes`: another one here has them. `cannot_pass`: only a corrected
    copy can.
    """

    place: str = Field(examples=[PLACE])
    source: str
    id: str = Field(examples=[EVENT])
    reason: str
    obstacle: str
    times: int = Field(description="How often the same bytes were sent again before.")
    judgement: Judgement | None = Field(
        description="In a dry run, of what is kept and not in the journal."
    )


class Plan(Shape):
    """The records that are sent again, or would be. `redrive` is null in a dry run."""

    redrive: int | None
    records: list[Planned]
    sendable: int
    seconds: float = Field(description="From the first to the last, at this rate.")


class Redrive(Shape):
    redrive: int = Field(examples=[12])
    asked_by: str = Field(examples=["admin/ops-1"])
    asked_at: datetime
    why: str
    per_minute: int
    state: State
    decided_by: str | None
    decided_at: datetime | None
    records: int
    done: int = Field(description="Of the records, those sent or found needless.")


_DRY_RUN: dict[int | str, dict[str, Any]] = {200: {"model": Plan, "description": "A dry run"}}


class RedrivePage(Shape):
    items: list[Redrive]


class Redriven(Shape):
    """One record of a redrive, and its result."""

    place: str = Field(examples=[PLACE])
    source: str
    id: str
    subject: str = Field(examples=[CASE])
    reason: str
    outcome: Literal["asked", "waits", "unsent", "sent", "journaled", "needless", "rejected"]
    rejected_again: str | None = Field(description="For which reason it was rejected again.")
    refused: str | None = Field(description="Why no broker takes it; it is tried again.")
    due_at: datetime | None
    sent_at: datetime | None


class RedriveDetail(Redrive):
    each: list[Redriven]


@router.post(
    "",
    status_code=201,
    responses=_DRY_RUN
    | documented(*_NOBODY, "nothing_to_redrive", "invalid_request", "directory_unavailable"),
)
async def ask(
    given: RedriveRequest, asker: Asker, gateway: Context, database: Database, response: Response
) -> Plan:
    """Ask for a redrive; nothing is sent before another operator agrees."""
    if not given.dry_run:
        await named(asker)
        if not given.why.strip():
            raise _unfit("why", "say what has changed, for who agrees")
    pool = await gateway.database()
    async with pool.acquire() as connection, connection.transaction():
        await redriving.lock(connection)
        planned = await _planned(connection, asker, given)
        sendable = [one for one in planned if not one.obstacle]
        for one in planned:
            database.look_at(one.stream)
        number = None
        if not given.dry_run:
            if not sendable:
                raise CasebusError("nothing_to_redrive", _obstacles(planned))
            number = await redriving.ask(
                connection, asker.name, given.why.strip(), given.per_minute, sendable
            )
    judgements = await _judgements(gateway, asker, planned) if given.dry_run else {}
    if number is None:
        response.status_code = 200
    else:
        response.headers["Location"] = f"/v1/redrives/{number}"
    return Plan(
        redrive=number,
        records=[_shown(one, judgements.get(one.place)) for one in planned],
        sendable=len(sendable),
        seconds=max(len(sendable) - 1, 0) * 60 / given.per_minute,
    )


async def _planned(
    connection: Connection, asker: Principal, given: RedriveRequest
) -> list[Candidate]:
    if says := misnamed(given.reason):
        raise _unfit("reason", says)
    wanted = RejectFilter(given.reason, given.door, given.source)
    if given.places:
        places = [_placed(one) for one in given.places]
    elif any(wanted.row()):
        places = await redriving.places(connection, asker.agency, wanted, given.most)
    else:
        raise _unfit("places", "name records, or a reason, a door or an agency")
    found = await redriving.plan(connection, asker.agency, places, even_so=given.even_so)
    if missing := {*places} - {one.place for one in found}:
        named = ", ".join(str(one) for one in sorted(missing)[:5])
        raise CasebusError("not_found", f"no rejected record of yours is {named}")
    return found


async def _judgements(
    gateway: Gateway, asker: Principal, planned: list[Candidate]
) -> dict[RejectedPlace, Judgement]:
    """The door's judgement of each record, one body at a time."""
    judge, pool = await judgement.judge_of(gateway), await gateway.database()
    said = {}
    for one in planned:
        if one.obstacle not in _NOTHING_TO_JUDGE:
            row = await rejects.one(pool, asker.agency, one.place)
            if row is not None:
                said[one.place] = _judgement(await judgement.judged(judge, row))
    return said


def _judgement(found: Admitted | CasebusError) -> Judgement:
    if isinstance(found, CasebusError):
        return Judgement(
            admitted=False, reason=found.code, detail=found.detail, flags=[], unreached=[]
        )
    unreached = list(found.delivery.unknown)
    flags = [str(one) for one in found.flags]
    return Judgement(admitted=True, reason="", detail="", flags=flags, unreached=unreached)


def _placed(text: str) -> RejectedPlace:
    place = parsed(text)
    if place is None:
        raise _unfit("places", f"write a place as {PLACE}")
    return place


def _unfit(field: str, detail: str) -> RefusedError:
    return RefusedError("invalid_request", errors=[{"pointer": f"/body/{field}", "detail": detail}])


def _obstacles(planned: list[Candidate]) -> str:
    found = sorted({one.obstacle for one in planned})
    return ", ".join(found) if found else "no rejected record fits"


def _shown(one: Candidate, judgement: Judgement | None) -> Planned:
    return Planned(
        place=str(one.place),
        source=one.source,
        id=one.event_id,
        reason=one.reason,
        obstacle=one.obstacle,
        times=one.times,
        judgement=judgement,
    )


@router.get("", responses=documented("unauthenticated"))
async def redrives(asker: Asker, database: Database, limit: paging.Limit = 50) -> RedrivePage:
    """The requests, the last first. An operator sees all of them, an agency its own."""
    rows = await redriving.redrives(database, asker.agency, limit=limit)
    return RedrivePage(items=[Redrive(**_redrive(row)) for row in rows])


@router.get("/{number}", responses=documented("unauthenticated", "not_found"))
async def one_redrive(number: Number, asker: Asker, database: Database) -> RedriveDetail:
    """One of them, with the result of each record."""
    return await _detail(database, asker.agency, number)


@router.post(
    "/{number}/agree",
    responses=documented(
        *_NOBODY, "operators_only", "second_person", "not_found", "redrive_decided"
    ),
)
async def agree(number: Number, name: Operator, gateway: Context) -> RedriveDetail:
    """Let it go: the relay sends its records, at its rate. Only another operator may agree."""
    return await _decide(gateway, number, name, agreed=True)


@router.post(
    "/{number}/decline",
    responses=documented(*_NOBODY, "operators_only", "not_found", "redrive_decided"),
)
async def decline(number: Number, name: Operator, gateway: Context) -> RedriveDetail:
    """Refuse it. The operator who asked for it may do so too."""
    return await _decide(gateway, number, name, agreed=False)


async def _decide(gateway: Gateway, number: int, name: str, *, agreed: bool) -> RedriveDetail:
    pool = await gateway.database()
    async with pool.acquire() as connection, connection.transaction():
        await redriving.lock(connection)
        await redriving.decide(connection, number, name, agreed=agreed)
    return await _detail(pool, None, number)


async def _detail(database: Handle, agency: str | None, number: int) -> RedriveDetail:
    rows = await redriving.redrives(database, agency, number=number)
    if not rows:
        raise CasebusError("not_found", f"there is no redrive {number}")
    each = await redriving.redriven(database, number)
    return RedriveDetail(**_redrive(rows[0]), each=[_redriven(one) for one in each])


def _redrive(row: KeptRedrive) -> dict[str, Any]:
    return {**row._asdict(), "redrive": row.id, "state": _state(row)}


def _state(row: KeptRedrive) -> State:
    if row.agreed is None:
        return "asked" if row.is_fresh else "lapsed"
    return "agreed" if row.agreed else "declined"


def _redriven(row: RedrivenRecord) -> Redriven:
    return Redriven(
        place=str(RejectedPlace(row.partition, row.kafka_offset)),
        source=row.source,
        id=row.event_id,
        subject=str(row.subject),
        reason=row.reason,
        outcome=_outcome(row),
        rejected_again=row.rejected_again if row.sent_at else None,
        refused=row.refused,
        due_at=row.due_at,
        sent_at=row.sent_at,
    )


def _outcome(row: RedrivenRecord) -> Any:
    """The known outcome, the surest first."""
    known = {
        "needless": row.needless,
        "journaled": row.sent_at and row.journaled,
        "rejected": row.sent_at and row.rejected_again,
        "sent": row.sent_at,
        "unsent": row.refused,
        "waits": row.due_at,
    }
    return next((name for name, holds in known.items() if holds), "asked")
