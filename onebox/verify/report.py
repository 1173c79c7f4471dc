"""What a verification found: counts of what was compared, and every disagreement."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

#: Disagreements of one kind that are named; the rest are counted.
MOST_NAMED = 20


@dataclass(slots=True)
class Problem:
    """One kind of disagreement, how often it was seen, and where."""

    code: str
    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Report:
    """`counts` says how much was compared; without problems everything agrees."""

    counts: dict[str, int] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)

    def count(self, what: str, number: int = 1) -> None:
        self.counts[what] = self.counts.get(what, 0) + number

    def problem(self, code: str, place: str) -> None:
        found = self.problems.setdefault(code, Problem(code))
        found.count += 1
        if len(found.places) < MOST_NAMED:
            found.places.append(place)

    @property
    def ok(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "counts": self.counts,
            "problems": [asdict(one) for one in self.problems.values()],
        }
