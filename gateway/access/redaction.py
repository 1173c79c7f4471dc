"""The part of a case that the caller may see: its role, the level of an event, hidden fields."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from casebus.cases import facets
from casebus.cases.facets import Facet
from casebus.cases.facets.links import FIELDS
from casebus.cases.open_regions import ABSORBED
from casebus.cases.reporting import FOLD_SUSPENDED
from casebus.cases.state import NO_CASE, UNOPENED
from casebus.cases.visibility import Access, Viewer, shown
from casebus.events.envelope import agency_of
from casebus.events.schemas import Schema
from casebus.events.topics import ADMIN
from casebus.rows import RowLike

#: Used in place of fields: all of them.
ALL = "*"
#: Lists of the fold's view for which a case's detail has fields of their own.
_SHOWN_BY = {name: facet for facet in facets.FACETS for name in facet.lists}
LISTS = tuple(_SHOWN_BY)
#: States that no procedure names: closed, merged into another, not opened, no case, not folded.
STATUSES = ("restricted", ABSORBED[0], UNOPENED, NO_CASE, FOLD_SUSPENDED)
#: A stranger to the procedures of a secret case sees this and nothing else.
_SHOWN_OF_SECRET = {
    "status": "restricted",
    "numbers": [],
    "title": "",
    "title_en": "",
    "matter_titles": [],
    "regions": [],
}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
#: Fields that name a case but none of its states, for another case that the viewer may know.
_NAMES = ("stream", "source", "number")
#: Fields of bodies that name other cases.
_LINKING = (*sorted(set(FIELDS.values())), "links")


class TakenBack(NamedTuple):
    """The rest of an event after recalls: nothing of its body, or all but these fields."""

    whole: bool = False
    fields: frozenset[str] = frozenset()


NOTHING = TakenBack()


class Seen(NamedTuple):
    """An event's body and legal time as one caller sees them."""

    data: dict[str, Any]
    legal_time: str
    withheld: list[str]
    #: True if its author has taken it back, or took back the event that it corrects.
    recalled: bool = False


def viewer_of(agency: str, sector: str, view: dict[str, Any]) -> Viewer:
    """An agency with a part in the case as a viewer of it; `view` is the fold's."""
    # A case that no procedure opened, or that no fold could read, shows its subject to nobody.
    secret = bool(view.get("secrecy")) or not view.get("regions")
    return Viewer(agency, sector, agency in view.get("team", ()), secret)


def is_closed(viewer: Viewer) -> bool:
    """True if the viewer sees only that the case exists, its kind and its month."""
    return viewer.is_secret and not viewer.has_role


def is_operator(viewer: Viewer) -> bool:
    """True if it looks after the installation: it sees everything of every case but the bodies."""
    return viewer.agency == ADMIN


def lists_of(viewer: Viewer, access: Access) -> tuple[str, ...]:
    """The lists of a case's view that the viewer sees."""
    return tuple(name for name in LISTS if sees(viewer, access, _SHOWN_BY[name]))


def sees(viewer: Viewer, access: Access, facet: type[Facet[Any]]) -> bool:
    """True if the viewer sees a facet's part of the view: figures and duties are for agencies."""
    if facet.seen_at is None or is_closed(viewer):
        return False
    return facet.for_operators if is_operator(viewer) else access.reaches(viewer, facet.seen_at)


def known_of(viewer: Viewer, access: Access, view: Mapping[str, Any]) -> dict[str, Any]:
    """The facets that the viewer sees and for which a case's detail has no own field."""
    return {
        facet.name: view[facet.name]
        for facet in facets.FACETS
        if facet.name in view and facet.name not in LISTS and sees(viewer, access, facet)
    }


def sees_figures(viewer: Viewer, access: Access) -> bool:
    """True if it sees figures, duties and numbers: agencies, and holders of a role."""
    if is_closed(viewer):
        return False
    return is_operator(viewer) or access.reaches(viewer, "AGENCY")


