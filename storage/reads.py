"""The gateway's reads: cases, history, clocks, work, inboxes, rejects, evidence.

Every query takes the agency that asks, and returns only rows in which it has a part (design rule
19, who sees what). So no caller can forget to check. A missing row and another's row look the same.
Limits count rows; places are what a caller kept of the last row it saw.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from casebus.cases.facets.recalls.words import Standing
from storage import sending
from storage.handles import Handle, Row, sole
from storage.heartbeats import BeatDetail, ServiceBeat
from storage.packing import pack_headers, unpack_headers
from storage.queries import load

_SQL = load("reads")
_SIGNATURE = "ce_signature"
#: Seconds that a read may take before it counts as a database that does not answer.
_PATIENCE = 5.0

#: The counters of `figures`: depths, ages in seconds, cases.
FIGURES = (
    "outbox_unsent",
    "outbox_oldest_seconds",
    "submissions_unsent",
    "submissions_oldest_seconds",
    "records_refused",
    "actions_pending",
    "clocks_unconfirmed",
    "cases_suspended",
)

Place = tuple[int, int, int]
"""(epoch, partition, log index)."""


async def case(db: Handle, agency: str, stream: UUID) -> Row | None:
    return await db.fetchrow(_SQL["case"], agency, stream, timeout=_PATIENCE)


async def whole_case(db: Handle, agency: str, stream: UUID) -> dict[str, Any] | None:
    """The case's row with its `titles` and its `clocks`, as those two give them."""
    row = await db.fetchrow(_SQL["whole_case"], agency, stream, timeout=_PATIENCE)
    if row is None:
        return None
    clocks = [{**one, **_moments(one)} for one in row["clocks"] or ()]
    return {**row, "titles": row["titles"] or [], "clocks": clocks}


def _moments(clock: dict[str, Any]) -> dict[str, datetime | None]:
    """The moments that JSON has as text."""
    return {
        name: None if clock[name] is None else datetime.fromisoformat(clock[name])
        for name in ("breach_after", "lapse_after")
    }


async def titles(db: Handle, streams: Collection[UUID]) -> dict[UUID, list[Row]]:
    """The agencies' titles of the matters of these cases, and the recipients of each title."""
    found: dict[UUID, list[Row]] = {stream: [] for stream in streams}
    for row in await _fetch(db, "titles", list(streams)):
        found[row["stream"]].append(row)
    return found


async def has_written(db: Handle, agency: str, stream: UUID) -> bool:
    """True if a case holds an event of the agency, apart from the notes of its intake."""
    return bool(await db.fetchval(_SQL["has_written"], agency, stream, timeout=_PATIENCE))


class GivenNumber(NamedTuple):
    """A number of a case, and the agency that gave it."""

    value: str
    kind: str
    agency: str
    stream: UUID
    procedure: str | None
    status: str | None


async def numbers(
    db: Handle, agency: str, values: Sequence[str], *, figures: bool
) -> list[GivenNumber]:
    """The givers and cases of these numbers (canonical texts), if it sees the `figures`."""
    rows = await _fetch(db, "numbers", agency, list(values), figures)
    return [GivenNumber(**row) for row in rows]


async def knowable(db: Handle, agency: str, streams: Collection[UUID]) -> set[UUID]:
    """The streams that are cases and not secret, or not secret to the agency."""
    if not streams:
        return set()
    return {row["stream"] for row in await _fetch(db, "knowable", agency, list(streams))}


async def history(db: Handle, agency: str, stream: UUID) -> list[Row]:
    """A case's recorded events by legal time, without bodies; an outsider gets only its own."""
    return await _fetch(db, "history", agency, stream)


async def bodies(db: Handle, places: Sequence[Place]) -> dict[Place, Row]:
    """Value and packed headers of journal records."""
    if not places:
        return {}
    rows = await _fetch(db, "bodies", *map(list, zip(*places, strict=True)))
    return {(row["epoch"], row["partition"], row["log_index"]): row for row in rows}


Recalled = dict[UUID, dict[tuple[str, str], Row]]
"""By stream: (source, id) of what was taken back, and the row of the recall."""


async def recalled(db: Handle, streams: Collection[UUID]) -> Recalled:
    """The recalled events of these streams."""
    found: Recalled = {}
    for row in await _fetch(db, "recalled", list(streams)) if streams else ():
        found.setdefault(row["stream"], {})[row["source"], row["id"]] = row
    return found


