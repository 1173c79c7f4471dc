"""The known figures of an act, and the decisions about earlier acts."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, fields

_CHINESE = {
    "二百一十三": "213",
    "二百一十四": "214",
    "二百一十五": "215",
    "二百一十六": "216",
    "二百一十七": "217",
    "二百一十八": "218",
    "二百一十九": "219",
}
_ARTICLE = re.compile(r"(?<!\d)(\d{3})(?!\d)条?(\s*(?:-\s*1|之一))?(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of an act. Money is in fen. None means unknown, which never counts as zero.

    `illegal_gains` are the gains from goods. `service_gains` are the gains from services beside
    them.
    """

    illegal_business_amount: int | None = None
    illegal_gains: int | None = None
    service_gains: int | None = None
    sales_amount: int | None = None
    #: Value of unsold goods.
    goods_value: int | None = None
    loss_amount: int | None = None
    #: Labels that were made or sold.
    item_count: int | None = None
    #: Labels or copies that are not sold yet.
    unsold_count: int | None = None
    copy_count: int | None = None
    work_count: int | None = None
    download_count: int | None = None
    click_count: int | None = None
    member_count: int | None = None
    #: The loss directly closed the owner's business.
    owner_closed: bool = False
    #: Marks that point to different sources, and the number of single rights.
    right_sources: int | None = None
    right_numbers: int | None = None
    #: Devices or services that break protection measures.
    circumvention: bool = False
    #: The suspect is an organisation.
    organisation: bool = False
    #: An officer finds a reasonable suspicion that only police measures can settle (310, 3 II).
    suspicion: bool = False
    #: Totals over things of several kinds. Two of them are never compared together.
    mixed: bool = False

    def value(self, metric: str) -> int | None:
        """The value of a metric of the law files, including derived metrics."""
        if metric == "conduct":
            return 1
        if metric == "all_gains":
            return self.illegal_gains_and_services
        if metric == "illegal_business_amount":
            return self.business
        known = getattr(self, metric)
        return None if known is None else max(int(known), 0)

    @property
    def illegal_gains_and_services(self) -> int | None:
        """Gains from goods and services together; None if no service is among them."""
        if not self.service_gains:
            return None
        return max(self.service_gains, 0) + max(self.illegal_gains or 0, 0)

    @property
    def business(self) -> int | None:
        """The illegal business amount.

        It covers goods made, stored and sold, so never less than these two.
        """
        parts = [self.illegal_business_amount, _sum(self.sales_amount, self.goods_value)]
        known = [one for one in parts if one is not None]
        return max(0, *known) if known else None

    def bare(self) -> Figures:
        """The facts of the case as a whole, without any amount or count."""
        return Figures(
            owner_closed=self.owner_closed,
            organisation=self.organisation,
            suspicion=self.suspicion,
        )

    def __bool__(self) -> bool:
        """True if a standard could measure anything here."""
        return any(getattr(self, name) for name in _MEASURED)

    def plus(self, other: Figures) -> Figures:
        """The figures of two acts together. Facts hold for both; rights are not counted twice."""
        both: dict[str, int | bool | None] = {}
        for name in _ALL:
            mine, theirs = getattr(self, name), getattr(other, name)
            if name in _LARGER:
                both[name] = max((one for one in (mine, theirs) if one is not None), default=None)
            else:
                both[name] = mine or theirs if isinstance(mine, bool) else _sum(mine, theirs)
        return Figures(**both)  # type: ignore[arg-type]  # each name keeps its own type


_ALL = tuple(one.name for one in fields(Figures))
_LARGER = frozenset({"right_sources", "right_numbers"})
_MEASURED = tuple(
    name for name in _ALL if name not in {*_LARGER, "circumvention", "organisation", "mixed"}
)
#: Names of the amounts and counts, as event bodies use them.
AMOUNTS = tuple(
    one.name for one in fields(Figures) if one.type == "int | None" and one.name not in _LARGER
)


@dataclass(frozen=True, slots=True, order=True)
class ActDays:
    """First and last day of the acts; the last one chooses the version of the law."""

    first: dt.date
    last: dt.date

    @classmethod
    def on(cls, day: dt.date) -> ActDays:
        return cls(day, day)


@dataclass(frozen=True, slots=True, order=True)
class Sanction:
    """A penalty or a judgment for acts of one family, with the event that recorded it."""

    family: str
    decided_on: dt.date
    #: `administrative` or `criminal`.
    kind: str
    stream: str = ""
    source: str = ""
    id: str = ""


def offence_of(text: str) -> str | None:
    """The article: `214` for `刑法第二百一十四条` or `第214条`, `219-1` for `219条之一`."""
    for chinese, digits in _CHINESE.items():
        text = text.replace(chinese, digits)
    found = _ARTICLE.search(text)
    if found is None:
        return None
    return f"{found[1]}-1" if found[2] else found[1]


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None and other is None:
        return None
    return max(one or 0, 0) + max(other or 0, 0)
