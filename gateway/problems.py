"""RFC 9457 problems: every refusal has a stable `code`, a status and a title.

The codes of admission's reasons keep their names here, so that a sender meets one vocabulary. Below
a path that speaks another protocol a refusal has that protocol's form (`speak`). An unforeseen
error gives only its trace id: its text may quote a case.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import asyncpg
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from casebus import telemetry
from casebus.errors import CasebusError
from casebus.forms import said_of
from casebus.rejections import Reason
from storage.pool import AWAY

MEDIA_TYPE = "application/problem+json"
_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_WITHOUT_BODY = frozenset({"GET", "HEAD"})
_log = logging.getLogger(__name__)


class ProblemKind(NamedTuple):
    status: int
    title: str


KINDS: dict[str, ProblemKind] = {
    "malformed_event": ProblemKind(400, "The request is not a CloudEvent of the form asked for"),
    Reason.MALFORMED_HEADERS: ProblemKind(
        400, "A CloudEvents attribute is missing or not of its form"
    ),
    "malformed_request": ProblemKind(400, "The request is not framed as HTTP asks"),
    "malformed_cursor": ProblemKind(400, "The cursor is not one that this resource gave"),
    "invalid_parameter": ProblemKind(
        400, "A parameter is unknown here, or has a value that is not taken"
    ),
    "unauthenticated": ProblemKind(401, "An API key is needed"),
    "foreign_source": ProblemKind(403, "The source is not the caller's own agency"),
    "agencies_only": ProblemKind(403, "This is for agencies, and the caller is the operator"),
    "not_shared": ProblemKind(403, "Shared figures are not for this caller"),
    "operators_only": ProblemKind(403, "This is for operators, and the caller is an agency"),
    "nameless_operator": ProblemKind(403, "The key does not say which operator it is of"),
    "second_person": ProblemKind(403, "Who asks for it does not agree to it"),
    "grant_not_live": ProblemKind(403, "The caller has no grant for this that lasts"),
    "role_needed": ProblemKind(403, "The visitor has not the role that this asks for"),
    "foreign_form": ProblemKind(403, "The form was not sent from a page of this session"),
    "no_place": ProblemKind(403, "The issuer names no agency or role that is known here"),
    "sign_in_refused": ProblemKind(403, "The sign-in did not end as it was begun"),
    "not_known_then": ProblemKind(
        404, "The case was not known then, or its past is not for this caller"
    ),
    "not_found": ProblemKind(404, "There is nothing here for this caller"),
    "method_not_allowed": ProblemKind(405, "The resource does not know this method"),
    "request_timeout": ProblemKind(408, "The request did not come in time"),
    "id_conflict": ProblemKind(409, "An event of this source and id was sent with another body"),
    "work_changed": ProblemKind(409, "The work item has changed since it was read"),
    "already_taken": ProblemKind(409, "The work item is taken by this officer already"),
    "work_closed": ProblemKind(409, "The work item is closed"),
    "work_pending": ProblemKind(
        409, "Another action on this version of the work item is on its way"
    ),
    "superseded": ProblemKind(409, "Another action on this work item came first"),
    "action_rejected": ProblemKind(409, "The event of this action was rejected"),
    "redrive_decided": ProblemKind(409, "The redrive was agreed to or declined before"),
    "grant_decided": ProblemKind(409, "The grant was agreed to or declined before"),
    "grant_over": ProblemKind(409, "Nobody has decided on the grant in time"),
    "redrive_lapsed": ProblemKind(409, "Nobody has decided on the redrive in time"),
    Reason.TOO_LARGE: ProblemKind(413, "The event is larger than the bus takes"),
    Reason.TOO_MANY_ITEMS: ProblemKind(413, "The event holds longer lists than the bus takes"),
    "unsupported_media_type": ProblemKind(
        415, "The content type is not one that this resource takes"
    ),
    "unknown_indicator": ProblemKind(400, "No indicator has this id"),
    "invalid_request": ProblemKind(422, "The body does not fit its description"),
    "unknown_type": ProblemKind(422, "No schema is registered for this event type"),
    "unknown_attribute": ProblemKind(
        422, "A CloudEvents attribute is not one that the bus carries"
    ),
    "invalid_data": ProblemKind(422, "The data does not fit the schema of its type"),
    "legal_time_ahead": ProblemKind(422, "The legal time is later than now"),
    "act_incomplete": ProblemKind(422, "The act lacks what the law asks of it"),
    "reason_needed": ProblemKind(422, "It is shown for a reason, and none was given"),
    "unknown_action": ProblemKind(422, "The work item does not offer this action"),
    "nothing_to_redrive": ProblemKind(422, "None of these records can be sent again"),
    "cosignature_refused": ProblemKind(
        422, "The line is no cosignature of that head by this caller"
    ),
    Reason.NO_VALUE: ProblemKind(422, "An event always has a body"),
    Reason.NOT_AVRO: ProblemKind(422, "The body has no wire format prefix"),
    Reason.UNKNOWN_SCHEMA: ProblemKind(422, "No registered schema has this id"),
    Reason.TYPE_MISMATCH: ProblemKind(422, "The schema of the body is not one of this event type"),
    Reason.UNDECODABLE: ProblemKind(422, "The body cannot be read by its schema"),
    Reason.UNSIGNED: ProblemKind(
        422, "The event must arrive signed: no key of this agency is here"
    ),
    Reason.UNKNOWN_SOURCE: ProblemKind(422, "The directory has no agency of this name"),
    Reason.STATE_SECRET: ProblemKind(422, "State secrets are handled off-line and never sent"),
    "no_issuer": ProblemKind(503, "Nobody is set up to sign people in"),
    "issuer_unavailable": ProblemKind(503, "Who signs people in does not answer"),
    "head_missing": ProblemKind(503, "No signed head covers the last records yet"),
    "log_altered": ProblemKind(500, "What is recorded there is not what was signed"),
    "internal": ProblemKind(500, "The gateway failed"),
    "database_unavailable": ProblemKind(503, "The database does not answer"),
    "bus_unavailable": ProblemKind(503, "The bus does not take events now"),
    "directory_unavailable": ProblemKind(503, "The directory has not been read yet"),
}

#: Errors which mean that PostgreSQL does not answer.
DATABASE_ERRORS = (*AWAY, OSError)
#: Codes for refusals of the framework itself.
_HTTP = {
    400: "invalid_request",
    401: "unauthenticated",
    403: "unauthenticated",
    404: "not_found",
    405: "method_not_allowed",
}


class RefusedError(CasebusError):
    """A refusal with places in the request: `errors` are {pointer, detail} rows."""

    def __init__(
        self, code: str, detail: str = "", errors: Iterable[Mapping[str, str]] = ()
    ) -> None:
        super().__init__(code, detail)
        self.errors = [dict(row) for row in errors]


def unfit(parameter: str, detail: str) -> RefusedError:
    """A parameter value that the description allows and the resource does not take."""
    row = {"pointer": f"/query/{parameter}", "detail": detail}
    return RefusedError("invalid_parameter", errors=[row])


Form = Callable[[int, str], JSONResponse]
"""Another protocol's refusal, of a status and a sentence."""