async def standing(db: Handle, streams: Collection[UUID]) -> dict[UUID, Standing]:
    """The words of these cases that are in force."""
    rows = await _fetch(db, "standing", list(streams)) if streams else ()
    return {
        row["stream"]: Standing(row["numbers"] or [], row["causes"] or {}, row["details"] or {})
        for row in rows
    }


async def clocks(db: Handle, agency: str, stream: UUID) -> list[Row]:
    return await _fetch(db, "clocks", agency, stream)


async def findings(db: Handle, agency: str, stream: UUID) -> list[Row]:
    return await _fetch(db, "findings", agency, stream)


async def titled(db: Handle, streams: Collection[UUID], types: Collection[str]) -> list[Row]:
    """The event that gives each case its title, as `bodies` reads it."""
    return await _fetch(db, "titled", list(streams), list(types))


async def inbox(db: Handle, agency: str, *, seen: Sequence[Place], limit: int) -> list[Row]:
    """The deliveries to a hosted agency past the places it has `seen`, the oldest first."""
    columns = zip(*seen, strict=True) if seen else ((), (), ())
    return await _fetch(db, "inbox", agency, *map(list, columns), limit)


async def inbox_item(db: Handle, agency: str, source: str, event_id: str) -> Row | None:
    return await db.fetchrow(_SQL["inbox_item"], agency, source, event_id, timeout=_PATIENCE)


@dataclass(frozen=True, slots=True)
class UnverifiedGroup:
    """How much was rejected for one reason at one door that no key of the named agency signed."""

    door: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime
    leaves: list[str] | None


class RepeatedSequence(NamedTuple):
    """The first number of a case that a system gave twice, and how many it did."""

    source: str
    stream: UUID
    sequence: int
    id: str
    recorded_at: datetime
    times: int


async def unverified(db: Handle, agency: str) -> list[UnverifiedGroup]:
    """The records that bear the agency's name."""
    return [UnverifiedGroup(**row) for row in await _fetch(db, "unverified", agency)]


async def repeated_numbers(db: Handle, agency: str, limit: int) -> list[RepeatedSequence]:
    """The systems of the agency, by case."""
    rows = await _fetch(db, "repeated_numbers", agency, limit)
    return [RepeatedSequence(**row) for row in rows]


async def event(db: Handle, agency: str, source: str, event_id: str) -> Row | None:
    """The first journaled event of this source and id; `shift` is offset less log index."""
    return await db.fetchrow(_SQL["event"], agency, source, event_id, timeout=_PATIENCE)


async def submission(db: Handle, agency: str, source: str, event_id: str) -> dict[str, Any] | None:
    """A submission of this agency, with the reason if that very record was rejected."""
    row = await db.fetchrow(_SQL["submission"], agency, source, event_id, timeout=_PATIENCE)
    if row is None:
        return None
    signature = dict(unpack_headers(row["headers"])).get(_SIGNATURE, b"")
    about = (source, event_id, row["value"], pack_headers([(_SIGNATURE, signature)]))
    refused = await db.fetchrow(_SQL["rejected_submission"], *about, timeout=_PATIENCE)
    return {**row, **(refused or dict.fromkeys(("reason", "detail", "rejected_at")))}


async def rejected_event(db: Handle, agency: str, source: str, event_id: str) -> Row | None:
    return await db.fetchrow(_SQL["rejected_event"], agency, source, event_id, timeout=_PATIENCE)


async def relayed(db: Handle, epoch: int, partition: int, offset: int) -> Row | None:
    """The first checkpoint whose range of journal offsets holds `offset`."""
    return await db.fetchrow(_SQL["relayed"], epoch, partition, offset, timeout=_PATIENCE)


async def hand_overs(db: Handle, stream: UUID, source: str, event_id: str) -> list[Row]:
    return await _fetch(db, "hand_overs", stream, source, event_id)


async def figures(db: Handle) -> dict[str, float]:
    """Depths and counts for the metrics page."""
    row = sole(await db.fetchrow(_SQL["figures"], timeout=_PATIENCE))
    waiting = asdict(await sending.waiting(db))
    return {name: float(value) for name, value in {**waiting, **row}.items()}


async def heartbeats(db: Handle) -> list[ServiceBeat]:
    return [
        ServiceBeat(row["service"], row["at"], row["seconds"], BeatDetail.from_json(row["detail"]))
        for row in await _fetch(db, "heartbeats")
    ]


async def migrations(db: Handle) -> list[str]:
    return [row["name"] for row in await _fetch(db, "migrations")]


async def _fetch(db: Handle, name: str, *arguments: Any) -> list[Row]:
    rows: list[Row] = await db.fetch(_SQL[name], *arguments, timeout=_PATIENCE)
    return rows
