"""policies/statistics/indicators.yaml as typed models."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from casebus.errors import CasebusError
from casebus.law import loader
from casebus.law.models import EventName, LawModel, Title, Word

FILE = "indicators.yaml"
#: The dimensions of figures; `value` is the field that the indicator names.
DIMENSIONS = (
    "month",
    "division",
    "city",
    "province",
    "agency",
    "sector",
    "offence",
    "right",
    "value",
)

_Paragraph = Annotated[str, StringConstraints(pattern=r"^（[一二三四五六七八九十]+）$")]


class Indicator(LawModel):
    """One figure: which events are counted, and what makes a share of them."""

    id: Word
    title: Title
    kind: Literal["count", "sum", "share", "median", "stock", "steps"]
    unit: Literal["case", "event"] = "case"
    events: tuple[EventName, ...] = ()
    where: dict[str, list[str]] = Field(default={})
    followed_by: tuple[EventName, ...] = ()
    followed_where: dict[str, list[str]] = Field(default={})
    within_days: Annotated[int, Field(gt=0)] | None = None
    sent_to: Literal["other_city", "other_province"] | None = None
    value: str = ""
    amount: str = ""
    paragraph: _Paragraph
    #: The exact thing that is counted, if the title leaves it open.
    definition: Title | None = None

    @model_validator(mode="after")
    def _says_what_its_kind_needs(self) -> Self:
        if bool(self.events) == (self.kind == "steps"):
            raise ValueError("every kind but steps counts `events`")
        if self.kind in {"share", "median", "stock"} and not (self.followed_by or self.sent_to):
            raise ValueError(f"a {self.kind} needs `followed_by`")
        if (self.kind == "sum") != bool(self.amount):
            raise ValueError("`amount` is what a sum adds up")
        return self


class IndicatorFile(LawModel):
    #: Sectors that may read shared figures: the others need a legal basis of their own.
    shared_with: tuple[Word, ...]
    indicators: tuple[Indicator, ...]

    @model_validator(mode="after")
    def _each_id_once(self) -> Self:
        ids = [one.id for one in self.indicators]
        if len(ids) != len(set(ids)):
            raise ValueError("an id stands twice")
        return self


class Indicators(NamedTuple):
    """The indicators in force; `digest` is the SHA-256 of their file."""

    digest: str
    shared_with: frozenset[str]
    by_id: dict[str, Indicator]

    @classmethod
    def load(cls, folder: Path) -> Indicators:
        """Read policies/statistics; raises LawError naming file, line and reason."""
        files = loader.read(folder)
        known = loader.parse(files, FILE, IndicatorFile)
        digest = hashlib.sha256(files[FILE]).hexdigest()
        shared_with = frozenset(known.shared_with)
        return cls(digest, shared_with, {one.id: one for one in known.indicators})

    def named(self, ids: Iterable[str]) -> list[Indicator]:
        """Those asked for, or all; raises CasebusError `unknown_indicator`."""
        wanted = list(ids) or list(self.by_id)
        missing = [one for one in wanted if one not in self.by_id]
        if missing:
            raise CasebusError("unknown_indicator", ", ".join(missing))
        return [self.by_id[one] for one in dict.fromkeys(wanted)]
