"""The result of a verification: counts of what was compared, and every disagreement."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

#: The most disagreements of one kind that are named; the rest are counted.
MOST_NAMED = 20


@dataclass(slots=True)
class Disagreement:
    """One kind of disagreement, the number of times it was seen, and the places."""

    code: str
    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass(slots=True)
class WorkPart:
    """A part of the work: the number of records read for it, and its time."""

    name: str
    records: int = 0
    bytes: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class VerifyReport:
    """`counts` are the numbers of compared things; without problems everything agrees."""

    counts: dict[str, int] = field(default_factory=dict)
    problems: dict[str, Disagreement] = field(default_factory=dict)
    #: Faults of agencies' own systems. They must mend them, and nothing was altered here.
    notices: dict[str, Disagreement] = field(default_factory=dict)
    parts: list[WorkPart] = field(default_factory=list)

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def problem(self, code: str, place: str, times: int = 1) -> None:
        _add(self.problems, code, place, times)

    def notice(self, code: str, place: str) -> None:
        _add(self.notices, code, place, 1)

    def add(self, other: VerifyReport) -> None:
        """The result of another process for its part of the work."""
        for what, number in other.counts.items():
            self.count(what, number)
        for ours, theirs in ((self.problems, other.problems), (self.notices, other.notices)):
            for one in theirs.values():
                for place in one.places:
                    _add(ours, one.code, place, 1)
                ours[one.code].count += one.count - len(one.places)

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "counts": self.counts,
            "problems": [asdict(one) for one in self.problems.values()],
            "notices": [asdict(one) for one in self.notices.values()],
            "parts": [asdict(one) for one in self.parts],
        }


def _add(found: dict[str, Disagreement], code: str, place: str, times: int) -> None:
    one = found.setdefault(code, Disagreement(code))
    one.count += times
    if len(one.places) < MOST_NAMED:
        one.places.append(place)
