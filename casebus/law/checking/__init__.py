"""Errors and odd rules in a law that can be used, for `casebus law check`.

Pure. Loading refuses a law that cannot be used at all. This check names the places that a lawyer
should look at.

Owns the problems that it names. Touches law and events, with pydantic.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from casebus.events.schemas import Schema
from casebus.law.checking import acts, clocks, events, paths, silence, states, versions
from casebus.law.checking.book import LawBook, LawProblem

__all__ = ["LawBook", "LawProblem", "check"]

_CHECKS = (
    events.problems,
    states.problems,
    clocks.problems,
    silence.problems,
    versions.problems,
    paths.problems,
    acts.problems,
)


def check(
    files: Mapping[str, bytes], schemas: Iterable[Schema], *, least: str | None = None
) -> list[LawProblem]:
    """The problems, errors first, then by file and line. Raises LawError if the law cannot be used.

    `least` is a confidence (V, M+, M~). Rows of a lower confidence are listed too.
    """
    book = LawBook(files, schemas)
    found = [one for problems in _CHECKS for one in problems(book)]
    if least:
        found += versions.unsure(book, least)
    return sorted(set(found))
