"""The page of a problem's `type`: the code, its status and its title."""

from __future__ import annotations

from fastapi import APIRouter

from casebus.errors import CasebusError
from gateway.problems import KINDS, documented
from gateway.route import ServedRoute
from gateway.shapes import Shape

router = APIRouter(route_class=ServedRoute, prefix="/problems", tags=["problems"])


class ProblemType(Shape):
    code: str
    status: int
    title: str


@router.get("")
async def problem_types() -> list[ProblemType]:
    """Every code that this gateway may answer with."""
    return [ProblemType(code=c, status=k.status, title=k.title) for c, k in KINDS.items()]


@router.get("/{code}", responses=documented("not_found"))
async def problem_type(code: str) -> ProblemType:
    if code not in KINDS:
        raise CasebusError("not_found")
    return ProblemType(code=code, status=KINDS[code].status, title=KINDS[code].title)
