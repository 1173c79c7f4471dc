"""The differences, in words, of one case derived by two laws or by two folds. Pure.

It compares views, as `Case.to_json` gives them and the rows keep them. So the result of an older
fold is compared as it was written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from casebus.cases import facets
from casebus.cases.facets import Facet

View = Mapping[str, Any]


class Difference(NamedTuple):
    #: status, clock, breach, finding, assessment or copy.
    kind: str
    #: The region, clock, event or rule.
    what: str
    before: str
    after: str

    def to_json(self) -> dict[str, str]:
        return self._asdict()


def differences(before: View, after: View, until: dt.datetime) -> list[Difference]:
    """The differences of a case, seen from an aware moment. Each facet says what it compares."""
    return [one for facet in facets.FACETS for one in _of(facet, before, after, until)]


def _of(
    facet: type[Facet[Any]], before: View, after: View, until: dt.datetime
) -> Iterator[Difference]:
    ones, others = _said(facet, before, until), _said(facet, after, until)
    for kind, what in sorted({*ones, *others}):
        one, other = ones.get((kind, what), ""), others.get((kind, what), "")
        if one != other:
            yield Difference(kind, what, one, other)


def _said(facet: type[Facet[Any]], view: View, until: dt.datetime) -> dict[tuple[str, str], str]:
    return {(one.kind, one.what): one.said for one in facet.compares(view, until)}