#: By the path's first segment.
_FORMS: dict[str, Form] = {}


def speak(prefix: str, form: Form) -> None:
    """Let refusals of every path under `prefix` have another protocol's form."""
    _FORMS[prefix] = form


class AnsweredError(Exception):
    """An error that knows its own answer, in the form of another protocol."""

    def response(self) -> JSONResponse:
        raise NotImplementedError


def code_of(error: Exception) -> str:
    """The code of any error: its own, or its meaning to a caller."""
    if isinstance(error, CasebusError):
        return str(error.code) if error.code in KINDS else "internal"
    if isinstance(error, RequestValidationError):
        places = {row["loc"][0] for row in error.errors()}
        return "invalid_parameter" if places - {"body"} else "invalid_request"
    if isinstance(error, HTTPException):
        return _HTTP.get(error.status_code, "internal")
    if _is_unfit(error):
        return "invalid_request"
    return "database_unavailable" if isinstance(error, DATABASE_ERRORS) else "internal"


def _is_unfit(error: Exception) -> bool:
    """True if a value of the request fits no column: NUL, or a number too large."""
    refused_here = isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError)
    return refused_here or isinstance(error, asyncpg.DataError)


def problem(
    code: str, detail: str = "", *, instance: str | None = None, **extra: Any
) -> dict[str, Any]:
    """The body of a problem; its `type` is a resource of the gateway that explains the code."""
    kind = KINDS[code]
    body: dict[str, Any] = {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "code": str(code),
    }
    optional = {"detail": detail, "instance": instance, "trace_id": telemetry.trace_id(), **extra}
    return body | {name: value for name, value in optional.items() if value}


