"""The form of the files in policies/law/thresholds, as written.

Amounts are text with their unit (`3万元`, `500份`), so nobody can read one in a wrong unit. Money
becomes fen, everything else a count.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from casebus.law.models import EventGlob, LawModel, Rule, Title, Word

#: The measures, as event bodies name them. The engine adds `all_gains` (gains from goods and
#: services together) and `conduct` (the act itself, if no amount is asked).
Metric = Literal[
    "illegal_business_amount",
    "illegal_gains",
    "service_gains",
    "all_gains",
    "sales_amount",
    "goods_value",
    "loss_amount",
    "item_count",
    "unsold_count",
    "copy_count",
    "work_count",
    "download_count",
    "click_count",
    "member_count",
    "owner_closed",
    "conduct",
]
MONEY = frozenset(
    {
        "illegal_business_amount",
        "illegal_gains",
        "service_gains",
        "all_gains",
        "sales_amount",
        "goods_value",
        "loss_amount",
    }
)
#: Facts that are true or false; written `是`.
FACTS = frozenset({"owner_closed", "conduct"})
UNITS: dict[str, str] = {
    **dict.fromkeys(MONEY, "元"),
    **dict.fromkeys(FACTS, "是"),
    "item_count": "件",
    "unsold_count": "件",
    "copy_count": "份",
    "work_count": "件",
    "download_count": "次",
    "click_count": "次",
    "member_count": "人",
}
_AMOUNT = re.compile(r"^(\d{1,9})(万)?(元|件|份|次|人)$")
_TEN_THOUSAND = 10_000
_FEN = 100

#: Article of the Criminal Law, as 214 or 219-1.
Offence = Annotated[str, StringConstraints(pattern=r"^\d{3}(-\d)?$")]
Times = Annotated[int, Field(ge=1, le=100)]
#: A kind of right, as event bodies name it: TRADEMARK.
RightWord = Annotated[str, StringConstraints(pattern=r"^[A-Z_]+$")]


def amount(metric: str, text: object) -> int:
    """`3万元` as fen, `500份` as a count, `是` as 1; raises ValueError for another unit."""
    if metric not in UNITS:
        raise ValueError(f"{metric} is no metric")
    if metric in FACTS:
        if text == "是":
            return 1
        raise ValueError(f"{metric} is a fact: 是")
    found = _AMOUNT.match(text) if isinstance(text, str) else None
    if found is None or found[3] != UNITS[metric]:
        raise ValueError(f"{metric} is an amount with the unit {UNITS[metric]}, as 3万元")
    whole = int(found[1]) * (_TEN_THOUSAND if found[2] else 1)
    if not whole:
        raise ValueError(f"{metric}: a standard of nothing is none")
    return whole * _FEN if metric in MONEY else whole


def _amounts(written: Any) -> Any:
    if not isinstance(written, dict):
        return written
    return {metric: amount(str(metric), text) for metric, text in written.items()}


def _money(written: Any) -> Any:
    return [amount("illegal_gains", one) for one in written] if isinstance(written, list) else 0


#: Metric -> fen or count; each of them alone is enough.
Amounts = Annotated[dict[Metric, int], BeforeValidator(_amounts), Field(min_length=1)]
Range = Annotated[tuple[int, int], BeforeValidator(_money)]


class RightCount(LawModel):
    """A number of rights; marks that point to one source count as one (by: source)."""

    at_least: Annotated[int, Field(ge=2, le=100)]
    by: Literal["source", "right"]


class Repeat(LawModel):
    """A repeat within so many years after a punishment for acts of the standard's family."""

    years: Annotated[int, Field(ge=1, le=20)]


class RuleCondition(LawModel):
    """Conditions beside the amount; an empty one always holds."""

    right_count: RightCount | None = None
    repeat: Repeat | None = None


class ThresholdRule(LawModel):
    id: Word
    article: str
    when: RuleCondition = RuleCondition()
    any: Amounts


class Unsold(LawModel):
    """Unsold goods, alone or with sold goods, compared with a multiple of the sales standard.

    The sum counts only if the sold goods alone stay below the standard.
    """

    article: str
    times: Times
    #: Unsold metric -> the sold metric whose standard is multiplied.
    pairs: dict[Metric, Metric]
    #: The rules whose standard is multiplied.
    of: tuple[Word, ...]


class Half(LawModel):
    """Half of the standards of so many different rules."""

    article: str
    at_least: Literal[2] = 2
    of: tuple[Word, ...]


