"""Versions of a rule that overlap or leave gaps, and the confidence of each."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Hashable, Iterable, Iterator

from casebus.errors import CasebusError
from casebus.law import models
from casebus.law.checking.book import LawBook, LawProblem, Place
from casebus.law.compiled import ALL
from casebus.law.law import HOLIDAYS

#: The surest comes first.
LEVELS = ("V", "M+", "M~", "M?")
_DAY = dt.timedelta(days=1)
_SAYS_SOMETHING = re.compile(r"[\w（]")
_Versions = Iterable[tuple[Hashable, str, Place, models.Rule]]


def problems(book: LawBook) -> Iterator[LawProblem]:
    yield from _gaps(book, itertools.chain(_transitions(book), _clocks(book), _days_off(book)))
    beside = (_venues(book), _triage(book), _rights(book), _days_off(book))
    yield from _overlaps(book, itertools.chain(*beside))
    for place, rule in book.rules:
        missing = [w for w in ("source", "article") if not _SAYS_SOMETHING.search(getattr(rule, w))]
        if missing:
            yield book.error("no_citation", place, f"{' and '.join(missing)} empty")


def unsure(book: LawBook, least: str) -> Iterator[LawProblem]:
    """Rows whose confidence is below a level; raises CasebusError for an unknown level."""
    if least not in LEVELS:
        raise CasebusError("bad_level", f"{least}: a confidence is one of {', '.join(LEVELS)}")
    for place, rule in book.rules:
        level = rule.confidence.partition("-")[0]
        if LEVELS.index(level) > LEVELS.index(least):
            text = (
                f"{_name(rule)}: {rule.confidence} is below {least} ({rule.source} {rule.article})"
            )
            yield book.warning("unsure", place, text)


def _name(rule: models.Rule) -> str:
    said = getattr(rule, "event", None) or getattr(rule, "id", None) or getattr(rule, "name", None)
    return str(said or type(rule).__name__.lower())


def _gaps(book: LawBook, versions: _Versions) -> Iterator[LawProblem]:
    groups: dict[Hashable, list[tuple[models.Rule, str, Place]]] = {}
    for key, word, place, rule in versions:
        groups.setdefault(key, []).append((rule, word, place))
    for rows in groups.values():
        rows.sort(key=lambda one: one[0].effective_from)
        for (earlier, _, _), (later, word, place) in itertools.pairwise(rows):
            end = earlier.effective_to
            if end is not None and end + _DAY < later.effective_from:
                days = f"{end + _DAY} to {later.effective_from - _DAY}"
                yield book.warning("version_gap", place, f"{word} has no version from {days}")


def _transitions(book: LawBook) -> _Versions:
    for name, file in book.procedures.items():
        for at, row in enumerate(file.transitions):
            word = row.clock or row.event
            for state in file.states if row.from_ == (ALL,) else row.from_:
                yield (name, state, word), word, (name, "transitions", at), row


def _clocks(book: LawBook) -> _Versions:
    for name, file in book.clocks.items():
        for at, row in enumerate(file.clocks):
            key = (row.id, str(sorted(row.when.items())), str(sorted(row.unless.items())))
            yield key, row.id, (name, "clocks", at), row


def _overlaps(book: LawBook, versions: _Versions) -> Iterator[LawProblem]:
    groups: dict[Hashable, list[tuple[models.Rule, str, Place]]] = {}
    for key, word, place, rule in versions:
        groups.setdefault(key, []).append((rule, word, place))
    for rows in groups.values():
        rows.sort(key=lambda one: one[0].effective_from)
        for (earlier, _, _), (later, word, place) in itertools.pairwise(rows):
            if later.effective_from <= (earlier.effective_to or dt.date.max):
                text = f"two versions of {word} are in force on {later.effective_from}"
                yield book.error("overlap", place, text)


def _venues(book: LawBook) -> _Versions:
    for at, row in enumerate(book.venues.venues if book.venues else ()):
        for event in row.events:
            yield (row.id, event), f"{row.id} of {event}", ("venues.yaml", "venues", at), row


def _rights(book: LawBook) -> _Versions:
    for at, row in enumerate(book.rights.rules if book.rights else ()):
        for sector in row.sectors or ("",):
            yield (row.event, sector), row.event, ("rights.yaml", "rules", at), row


def _triage(book: LawBook) -> _Versions:
    for at, row in enumerate(book.triage.rules if book.triage else ()):
        for event in row.events:
            yield (row.id, event), f"{row.id} of {event}", ("triage.yaml", "rules", at), row


def _days_off(book: LawBook) -> _Versions:
    statutory = book.holidays.statutory if book.holidays else None
    for at, row in enumerate(statutory.days if statutory else ()):
        yield row.id, row.id, (HOLIDAYS, "statutory", "days", at), row
