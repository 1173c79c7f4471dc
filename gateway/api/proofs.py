"""核验: the results of `casebus verify`, the heads and their witnesses, and the schemas in use.

For operators alone. It has the kinds and numbers of the problems. `casebus verify` prints the
places.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import Field

from casebus.events.doors import BUS
from casebus.events.types import REFERRAL_SENT
from gateway.api.operating import Hours
from gateway.identity.caller import Asker, only_operators
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import SOURCE, Shape
from gateway.web import paging
from storage import proofs
from storage.proofs import Run, SchemaUse

router = APIRouter(route_class=ServedRoute, prefix="/v1/ops", tags=["operation"])
_REFUSALS = documented("unauthenticated", "operators_only", "database_unavailable")
_WEEK = 168


class Kind(Shape):
    """One kind of disagreement, and the number of times that it was seen."""

    code: str = Field(examples=["event_altered"])
    count: int


class VerificationReport(Shape):
    began_at: datetime
    ended_at: datetime
    ok: bool = Field(description="Nothing lost, doubled, reordered or altered.")
    percent: float = Field(description="Of the cases, how many were derived again.")
    signatures: bool = Field(description="Whether signatures were checked again.")
    counts: dict[str, int] = Field(description="How much was compared.")
    problems: list[Kind]
    notices: list[Kind] = Field(description="What agencies' own systems did.")


class Verifications(Shape):
    items: list[VerificationReport]


class Head(Shape):
    """The last signed head of a log, and the witnesses that saw one."""

    epoch: int
    partition: int
    recorded: int = Field(description="Records that the log holds.")
    size: int | None = Field(description="Of them under the last head.")
    signed_at: datetime | None
    witnesses: list[str] = Field(description="Who cosigned that head.")
    cosigned_size: int | None = Field(description="Of the last head that a witness saw.")
    cosigned_at: datetime | None
    refused: str | None = Field(
        description="Why no more heads are signed.", examples=["log_forked"]
    )
    refused_since: datetime | None


class Heads(Shape):
    witnesses_needed: int
    items: list[Head]


class Version(Shape):
    """Events of one type by one version, of one agency."""

    type: str = Field(examples=[REFERRAL_SENT])
    version: int | None = Field(description="None where the registry does not know the number.")
    schema_id: int
    latest: int | None
    agency: str = Field(examples=[SOURCE])
    events: int
    last_at: datetime


class Versions(Shape):
    hours: int
    items: list[Version]


@router.get("/verifications", responses=_REFUSALS)
async def verifications(
    *, asker: Asker, database: Database, limit: paging.Limit = 20
) -> Verifications:
    """Finished runs of `casebus verify`, the last first."""
    only_operators(asker)
    return Verifications(items=[_run(one) for one in await proofs.verifications(database, limit)])


def _run(run: Run) -> VerificationReport:
    return VerificationReport(
        began_at=run.began_at,
        ended_at=run.ended_at,
        ok=run.ok,
        percent=run.percent,
        signatures=run.signatures,
        **run.report,
    )


@router.get("/heads", responses=_REFUSALS)
async def heads(*, asker: Asker, gateway: Context, database: Database) -> Heads:
    """Each log of this epoch: its signed part, and the part that a witness saw."""
    only_operators(asker)
    rows = await proofs.heads(database)
    items = [Head(**{**row._asdict(), "witnesses": row.witnesses or []}) for row in rows]
    return Heads(witnesses_needed=gateway.witnessing.needed, items=items)


@router.get("/schemas", responses=_REFUSALS | documented("directory_unavailable"))
async def schemas(
    *, asker: Asker, gateway: Context, database: Database, hours: Hours = _WEEK
) -> Versions:
    """The versions of each type in use, by sender. Versions that are not the latest come first."""
    only_operators(asker)
    authors = {*gateway.directory().agencies, BUS}
    rows = await proofs.versions(database, authors, timedelta(hours=hours))
    items = [_version(gateway, row) for row in rows]
    items.sort(key=lambda one: (one.version == one.latest, one.type, one.agency))
    return Versions(hours=hours, items=items)


def _version(gateway: Gateway, row: SchemaUse) -> Version:
    known = [one for one in gateway.schemas if one.ce_type == row.type]
    used = gateway.schemas.by_id(row.schema_id)
    return Version(
        type=row.type,
        version=None if used is None else used.version,
        schema_id=row.schema_id,
        latest=max((one.version for one in known), default=None),
        agency=row.author,
        events=row.events,
        last_at=row.last_at,
    )
