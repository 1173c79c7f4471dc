"""What the caller may see of a case: its role there, the level of an event, what is left out."""

from __future__ import annotations

from typing import Any, NamedTuple

from casebus.cases.visibility import Access, Viewer, shown
from casebus.events.schemas import Schema

#: In the place of fields: all of them.
ALL = "*"
#: Lists of the fold's view that a case's detail shows as they are.
LISTS = ("regions", "findings", "work", "copies", "proposals", "assessments", "links", "origins")
_AGENCIES = frozenset({"AGENCY", "CASE_TEAM", "RESTRICTED"})
#: Of a secret case a stranger to its procedures sees this and nothing else.
_SHOWN_OF_SECRET = {"status": "restricted", "numbers": [], "title": "", "regions": []}


class Seen(NamedTuple):
    """An event's body and legal time as one caller sees them."""

    data: dict[str, Any]
    legal_time: str
    withheld: list[str]


def viewer_of(agency: str, sector: str, view: dict[str, Any], access: Access) -> Viewer:
    """How an agency that has a part in a case looks at it; `view` is the fold's."""
    regions = view.get("regions") or []
    # What no procedure opened, or no fold could read, says of itself to nobody what it is about.
    secret = access.is_secret(view.get("secrecy") or ()) or not regions
    return Viewer(agency, sector, agency in view.get("team", ()), secret)


def is_closed(viewer: Viewer) -> bool:
    """Whether the viewer sees of the case only that it is there, of which kind, in which month."""
    return viewer.is_secret and not viewer.has_role


def lists_of(viewer: Viewer, access: Access) -> tuple[str, ...]:
    """The lists of a case's view that the viewer sees: figures and duties are for agencies."""
    return LISTS if sees_figures(viewer, access) else LISTS[:1]


def sees_figures(viewer: Viewer, access: Access) -> bool:
    """Figures, duties and numbers are for agencies, and for who holds a role."""
    return viewer.has_role or access.sectors.get(viewer.sector) in _AGENCIES


def of_case(viewer: Viewer, access: Access, summary: dict[str, Any]) -> dict[str, Any]:
    """A case's summary as the viewer sees it."""
    if not is_closed(viewer):
        return summary if sees_figures(viewer, access) else {**summary, "numbers": []}
    opened = summary["opened_at"]
    month = opened and opened.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    hidden = {**summary, **_SHOWN_OF_SECRET, "opened_at": month}
    # That nothing opened it, or no fold could read it, says nothing of what it is about.
    return hidden if summary["procedure"] else {**hidden, "status": summary["status"]}


def of_event(
    viewer: Viewer, access: Access, schema: Schema, body: dict[str, Any], *, row: Any, legal: str
) -> Seen:
    """An event's body as the viewer sees it; `row` names author and recipients."""
    level = access.level(viewer, row["author"], row["recipients"])
    if level is None:
        return Seen({}, legal[: len("2026-03")], [ALL])
    seen = shown(schema.body, body, level)
    return Seen(seen.data, legal, list(seen.withheld))
