"""The content of province.yaml: how often, how fast and how well a province's agencies act."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

PLAN = Path(__file__).with_name("province.yaml")
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
MONTHS = 12


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Season(_Part):
    months: tuple[Weight, ...]
    weekend: Weight
    holiday: Weight
    before_festival: Weight
    works_on_day_off: Share

    @model_validator(mode="after")
    def _every_month_is_there(self) -> Self:
        if len(self.months) != MONTHS:
            raise ValueError("a year has twelve months")
        return self


class YearPace(_Part):
    """Shares of a period; days if there is no period."""

    first: Share
    last: Share
    shape: tuple[float, float]
    late: Share
    latest: Weight
    days: float
    spread: float
    #: By event name or, without an entry, by domain.
    medians: dict[str, float]

    def median(self, event: str) -> float:
        """Days."""
        return self.medians.get(event, self.medians.get(event.partition(".")[0], self.days))


class Manner(_Part):
    stays: Weight
    common: Weight
    rests: Weight
    again: Share
    owed: Weight
    longest: int
    told: Share
    by_day: Share


class Abroad(_Part):
    share: Share
    sectors: frozenset[str]


class Repeats(_Part):
    share: Share
    pool: int
    rights: int


class CaseKind(_Part):
    """One way in which cases begin."""

    opens: str
    by: str
    share: Weight
    crime: bool = False


class Follow(_Part):
    after: str
    opens: str
    by: str
    share: Share
    crime: bool | None = None


class Mistakes(_Part):
    twice: Share
    out_of_order: Share
    wrong_check_digit: Share
    goods_differ: Share
    nobody_told: Share
    unknown_recipient: Share
    corrected: Share
    skipped: Share
    #: The share of the cases with figures above the standards.
    not_transferred: Share


class YearPlan(_Part):
    province: str
    offices: dict[str, tuple[str, ...]]
    season: Season
    pace: YearPace
    walk: Manner
    abroad: Abroad
    repeats: Repeats
    cases: tuple[CaseKind, ...]
    follows: tuple[Follow, ...]
    #: Events that any procedure records -> their number for each act.
    beside: dict[str, Share]
    #: Event -> the event that must have come at least once more often.
    needs: dict[str, str]
    #: `procedure:event`, `procedure:domain`, event or domain -> weight.
    branches: dict[str, Weight]
    values: dict[str, dict[str | bool, Weight]]
    mistakes: Mistakes

    @classmethod
    def load(cls, path: Path = PLAN) -> Self:
        return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))

    def is_due(self, event: str, done: Mapping[str, int]) -> bool:
        """True if its condition was done, and not answered yet."""
        needed = self.needs.get(event)
        return needed is None or done.get(needed, 0) > done.get(event, 0)

    def weight(self, procedure: str, event: str) -> float | None:
        domain = event.partition(".")[0]
        for name in (f"{procedure}:{event}", event, f"{procedure}:{domain}", domain):
            if name in self.branches:
                return self.branches[name]
        return None

    def kinds(self, cases: int) -> list[CaseKind]:
        """The kind of each case: by shares; if there are enough cases, every kind occurs."""
        whole = sum(one.share for one in self.cases)
        exact = [one.share * cases / whole for one in self.cases]
        counts = [max(int(each), 1) for each in exact]
        by_rest = sorted(range(len(exact)), key=lambda at: counts[at] - exact[at])
        for at in by_rest[: max(cases - sum(counts), 0)]:
            counts[at] += 1
        kinds = [one for one, count in zip(self.cases, counts, strict=True) for _ in range(count)]
        # Too many if few cases were asked for: drop the commonest.
        while len(kinds) > cases:
            at = max(range(len(counts)), key=counts.__getitem__)
            counts[at] -= 1
            kinds.remove(self.cases[at])
        return kinds
