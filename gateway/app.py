"""The application: resources, problems, telemetry, and one description of them all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote_to_bytes

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.telemetry import TelemetryConfig
from pydantic import BaseModel
from starlette.types import ASGIApp, Receive, Scope, Send

from casebus.settings import Settings
from gateway import problems
from gateway.api import (
    cases,
    counted,
    events,
    evidence,
    grants,
    histories,
    inbox,
    journeys,
    logs,
    matches,
    numbers,
    operating,
    overseeing,
    penalties,
    problem_types,
    proofs,
    recalls,
    redrives,
    registry,
    rejected,
    searching,
    sequences,
    stats,
    suspended,
    work,
)
from gateway.console import app as console
from gateway.route import ServedRoute
from gateway.runtime.context import Gateway, running
from gateway.web.guard import BodyInTime

_ROUTERS = (
    events,
    recalls,
    # Before the cases: `counts` is no case.
    searching,
    cases,
    histories,
    evidence,
    matches,
    work,
    overseeing,
    inbox,
    rejected,
    redrives,
    suspended,
    operating,
    journeys,
    proofs,
    grants,
    sequences,
    numbers,
    penalties,
    logs,
    stats,
    counted,
    problem_types,
    registry,
)
_DESCRIPTION = """\
Agencies that protect intellectual property refer cases to each other and share their status here.

An agency sees the cases in which it has a part; anything else is `404`. An operator's key sees all
cases and no bodies. Refusals are RFC 9457 problems with a stable `code`; a parameter that is
unknown or has a value that is not taken is `400 invalid_parameter`, on every route. Lists are paged
by opaque cursors.
"""


#: Spans and figures are ours alone (`gateway.route`): by route, never by path.
SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    instance: str | None = None
    trace_id: str | None = None
    errors: list[dict[str, str]] | None = None


class EncodedSegments:
    """Keeps `%2F` and `%25` in a path, so that a source or a number with a slash is one segment."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (raw := scope.get("raw_path")):
            kept = raw.replace(b"%25", b"%2525").replace(b"%2F", b"%252F").replace(b"%2f", b"%252F")
            scope = {**scope, "path": unquote_to_bytes(kept).decode("utf-8", "replace")}
        await self._app(scope, receive, send)


def create_app(settings: Settings) -> FastAPI:
    """The application; it connects when its lifespan starts."""
    gateway = Gateway.of(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with running(gateway):
            yield

    app = FastAPI(
        title="casebus gateway",
        version="1",
        description=_DESCRIPTION,
        lifespan=lifespan,
        # Served below, like everything else.
        openapi_url=None,
        # Their pages load scripts from the Internet, which an agency's network does not have.
        docs_url=None,
        redoc_url=None,
        # The framework's own spans have the path in them, and a path has numbers and event ids.
        telemetry=SILENT,
    )
    app.state.gateway = gateway
    for resource in _ROUTERS:
        app.include_router(resource.router)
    app.include_router(description)
    console.install(app, gateway)
    problems.install(app)
    app.add_middleware(EncodedSegments)
    app.add_middleware(BodyInTime)
    _describe(app)
    return app


description = APIRouter(route_class=ServedRoute, include_in_schema=False)


@description.api_route("/openapi.json", methods=["GET", "HEAD"])
async def described(request: Request) -> JSONResponse:
    """What this application takes and answers."""
    return JSONResponse(request.app.openapi())


def _describe(app: FastAPI) -> None:
    """Put our problem in place of the framework's own error shapes."""
    generate = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = generate()
            shapes = schema["components"]["schemas"]
            for name in ("HTTPValidationError", "ValidationError"):
                shapes.pop(name, None)
            shapes["Problem"] = Problem.model_json_schema()
            shapes["RegistryAnswer"] = registry.RegistryAnswer.model_json_schema()
            for path in schema["paths"].values():
                for operation in path.values():
                    _our_refusals(operation)
        assert app.openapi_schema is not None  # noqa: S101 - generate() keeps it
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


def _our_refusals(operation: dict[str, Any]) -> None:
    """The answers that every route may give, beside its own refusals."""
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422", {})):
        del answers["422"]
    if "RegistryAnswer" in str(answers.get("400", {})):
        # Another protocol's path, with its own refusals.
        return
    codes = ["invalid_parameter", "internal"]
    codes += ["invalid_request", "malformed_request", "request_timeout"] * (
        "requestBody" in operation
    )
    if "security" in operation:
        codes += ["unauthenticated", "database_unavailable", "directory_unavailable"]
    for status, answer in problems.documented(*codes).items():
        content = answers.setdefault(str(status), answer)["content"][problems.MEDIA_TYPE]
        content["examples"] |= answer["content"][problems.MEDIA_TYPE]["examples"]
