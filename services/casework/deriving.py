"""From a case's events to the rows that show it and the derived events that it owes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import orjson

from casebus.cases import FOLD_VERSION, Case, Derived, Finding
from casebus.cases.derive import told_in
from casebus.cases.keys import key_of
from casebus.cases.state import digest_of
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.law import Law, agencies
from casebus.trust.directory import Directory
from casebus.trust.signing import Draft
from services.casework.organisations import act_rows, punished_rows
from services.casework.rights import said_rows, use_rows
from storage.cases import (
    CaseRow,
    CaseRows,
    ClockRow,
    DeviationRow,
    FindingRow,
    RegionRow,
    TitleRow,
    WorkRow,
)

#: Parts of the view that have tables of their own, which is where they are read.
_ELSEWHERE = frozenset({"clocks", "deviations"})
SUSPENDED = "fold_suspended"


def rows_of(
    stream: UUID,
    case: Case,
    law: Law,
    *,
    version: int,
    opened_at: datetime | None,
    updated_at: datetime,
) -> CaseRows:
    """What PostgreSQL shows of a folded case."""
    view = case.to_json()
    return CaseRows(
        punished=punished_rows(stream, case),
        acts=act_rows(stream, case),
        rights_said=said_rows(stream, case),
        right_uses=use_rows(stream, case),
        titles=list(_titles(stream, case)),
        case=CaseRow(
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
            view=orjson.dumps(
                {name: part for name, part in view.items() if name not in _ELSEWHERE}
                | {"hearers": case.hearers, "team": case.team}
            ),
            fold_version=FOLD_VERSION,
        ),
        clocks=[
            ClockRow(
                stream=stream,
                key=clock.key,
                clock=clock.id,
                status=clock.status,
                historic=clock.historic,
                due=clock.due,
                breach_after=clock.breach_after,
                procedure=clock.procedure,
                nominal=clock.nominal,
                warn_after=clock.warn_after,
                lapse_after=clock.lapse_after,
                extended=clock.extended,
                cause=clock.cause,
                view=orjson.dumps(shown),
            )
            for clock, shown in zip(case.clocks, view["clocks"], strict=True)
        ],
        work=[
            WorkRow(
                key=item.key,
                stream=stream,
                agency=item.agency,
                duty=item.duty,
                is_open=item.is_open,
                due=item.due,
                version=item.version,
                unit=item.unit,
                view=orjson.dumps(shown),
            )
            for item, shown in zip(case.work, view["work"], strict=True)
        ],
        findings=[
            FindingRow(stream, finding.key, finding.kind, finding.tell_after, orjson.dumps(shown))
            for finding, shown in zip(case.findings, view["findings"], strict=True)
        ],
        deviations=[
            DeviationRow(
                stream=stream,
                key=one.key,
                import_id=one.import_id,
                kind=one.kind,
                reason=one.reason,
                event_name=one.event_name,
                source=one.event[0],
                id=one.event[1],
                view=orjson.dumps(shown),
            )
            for one, shown in zip(case.deviations, view["deviations"], strict=True)
        ],
        regions=[
            RegionRow(stream, region.procedure, region.status, orjson.dumps(shown))
            for region, shown in zip(case.regions[1:], view["regions"][1:], strict=True)
        ],
    )


def _titles(stream: UUID, case: Case) -> Iterator[TitleRow]:
    if case.title:
        yield TitleRow(stream, 0, None, [], f"{case.title} {case.title_en}".rstrip())
    for place, one in enumerate(case.titles, start=1):
        yield TitleRow(stream, place, one.agency, list(one.recipients), one.text)


def suspended_rows(
    stream: UUID, error: Exception, law: str, version: int, updated_at: datetime
) -> CaseRows:
    """A case whose fold failed: shown as suspended while the partition goes on (rule 11)."""
    name = type(error).__name__
    finding = Finding(
        key=key_of(str(stream), "finding", SUSPENDED),
        kind=SUSPENDED,
        severity="SERIOUS",
        # About the case as a whole.
        event=("", ""),
        detail={"error": name},
    ).to_json()
    view = orjson.dumps({"findings": [finding]})
    row = CaseRow(
        stream, None, SUSPENDED, None, version, "", law, name, None, updated_at, view, FOLD_VERSION
    )
    shown = FindingRow(stream, finding["key"], SUSPENDED, None, orjson.dumps(finding))
    return CaseRows(row, [], [], [shown])


def draft_of(derived: Derived, schemas: Schemas, directory: Directory, now: datetime) -> Draft:
    """A derived event as the bus will sign it, its rules resolved to agencies."""
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
    return Draft(
        envelope, schemas.encode(derived.type, {**derived.data, told_in(derived.type): list(to)})
    )
