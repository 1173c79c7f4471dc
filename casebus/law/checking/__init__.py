"""What is wrong or odd in a law that can be used: `casebus law check`.

Pure. Loading refuses what cannot be used at all; this tells what a lawyer should look at.
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
    """Errors first, then by file and line; raises LawError where the law cannot be used.

    `least` is a confidence (V, M+, M~): rows that we are less sure of are told.
    """
    book = LawBook(files, schemas)
    found = [one for problems in _CHECKS for one in problems(book)]
    if least:
        found += versions.unsure(book, least)
    return sorted(set(found))
