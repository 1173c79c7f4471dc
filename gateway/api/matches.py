"""Cases that may be one with a case of the caller's: a score and its reasons; a person decides."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from casebus.cases.matching import Match, Profile, compare
from gateway.access import redaction
from gateway.api.cases import own, viewer_of
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import CASE, SOURCE, Shape
from storage import matching
from storage.matching import MatchedCase

router = APIRouter(route_class=ServedRoute, prefix="/v1/cases", tags=["cases"])


class MatchReason(Shape):
    """The common trait; `value` is that of the caller's own case."""

    kind: str = Field(examples=["same_organisation_code"])
    value: str = Field(examples=["91330106MA2TEX7081"])
    weight: float = Field(examples=[0.95])


class CaseMatch(Shape):
    """Another case that is proposed as the same matter.

    For a case in which the caller has no part there is no id, only the agency to ask.
    """

    case: str | None = Field(examples=[CASE])
    opener: str | None = Field(examples=[SOURCE])
    opened_at: datetime | None
    status: str | None
    score: float = Field(examples=[0.9])
    seller: float
    right: float
    reasons: list[MatchReason]


class CaseMatches(Shape):
    items: list[CaseMatch]


@router.get(
    "/{case}/matches", responses=documented("unauthenticated", "not_found", "database_unavailable")
)
async def matches_of(
    case: str, agency: Caller, gateway: Context, database: Database
) -> CaseMatches:
    """Cases about the same seller and right, the likeliest first.

    None for a caller that does not see the subject of the case: the reasons would show it.
    """
    row = await own(database, agency, case)
    viewer = viewer_of(gateway, agency, row)
    if not redaction.sees_figures(viewer, gateway.access):
        return CaseMatches(items=[])
    stream = row["stream"]
    # The gateway looks at the compared cases. The caller looks only at those shown.
    within = await gateway.database()
    others = await matching.candidates(within, stream, agency)
    known = await matching.profiles(within, [stream, *others])
    mine = known.get(stream, Profile())
    found = {one: compare(mine, known[one]) for one in others if one in known}
    likely = {one: match for one, match in found.items() if match.proposed}
    rows = await matching.shown_to(database, agency, likely)
    items = [_match(row, likely[row.stream]) for row in rows]
    return CaseMatches(items=sorted(items, key=lambda one: (-one.score, str(one.opened_at))))


def _match(row: MatchedCase, match: Match) -> CaseMatch:
    return CaseMatch(
        case=str(row.stream) if row.own else None,
        opener=row.opener,
        opened_at=row.opened_at,
        status=row.status if row.own else None,
        score=match.score,
        seller=match.seller,
        right=match.right,
        reasons=[
            MatchReason(kind=one.kind, value=one.left, weight=one.weight) for one in match.reasons
        ],
    )