class ProblemBody(NamedTuple):
    """The content of an error, in any form."""

    status: int
    code: str
    detail: str
    errors: list[dict[str, str]]


def refused(request: Request, error: Exception) -> ProblemBody:
    """The answer to an error; an unforeseen one is logged."""
    code = code_of(error)
    if _is_unfit(error) and request.method in _WITHOUT_BODY:
        code = "invalid_parameter"
    if code == "internal":
        _log.error("request failed", exc_info=error, extra={"code": code})
    return ProblemBody(KINDS[code].status, str(code), _detail(error), _errors(error))


def response(request: Request, error: Exception) -> JSONResponse:
    """The answer to an error as a problem, or in the form that the path speaks."""
    if isinstance(error, AnsweredError):
        return error.response()
    found = refused(request, error)
    said = refusal(request.url.path, found.code, found.detail, errors=found.errors)
    said.headers.update(_headers(request, found.status))
    return said


def refusal(path: str, code: str, detail: str = "", **extra: Any) -> JSONResponse:
    """A refusal in the form that the path speaks."""
    status, title = KINDS[code]
    form = _FORMS.get(f"/{path.split('/')[1]}") if path.startswith("/") else None
    if form is not None:
        rows = [f"{row['pointer']} {row['detail']}" for row in extra.get("errors") or ()]
        return form(status, "; ".join([": ".join(filter(None, (title, detail))), *rows]))
    body = problem(code, detail, instance=path, **extra)
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


def _detail(error: Exception) -> str:
    return error.detail if isinstance(error, CasebusError) and error.code in KINDS else ""


def _errors(error: Exception) -> list[dict[str, str]]:
    if isinstance(error, RefusedError):
        return error.errors
    if isinstance(error, RequestValidationError):
        # The offending input is left out: it may be personal data, and the caller has it.
        return [{"pointer": _pointer(row), "detail": said_of(row)} for row in error.errors()]
    return []


def _pointer(row: Mapping[str, Any]) -> str:
    # If the body is no JSON, the framework names the character at which it stopped. That is not a
    # place in the body.
    place = row["loc"][:1] if row["type"] == "json_invalid" else row["loc"]
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)


def _headers(request: Request, status: int) -> dict[str, str]:
    match status:
        case 405:
            return {"Allow": ", ".join(_methods(request))}
        case 401:
            return {"WWW-Authenticate": 'Bearer realm="casebus"'}
        case 503:
            return {"Retry-After": "1"}
    return {}


def _methods(request: Request) -> list[str]:
    """The methods that some route of this very path takes."""
    return [
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL
            for route in request.app.routes
        )
    ]


async def _handle(request: Request, error: Exception) -> JSONResponse:
    return response(request, error)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a problem."""
    known = (CasebusError, RequestValidationError, HTTPException, asyncpg.DataError)
    for kind in (*known, *DATABASE_ERRORS, Exception):
        app.add_exception_handler(kind, _handle)


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route in OpenAPI: each code as an example under its status."""
    answers: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        answer = answers.setdefault(
            KINDS[code].status,
            {
                "description": KINDS[code].title,
                "content": {
                    MEDIA_TYPE: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "examples": {},
                    }
                },
            },
        )
        answer["content"][MEDIA_TYPE]["examples"][str(code)] = {"value": problem(code)}
    return answers
