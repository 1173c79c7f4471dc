"""Findings that no fold can make: the scheduler sends them and takes them back."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from casebus.cases.event import Identity
from casebus.cases.keys import key_of
from casebus.events.types import FINDING_RAISED, FINDING_WITHDRAWN
from services.scheduler.statements import BusStatement

#: A finding about no event in particular.
NO_EVENT: Identity = ("", "")


def finding_key(stream: UUID, kind: str, about: tuple[str, str]) -> str:
    """The key; `about` tells apart findings of one kind in a stream."""
    return key_of(str(stream), "finding", kind, *about)


def raised(
    stream: UUID,
    kind: str,
    about: tuple[str, str],
    severity: str,
    to: tuple[str, ...],
    *,
    event: Identity = NO_EVENT,
    detail: Mapping[str, str] | None = None,
    causation: tuple[str, ...] = (),
    revision: int | None = None,
) -> BusStatement:
    """The statement; `revision` is the number of earlier ones, if it may be raised again."""
    key = finding_key(stream, kind, about)
    more = {} if detail is None else {"detail": dict(detail)}
    return BusStatement(
        stream=stream,
        id=_id(stream, FINDING_RAISED, key, revision),
        type=FINDING_RAISED,
        data={
            "key": key,
            "kind": kind,
            "severity": severity,
            "event_source": event[0],
            "event_id": event[1],
            **more,
            "told": list(to),
        },
        to=to,
        causation=causation,
    )


def withdrawn(
    stream: UUID,
    kind: str,
    about: tuple[str, str],
    to: tuple[str, ...],
    causation: tuple[str, ...],
    *,
    severity: str | None = None,
    revision: int | None = None,
) -> BusStatement:
    """The withdrawal, sent to the same agencies; `causation` are the withdrawn statements."""
    key = finding_key(stream, kind, about)
    more = {} if severity is None else {"severity": severity, "told": list(to)}
    return BusStatement(
        stream=stream,
        id=_id(stream, FINDING_WITHDRAWN, key, revision),
        type=FINDING_WITHDRAWN,
        data={"key": key, "kind": kind, **more},
        to=to,
        causation=causation,
    )


def _id(stream: UUID, ce_type: str, key: str, revision: int | None) -> str:
    words = (key,) if revision is None else (key, str(revision))
    return key_of(str(stream), ce_type, *words)
