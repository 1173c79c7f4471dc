"""A case's evidence as one file that anyone can check without us."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.api.cases import own_or_written
from gateway.cases.evidence import bundle_of
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database

router = APIRouter(route_class=ServedRoute, prefix="/v1/cases", tags=["cases"])
MEDIA_TYPE = "application/zip"
_BINARY = {"type": "string", "format": "binary"}


@router.get(
    "/{case}/evidence",
    response_class=Response,
    responses=documented(
        "unauthenticated",
        "not_found",
        "log_altered",
        "head_missing",
        "directory_unavailable",
        "database_unavailable",
    )
    | {200: {"content": {MEDIA_TYPE: {"schema": _BINARY, "example": "the bytes of a zip"}}}},
)
async def evidence(case: str, agency: Caller, gateway: Context, database: Database) -> Response:
    """证据: the case's events, proofs, signed heads, keys and law in one zip (docs/wire.md).

    An event that the caller may not see is given as leaf and signature. `casebus verify` checks it.
    """
    row = await own_or_written(database, agency, case)
    return Response(await bundle_of(gateway, agency, row["stream"]), media_type=MEDIA_TYPE)
