"""The text of the one search box: an id, a name, a code, a number, or words of a title."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from unicodedata import normalize
from uuid import UUID

from casebus.events.identifiers import FORM, identify
from casebus.events.traces import trace_id
from casebus.trust.directory import Agency

#: If a part of a name is this long and only one agency has it, that agency is meant.
_TELLING = 4


class Guess(NamedTuple):
    """`kind` says it in words (`search.by.KIND`)."""

    kind: str
    condition: Mapping[str, str]
    #: By its form alone. Any other kind is right only if it finds something.
    certain: bool = False


def guesses(typed: str, agencies: Iterable[Agency]) -> Iterator[Guess]:
    """The possible kinds, the likeliest first. The last one always fits."""
    ids = list(_ids(typed))
    if ids:
        # An id without a result is unknown; it is no word of a title.
        yield from [*ids, Guess("id", {"event": typed}, certain=True)]
        return
    if (agency := _agency(typed, agencies)) is not None:
        yield Guess("agency", {"agency": agency.id}, certain=True)
    code = identify("uscc", typed)
    if code.canonical and code.problem != FORM:
        yield Guess("organisation", {"organisation": typed}, certain=True)
    yield Guess("number", {"number": typed})
    if typed.isascii() and not typed.isalpha() and " " not in typed:
        yield Guess("event", {"event": typed})
    yield Guess("title", {"title": typed}, certain=True)


def uuid_of(typed: str) -> UUID | None:
    try:
        return UUID(typed)
    except ValueError:
        return None


def named(text: str, agencies: Iterable[Agency]) -> list[Agency]:
    """The agency with this id, else those with this name, else those whose names hold it."""
    wanted, known = _plain(text), list(agencies)
    for fits in (
        [one for one in known if one.id == text.strip()],
        [one for one in known if _plain(one.name) == wanted],
        [one for one in known if wanted and wanted in _plain(one.name)],
    ):
        if fits:
            return fits
    return []


def _ids(typed: str) -> Iterator[Guess]:
    if (name := uuid_of(typed)) is not None:
        yield from (Guess("event", {"event": one}) for one in dict.fromkeys((typed, str(name))))
    if (trace := trace_id(typed)) is not None:
        yield Guess("trace", {"trace": trace})


def _agency(typed: str, agencies: Iterable[Agency]) -> Agency | None:
    fits = named(typed, agencies)
    if len(fits) != 1:
        return None
    whole = typed in (fits[0].id, fits[0].name) or _plain(typed) == _plain(fits[0].name)
    return fits[0] if whole or len(typed) >= _TELLING else None


def _plain(text: str) -> str:
    return "".join(normalize("NFKC", text).casefold().split())
