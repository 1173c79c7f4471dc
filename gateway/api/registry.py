"""The schema registry's read API, as Confluent's clients speak it: the part that decoding needs.

Schemas are registered by `casebus schemas` and change with a release only, so the registry is
read-only here. Every answer has the registry's media type, every refusal its numeric code. If
Confluent has no code, the status takes its place, as in Confluent's own answers.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from casebus.events.schemas import Schema, Schemas
from gateway import problems
from gateway.api.registry_query import (
    AS_NEGATIVE,
    BESIDE_AN_ID,
    DeletedOnly,
    MaxId,
    OfSubject,
    Paged,
    of_confluents_clients,
)
from gateway.problems import AnsweredError
from gateway.route import ServedRoute
from gateway.runtime.context import Context
from gateway.web.caching import FOR_EVER

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


class RegistryResponse(JSONResponse):
    media_type = MEDIA_TYPE


SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
NO_SUBJECT_COMPATIBILITY = 40408
NO_SUBJECT_MODE = 40409
INVALID_SCHEMA = 42201
INVALID_VERSION = 42202
READ_ONLY = 42205

_MESSAGES = {
    SUBJECT_NOT_FOUND: "Subject '{}' not found.",
    VERSION_NOT_FOUND: "Version {} not found.",
    SCHEMA_NOT_FOUND: "Schema {} not found",
    NO_SUBJECT_COMPATIBILITY: "Subject '{}' does not have subject-level compatibility configured",
    NO_SUBJECT_MODE: "Subject '{}' does not have subject-level mode configured",
    INVALID_SCHEMA: "Input schema is an invalid Avro schema",
    INVALID_VERSION: "The specified version '{}' is not a valid version id. Allowed values are "
    'between [1, 2^31-1] and the string "latest"',
    READ_ONLY: "Subject {} is in read-only mode",
}

Subject = Annotated[str, Path(examples=["casebus.referral.v1.Sent"])]
Version = Annotated[str, Path(examples=["latest"])]
DefaultToGlobal = Annotated[bool, Query(alias="defaultToGlobal")]
Asked = Annotated[dict[str, Any], Body(examples=[{"schema": '{"type":"record", …}'}])]


class RegistryError(AnsweredError):
    """A refusal in the registry's own form: a code of five digits that begins with the status."""

    def __init__(self, code: int, about: object = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = _MESSAGES[code].format(about)

    def response(self) -> RegistryResponse:
        body = {"error_code": self.code, "message": self.message}
        return RegistryResponse(body, self.code // 100)


class RegistryAnswer(BaseModel):
    """The registry's own form of a refusal."""

    error_code: int
    message: str


def _described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"$ref": "#/components/schemas/RegistryAnswer"}
    answer = {"description": "Refused.", "content": {MEDIA_TYPE: {"schema": schema}}}
    return dict.fromkeys(statuses, answer)


def _refusal(status: int, message: str) -> RegistryResponse:
    return RegistryResponse(RegistryAnswer(error_code=status, message=message).model_dump(), status)


problems.speak("/registry", _refusal)


class RegistryRoute(ServedRoute):
    """Refuses a body that does not fit as no schema."""

    async def _refused(self, request: Request, error: Exception) -> Response:
        if problems.code_of(error) == "invalid_request":
            error = RegistryError(INVALID_SCHEMA)
        return await super()._refused(request, error)


router = APIRouter(
    route_class=RegistryRoute,
    prefix="/registry",
    tags=["schema registry"],
    default_response_class=RegistryResponse,
    dependencies=[Depends(of_confluents_clients)],
    responses=_described(400, 404, 408, 422, 500),
)


@router.get("/", include_in_schema=False)
async def root() -> dict[str, str]:
    return {}


@router.get("/subjects")
async def subjects(
    gateway: Context,
    part: Paged,
    *,
    prefix: Annotated[str, Query(alias="subjectPrefix")] = "",
    prefix_in_python: Annotated[str, Query(alias="subject", description="`subjectPrefix`.")] = "",
    deleted_only: DeletedOnly,
) -> list[str]:
    """Every subject: the full name of an Avro record, one for each event type."""
    names = {schema.subject for schema in gateway.schemas}
    begins = (prefix, prefix_in_python)
    found = sorted(one for one in names if all(one.startswith(begin) for begin in begins))
    return [] if deleted_only else part.of(found)


@router.get("/subjects/{subject}/versions", dependencies=AS_NEGATIVE)
async def versions(
    subject: Subject,
    gateway: Context,
    part: Paged,
    *,
    deleted_only: DeletedOnly,
) -> list[int]:
    known = _of_subject(gateway.schemas, subject)
    return [] if deleted_only else part.of([schema.version for schema in known])


@router.get("/subjects/{subject}/versions/{version}")
async def by_version(subject: Subject, version: Version, gateway: Context) -> dict[str, Any]:
    return _full(_version(gateway.schemas, subject, version))


@router.get("/subjects/{subject}/versions/{version}/schema")
async def text_by_version(subject: Subject, version: Version, gateway: Context) -> Any:
    return json.loads(_version(gateway.schemas, subject, version).text)


@router.get("/subjects/{subject}/versions/{version}/referencedby")
async def referenced_by(
    subject: Subject, version: Version, gateway: Context, part: Paged
) -> list[int]:
    """Always empty: each registered text holds the named types that it uses."""
    _version(gateway.schemas, subject, version)
    return part.of([])


@router.post("/subjects/{subject}")
async def look_up(subject: Subject, asked: Asked, gateway: Context) -> dict[str, Any]:
    """The id and version of a text, if it is registered under this subject."""
    known = _of_subject(gateway.schemas, subject)
    return _full(_same(known, asked))


@router.post("/subjects/{subject}/versions")
async def register(subject: Subject, asked: Asked, gateway: Context) -> dict[str, int]:
    """The id of a registered text; a new text is refused: `casebus schemas new`."""
    known = [schema for schema in gateway.schemas if schema.subject == subject]
    try:
        return {"id": _same(known, asked).id}
    except RegistryError as error:
        code = READ_ONLY if error.code == SCHEMA_NOT_FOUND else error.code
        raise RegistryError(code, subject) from error


@router.get("/schemas/types")
async def types() -> list[str]:
    return ["AVRO"]


@router.get("/schemas/ids/{schema_id}", dependencies=BESIDE_AN_ID)
async def by_id(schema_id: int, gateway: Context, *, max_id: MaxId) -> RegistryResponse:
    """The text of an id. Ids are never reused, so it may be cached for ever."""
    found = {"schema": _by_id(gateway.schemas, schema_id).text}
    if max_id:
        return RegistryResponse(found | {"maxId": max(one.id for one in gateway.schemas)})
    return RegistryResponse(found, headers=FOR_EVER)


@router.get("/schemas/ids/{schema_id}/schema", dependencies=BESIDE_AN_ID)
async def text_by_id(schema_id: int, gateway: Context) -> RegistryResponse:
    body = json.loads(_by_id(gateway.schemas, schema_id).text)
    return RegistryResponse(body, headers=FOR_EVER)


@router.get("/schemas/ids/{schema_id}/subjects")
async def subjects_of_id(
    schema_id: int, gateway: Context, part: Paged, subject: OfSubject = ""
) -> list[str]:
    schema = _by_id(gateway.schemas, schema_id)
    return part.of([schema.subject] if subject in {"", schema.subject} else [])


@router.get("/schemas/ids/{schema_id}/versions")
async def versions_of_id(
    schema_id: int, gateway: Context, part: Paged, subject: OfSubject = ""
) -> list[dict[str, Any]]:
    schema = _by_id(gateway.schemas, schema_id)
    found = [{"subject": schema.subject, "version": schema.version}]
    return part.of(found if subject in {"", schema.subject} else [])


@router.get("/config")
async def config() -> dict[str, str]:
    """FULL_TRANSITIVE: agencies upgrade on their own trains, in any order."""
    return {"compatibilityLevel": "FULL_TRANSITIVE"}


@router.get("/config/{subject}")
async def config_of(
    subject: Subject,
    gateway: Context,
    *,
    default: DefaultToGlobal = False,
) -> dict[str, str]:
    _of_subject(gateway.schemas, subject)
    if not default:
        raise RegistryError(NO_SUBJECT_COMPATIBILITY, subject)
    return await config()


@router.get("/mode")
async def mode() -> dict[str, str]:
    return {"mode": "READONLY"}


@router.get("/mode/{subject}")
async def mode_of(
    subject: Subject,
    gateway: Context,
    *,
    default: DefaultToGlobal = False,
) -> dict[str, str]:
    _of_subject(gateway.schemas, subject)
    if not default:
        raise RegistryError(NO_SUBJECT_MODE, subject)
    return await mode()


def _by_id(schemas: Schemas, schema_id: int) -> Schema:
    schema = schemas.by_id(schema_id)
    if schema is None:
        raise RegistryError(SCHEMA_NOT_FOUND, schema_id)
    return schema


def _of_subject(schemas: Schemas, subject: str) -> list[Schema]:
    known = [schema for schema in schemas if schema.subject == subject]
    if not known:
        raise RegistryError(SUBJECT_NOT_FOUND, subject)
    return sorted(known, key=lambda schema: schema.version)


def _version(schemas: Schemas, subject: str, version: str) -> Schema:
    known = _of_subject(schemas, subject)
    if version in {"latest", "-1"}:
        return known[-1]
    if not (version.isascii() and version.isdigit() and 0 < int(version[:11]) < 2**31):
        raise RegistryError(INVALID_VERSION, version)
    for schema in known:
        if schema.version == int(version):
            return schema
    raise RegistryError(VERSION_NOT_FOUND, version)


def _same(known: list[Schema], asked: dict[str, Any]) -> Schema:
    """The registered schema with the given text, whatever its spaces and order of names."""
    try:
        body = json.loads(asked["schema"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise RegistryError(INVALID_SCHEMA) from None
    for schema in known:
        if schema.body == body:
            return schema
    raise RegistryError(SCHEMA_NOT_FOUND)


def _full(schema: Schema) -> dict[str, Any]:
    return {
        "subject": schema.subject,
        "id": schema.id,
        "version": schema.version,
        "schemaType": "AVRO",
        "schema": schema.text,
    }
