"""Identifiers that an event's body gives: each wrong one is a finding for its author.

It is never more than a finding (domain: a mistyped paper number keeps its effect). The finding
names kind, place and fault. It does not repeat the digits of a natural person's number.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from casebus.cases import body
from casebus.cases.event import CaseEvent
from casebus.cases.facets.facet import ReadFacet
from casebus.cases.reporting import DATA_QUALITY
from casebus.events.identifiers import identify
from casebus.law import Law
from casebus.law.divisions import Divisions

_PARTIES = (
    "suspects",
    "right_holders",
    "parties",
    "respondents",
    "complainant",
    "acting",
    "seller",
    "organisation",
)
_PLACES = ("place", "act_place")
_RIGHTS = {
    "TRADEMARK": "trademark",
    "INVENTION": "patent",
    "UTILITY_MODEL": "patent",
    "DESIGN": "patent",
    "SOFTWARE": "software_no",
}
_NUMBERS = frozenset({"case_no", "penalty_no"})
_PERSONAL = "resident_id"
#: Fields that can hold an identifier.
_CHECKED = frozenset({*_PARTIES, *_PLACES, "rights", "numbers"})


class _Given(NamedTuple):
    where: str
    kind: str
    raw: str


class _Wrong(NamedTuple):
    given: _Given
    problem: str


class IdentifiersFacet(ReadFacet[tuple[()]]):
    """Keeps nothing of them except the findings."""

    name = "identifiers"
    seen_at = None

    @classmethod
    def read(cls, event: CaseEvent, law: Law) -> list[_Wrong] | None:
        """The fault in its form, in its check digit, or by the list of divisions."""
        data = event.data
        if _CHECKED.isdisjoint(data):
            return None
        return list(_wrong(data, law.divisions)) or None

    def take(self, event: CaseEvent, said: list[_Wrong]) -> None:
        for given, problem in said:
            detail = {"reason": problem, "identifier": given.kind, "field": given.where}
            if given.kind != _PERSONAL:
                detail["value"] = given.raw
            about = f"{given.where}\x1f{given.raw}"
            self.setting.findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about=about)

    def known(self) -> tuple[()]:
        return ()


def _wrong(data: dict[str, Any], divisions: Divisions) -> Iterator[_Wrong]:
    for given in _given(data):
        if problem := identify(given.kind, given.raw).problem:
            yield _Wrong(given, problem)
    for name in _PLACES:
        place = data.get(name)
        code = body.text(place, "code") if isinstance(place, dict) else ""
        if code and divisions.get(code) is None:
            yield _Wrong(_Given(f"{name}.code", "division", code), "unknown")


def _given(data: dict[str, Any]) -> list[_Given]:
    """A list; no call for empty values, because each event of each fold comes here."""
    found: list[_Given] = []
    for name in _PARTIES:
        if parties := data.get(name):
            for row in _rows(parties):
                found += _of_party(name, row)
    if rights := data.get("rights"):
        for row in _rows(rights):
            if kind := _RIGHTS.get(body.text(row, "kind")):
                found.append(_Given("rights.number", kind, _either(row, "number_raw", "number")))
    if numbers := data.get("numbers"):
        for row in _rows(numbers):
            if (kind := body.text(row, "kind")) in _NUMBERS:
                found.append(_Given("numbers", kind, body.text(row, "value")))
    return found


def _of_party(name: str, row: dict[str, Any]) -> Iterator[_Given]:
    organisation = row.get("organisation", row)
    if isinstance(organisation, dict):
        yield _Given(f"{name}.uscc", "uscc", _either(organisation, "uscc_raw", "uscc"))
    if body.text(row, "id_kind") == "ric":
        yield _Given(f"{name}.id_number", _PERSONAL, body.text(row, "id_number"))


def _either(row: dict[str, Any], first: str, second: str) -> str:
    return body.text(row, first) or body.text(row, second)


def _rows(value: Any) -> list[dict[str, Any]]:
    """A list of records, or one record alone."""
    rows = value if isinstance(value, list) else [value]
    return [row for row in rows if isinstance(row, dict)]
