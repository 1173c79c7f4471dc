"""Events that have no schema, no procedure or no author."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from casebus.events.doors import BUS
from casebus.law import models
from casebus.law.checking.book import LawBook, LawProblem, Place
from casebus.law.compiled import ANY_ROLE

_SECTORS = "sectors.yaml"


def problems(book: LawBook) -> Iterator[LawProblem]:
    for place, event in _named(book):
        if event not in book.schemas:
            yield book.error("unknown_event", place, f"{event} has no schema")
    known: dict[str, bool] = {}
    for place, glob in _globs(book):
        if glob not in known:
            known[glob] = any(fnmatchcase(name, glob) for name in book.schemas)
        if not known[glob]:
            yield book.error("unknown_event", place, f"{glob} is no event that has a schema")
    yield from _without_author(book)
    yield from _without_procedure(book)


def _named(book: LawBook) -> Iterator[tuple[Place, str]]:
    """Every event that a file names in full."""
    for name, acts in book.acts.items():
        for at, act in enumerate(acts.acts):
            yield from _each((name, "acts", at, "events"), act.events)
    for name, file in book.procedures.items():
        for at, row in enumerate(file.transitions):
            yield (name, "transitions", at), row.event
        for word, duty in file.duties.items():
            for action, event in duty.actions.items():
                yield (name, "duties", word, "actions", action), event
    yield from _named_by_rules(book)


def _named_by_rules(book: LawBook) -> Iterator[tuple[Place, str]]:
    for at, common in enumerate(book.common.recorded if book.common else ()):
        yield from _each(("common.yaml", "recorded", at, "events"), common.events)
    for at, venue in enumerate(book.venues.venues if book.venues else ()):
        yield from _each(("venues.yaml", "venues", at, "events"), venue.events)
    for at, triage in enumerate(book.triage.rules if book.triage else ()):
        yield from _each(("triage.yaml", "rules", at, "events"), triage.events)
    for at, right in enumerate(book.rights.rules if book.rights else ()):
        yield ("rights.yaml", "rules", at, "event"), right.event


def _globs(book: LawBook) -> Iterator[tuple[Place, str]]:
    """Every glob that names the events of a domain."""
    for name, file in book.procedures.items():
        yield from _each((name, "neutral"), file.neutral)
    if book.common:
        yield from _each(("common.yaml", "neutral"), book.common.neutral)
    for name, thresholds in book.thresholds.items():
        for word, said in (thresholds.detection or models.LawModel()).__dict__.items():
            if word not in ("sectors", "clocks"):
                yield from _each((name, "detection", word), said)
    for sector, row in book.sectors.sectors.items():
        for at, grant in enumerate(row.emits):
            yield from _each((_SECTORS, "sectors", sector, "emits", at, "types"), grant.types)


def _each(place: Place, words: Iterable[str]) -> Iterator[tuple[Place, str]]:
    for at, word in enumerate(words):
        yield (*place, at), word


def _without_author(book: LawBook) -> Iterator[LawProblem]:
    told: set[str] = set()
    for name, file in book.procedures.items():
        for at, row in enumerate(file.transitions):
            place: Place = (name, "transitions", at)
            may = set(book.emitters(row.event))
            if not may:
                told.add(row.event)
                yield book.error("no_author", place, f"no sector may emit {row.event}")
                continue
            for role in row.by:
                sectors = set(file.roles[role].sectors) if role in file.roles else may
                if role not in (ANY_ROLE, BUS) and not sectors & may:
                    text = f"{role} has {row.event}, which none of its sectors may emit"
                    yield book.error("no_author", place, text)
    for event in sorted(book.schemas.keys() - told):
        if not book.emitters(event):
            yield book.error("no_author", (_SECTORS,), f"no sector may emit {event}")


def _without_procedure(book: LawBook) -> Iterator[LawProblem]:
    """Problems with events that an agency may send. The bus's own events need no procedure."""
    beside = {glob for file in book.procedures.values() for glob in file.neutral}
    for event in sorted(book.schemas.keys() - book.law.known_events):
        agencies = set(book.emitters(event)) - {BUS}
        if not agencies or book.law.is_beside(event):
            continue
        if not any(fnmatchcase(event, glob) for glob in beside):
            text = f"{event} stands in no procedure: it is recorded as out of procedure"
            yield book.warning("no_procedure", (_SECTORS,), text)