def of_finding(agency: str, finding: dict[str, Any]) -> dict[str, Any]:
    """A finding as shown: its detail may quote a body."""
    return {**finding, "detail": {}} if agency == ADMIN else finding


def of_case(
    viewer: Viewer,
    access: Access,
    summary: dict[str, Any],
    titles: Iterable[RowLike],
) -> dict[str, Any]:
    """A case's summary as the viewer sees it; `titles` are the agencies' names of its matter."""
    summary = {**summary, "matter_titles": titles_of(viewer, access, titles)}
    if not is_closed(viewer):
        return summary if sees_figures(viewer, access) else {**summary, "numbers": []}
    opened = summary["opened_at"]
    month = opened and month_of(opened)
    hidden = {**summary, **_SHOWN_OF_SECRET, "opened_at": month}
    if not summary["procedure"]:
        # The fact that nothing opened it, or that no fold could read it, does not show its subject.
        return {**hidden, "status": summary["status"]}
    return {**hidden, "updated_at": month or _BEGINNING}


def titles_of(viewer: Viewer, access: Access, titles: Iterable[RowLike]) -> list[str]:
    """The agencies' names of the matter, if the viewer sees this field of their events.

    `storage.searching` finds a case by the same names.
    """
    if is_closed(viewer) or is_operator(viewer):
        return []
    all_of_them = sees_figures(viewer, access)
    return list(
        dict.fromkeys(
            one["title"]
            for one in titles
            if all_of_them or viewer.agency in {one["agency"], *one["recipients"]}
        )
    )


def month_of(moment: datetime) -> datetime:
    return moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def links_of(
    links: Iterable[dict[str, Any]], agency: str, known: Collection[UUID]
) -> list[dict[str, Any]]:
    """Links to other cases. Only its author sees the name of a case not `known` to the viewer.

    A case that does not exist is not known either: the two look the same.
    """
    return [
        one
        if agency_of(one["event"]["source"]) == agency or _names_known(one, known)
        else {**one, **dict.fromkeys(_NAMES, "")}
        for one in links
    ]


def _names_known(link: Mapping[str, Any], known: Collection[UUID]) -> bool:
    """True if it names no stream or a known one."""
    return not link.get("stream") or _stream_of(link) in known


def _stream_of(link: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(str(link.get("stream") or ""))
    except ValueError:
        return None


def of_event(
    viewer: Viewer,
    access: Access,
    schema: Schema,
    body: dict[str, Any],
    *,
    row: RowLike,
    legal: str,
    known: Collection[UUID] = (),
    taken: TakenBack = NOTHING,
) -> Seen:
    """An event's body as the viewer sees it; `row` names author and recipients.

    For cases that are not `known` to the viewer, only author and recipients see the names. Only its
    author sees fields that were `taken` back.
    """
    if is_operator(viewer):
        return Seen({}, legal, [ALL], recalled=taken.whole)
    level = access.level(viewer, row["author"], row["recipients"])
    if level is None:
        return Seen({}, legal[: len("2026-03")], [ALL])
    if taken.whole and viewer.agency != row["author"]:
        return Seen({}, legal, [ALL], recalled=True)
    seen = shown(schema.tree, body, level)
    unknown = set() if level == "RESTRICTED" else set(_unknown(seen.data, known))
    unknown |= taken.fields & seen.data.keys()
    data = {name: value for name, value in seen.data.items() if name not in unknown}
    return Seen(data, legal, [*seen.withheld, *sorted(unknown)], recalled=taken.whole)


def linked(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The parts of a body that name other cases."""
    for name in _LINKING:
        value = data.get(name)
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield one


def streams_of(links: Iterable[Mapping[str, Any]]) -> set[UUID]:
    return {stream for one in links if (stream := _stream_of(one)) is not None}


def _unknown(data: Mapping[str, Any], known: Collection[UUID]) -> Iterator[str]:
    for name in _LINKING:
        if not all(_names_known(one, known) for one in linked({name: data.get(name)})):
            yield name