class Tier(LawModel):
    """The aggravated tier: a multiple of all rules, or rules of its own, or both."""

    article: str
    times: Times | None = None
    rules: tuple[ThresholdRule, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.times is None and not self.rules:
            raise ValueError("a tier has times, rules or both")
        return self


class Standard(Rule):
    """The standard of one offence in one version of the law."""

    offence: Offence
    #: Tells apart the variants of one offence that have standards of their own.
    variant: Word | None = None
    #: Used only if the variant is named: its figures would meet the main standard too.
    only_named: bool = False
    #: The first day on which the Criminal Law has the offence in this form; None: before every
    #: version.
    offence_from: dt.date | None = None
    title: Title
    rules: tuple[ThresholdRule, ...] = Field(min_length=1)
    unsold: Unsold | None = None
    half: Half | None = None
    tier2: Tier | None = None

    @model_validator(mode="after")
    def _words_are_known(self) -> Self:
        names = [rule.id for rule in self.rules]
        if len(set(names)) != len(names):
            raise ValueError("two rules have one id")
        for part in (self.unsold, self.half):
            unknown = sorted(set(part.of) - set(names)) if part else []
            if unknown:
                raise ValueError(f"no rule {', '.join(unknown)}")
        return self

    @property
    def name(self) -> str:
        """`213` or `213/services`."""
        return self.offence if self.variant is None else f"{self.offence}/{self.variant}"


class Fine(Rule):
    """The range within which the court usually finds the fine (fen)."""

    #: Times the gains.
    gains_times: tuple[Times, Times]
    #: Per cent of the illegal business amount, if the gains are unknown.
    business_percent: tuple[Times, Times]
    #: The range by tier, if neither is known.
    unknown: dict[Literal[1, 2], Range] = Field(default={})


class Units(Rule):
    """The standard of an organisation is a multiple of that of a person."""

    times: Times


class Accumulation(Rule):
    """Several unpunished acts are added up while they may still be prosecuted."""

    #: Years from the end of an act after which it can no longer be prosecuted.
    limitation_years: Annotated[int, Field(ge=1, le=30)]


class Family(LawModel):
    """Offences for which a punishment for one makes the next a repeat, and the rights they harm."""

    title: Title
    offences: tuple[Offence, ...] = Field(min_length=1)
    rights: tuple[RightWord, ...]


class MetricChoice(LawModel):
    """The metric of a sold thing, and that of an unsold one."""

    sold: Metric
    unsold: Metric


class Fit(Rule):
    """Acts that can be one offence against some rights, and the elements that decide it."""

    offence: Offence
    rights: tuple[RightWord, ...] = Field(min_length=1)
    acts: tuple[Word, ...] = Field(min_length=1)
    #: Only if an item states the act: a right alone does not show it.
    stated: bool = False
    #: The standards that apply then; if none is named, that of the offence alone.
    standards: tuple[str, ...] = ()
    #: Element -> the value that it must have.
    elements: dict[Word, bool] = Field(default={})
    #: `amount`, or a unit of quantity -> metrics.
    counts: dict[Word, MetricChoice]

    @property
    def asked(self) -> tuple[str, ...]:
        return self.standards or (self.offence,)


class Maximum(Rule):
    """The highest prison term (years) of offences, by the tier that is reached."""

    offences: tuple[Offence, ...] = Field(min_length=1)
    years: dict[Literal[1, 2], Annotated[int, Field(ge=1, le=99)]]


class Limitation(Rule):
    """Years after the end of the acts in which a term below so many years can be prosecuted."""

    below: Annotated[int, Field(ge=1, le=100)]
    years: Annotated[int, Field(ge=1, le=30)]


class Ground(Rule):
    """The legal ground, in words, on which a verdict obliges."""

    verdict: Literal["MUST_TRANSFER", "TRANSFER_ON_SUSPICION"]
    title: Title


_Events = tuple[EventGlob, ...]


class Detection(LawModel):
    """The meaning of events: figures, punishments, transfers.

    The fold reads events by these words.
    """

    #: Restate a metric, or add to it.
    restates: _Events = ()
    adds: _Events = ()
    #: Events that give somebody's statement, used until figures are stated.
    alleges: _Events = ()
    #: After these events, by an agency of these sectors, an owed transfer is an omission.
    watched: _Events = ()
    sectors: tuple[Word, ...] = ()
    transfers: _Events = ()
    punishes: _Events = ()
    annuls: _Events = ()
    convicts: _Events = ()
    finalises: _Events = ()
    #: These events close the acts, which are then added to no others.
    settles: _Events = ()
    #: Clocks that start together when a transfer is owed.
    clocks: tuple[str, ...] = ()


class ThresholdFile(LawModel):
    #: Anchors for YAML merge keys. They are not read.
    sources: dict[str, dict[str, object]] = Field(default={})
    families: dict[Word, Family] = Field(default={})
    standards: tuple[Standard, ...] = ()
    fines: tuple[Fine, ...] = ()
    units: tuple[Units, ...] = ()
    accumulation: tuple[Accumulation, ...] = ()
    #: Words for acts and for the elements of a crime.
    acts: dict[Word, Title] = Field(default={})
    elements: dict[Word, Title] = Field(default={})
    fits: tuple[Fit, ...] = ()
    maxima: tuple[Maximum, ...] = ()
    limitations: tuple[Limitation, ...] = ()
    verdicts: tuple[Ground, ...] = ()
    detection: Detection | None = None
