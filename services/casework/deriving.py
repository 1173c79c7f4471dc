"""Turns a case's events into its rows and into the derived events that it owes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from casebus.cases import FOLD_VERSION, Case, Derived, Finding, facets
from casebus.cases.facets.findings import FindingRow
from casebus.cases.keys import key_of
from casebus.cases.reporting import FOLD_SUSPENDED
from casebus.cases.state import digest_of
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.law import Law, agencies
from casebus.trust.directory import Directory
from casebus.trust.signing import Draft
from storage.cases import CaseRow, CaseRows


def rows_of(
    stream: UUID,
    case: Case,
    law: Law,
    *,
    version: int,
    opened_at: datetime | None,
    updated_at: datetime,
) -> CaseRows:
    """The rows of a folded case in PostgreSQL."""
    view = case.to_json()
    known = [row for facet in facets.FACETS for row in facet.rows(case.of(facet), case, view)]
    row = CaseRow(
        stream=stream,
        procedure=case.procedure,
        status=case.status,
        opener=case.opener,
        version=version,
        digest=digest_of(view),
        law=law.digest,
        suspended=None,
        opened_at=opened_at,
        updated_at=updated_at,
        view=orjson.dumps(_own_view(view) | {"hearers": case.hearers, "team": case.team}),
        fold_version=FOLD_VERSION,
    )
    return CaseRows(row, known)


def _own_view(view: dict[str, Any]) -> dict[str, Any]:
    """The view without the parts that have tables of their own, from which they are read."""
    elsewhere = {facet.name for facet in facets.FACETS if not facet.in_view}
    return {name: part for name, part in view.items() if name not in elsewhere}


def suspended_rows(
    stream: UUID, error: Exception, digest: str, version: int, updated_at: datetime
) -> CaseRows:
    """A case whose fold failed is shown as suspended, and the partition goes on.

    Design rule 11, content stops nothing.
    """
    name = type(error).__name__
    finding = Finding(
        key=key_of(str(stream), "finding", FOLD_SUSPENDED),
        kind=FOLD_SUSPENDED,
        severity="SERIOUS",
        # A finding about the whole case.
        event=("", ""),
        detail={"error": name},
    ).to_json()
    view = orjson.dumps({"findings": [finding]})
    row = CaseRow(
        stream,
        None,
        FOLD_SUSPENDED,
        None,
        version,
        "",
        digest,
        name,
        None,
        updated_at,
        view,
        FOLD_VERSION,
    )
    return CaseRows(row, [FindingRow(finding["key"], FOLD_SUSPENDED, None, orjson.dumps(finding))])


def draft_of(derived: Derived, schemas: Schemas, directory: Directory, now: datetime) -> Draft:
    """A derived event as the bus will sign it, with its rules resolved to agencies."""
    schema = schemas.latest(derived.type)
    to = agencies.resolve(derived.to, derived.of, directory)
    envelope = Envelope(
        id=derived.id,
        type=derived.type,
        source=BUS,
        subject=derived.stream,
        time=now,
        dataschema=schema.uri,
        to=to,
        causationid=derived.causation,
        legaltime=derived.legal,
    )
    return Draft(envelope, schemas.encode(derived.type, derived.body(to)))
