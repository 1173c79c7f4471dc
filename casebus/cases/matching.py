"""Decides whether two matters are one: the same seller and the same right, with reasons.

Each reason has a weight between 0 and 1. Reasons for the same seller are joined like chances (1 -
product of the rest), and so are reasons for the same right. The score is the product of both. The
bus proposes; a person decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rapidfuzz import fuzz

from casebus.cases import body
from casebus.events.identifiers import identify
from casebus.events.numbers import canonical_number
from casebus.events.remembering import remembered
from casebus.law.conditions import texts_at

#: The score from which two matters are proposed as one.
PROPOSED = 0.6

_SAME_CODE = 0.95
_SAME_SHOP = 0.85
_NAME, _NAME_ALIKE = 0.75, 85.0
_ADDRESS, _ADDRESS_ALIKE = 0.5, 85.0
_SAME_RIGHT = 0.95
_TITLE, _TITLE_ALIKE = 0.65, 90.0

#: The fields in which a matter names the seller. Holders and officers are not sellers.
_SELLERS = ("suspects", "respondents", "parties", "seller", "respondent", "infringers")
#: Fields about the seller or the right.
_OF_A_MATTER = frozenset({*_SELLERS, "address", "shop", "urls", "right", "rights"})
_NOT_SELLERS = frozenset({"RIGHT_HOLDER", "COMPLAINANT", "WITNESS", "AGENT", "INFORMANT"})
_LEGAL_FORMS = re.compile(
    r"(股份有限公司|有限责任公司|有限公司|个体工商户|工作室|经营部|商行|商店|门市部|店铺|店)$"
)
_PLACES = re.compile(r"^[\u4e00-\u9fa5]{2,8}?(?:省|自治区|市|区|县)")
_SIGNS = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Profile:
    """The traits of one matter for the comparison, in canonical form."""

    codes: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    shops: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()
    titles: frozenset[str] = frozenset()

    def joined(self, other: Profile) -> Profile:
        return Profile(
            self.codes | other.codes,
            self.names | other.names,
            self.addresses | other.addresses,
            self.shops | other.shops,
            self.rights | other.rights,
            self.titles | other.titles,
        )


_NOTHING = Profile()


class MatchReason(NamedTuple):
    """One reason why two matters may be one: the common part, and its weight."""

    kind: str
    left: str
    right: str
    weight: float


@dataclass(frozen=True, slots=True)
class Match:
    """The score of two matters and its reasons; `proposed` from 0.6 on."""

    score: float
    seller: float
    right: float
    reasons: tuple[MatchReason, ...] = field(default=())

    @property
    def proposed(self) -> bool:
        return self.score >= PROPOSED


def profile(data: Mapping[str, Any]) -> Profile:
    """The traits of the seller and the right in an event's body."""
    if _OF_A_MATTER.isdisjoint(data):
        return _NOTHING
    sellers = list(_sellers(data))
    offices = [one for one in (_record(seller, "organisation") for seller in sellers) if one]
    rights = _rights(data)
    return Profile(
        codes=_all(identify("uscc", _code(one)).canonical for one in offices),
        names=_all(plain_name(body.text(one, "name")) for one in (*sellers, *offices)),
        addresses=_all(_plain(body.text(one, "address")) for one in (data, *sellers, *offices)),
        shops=_all(_plain(text) for text in (*texts_at(data, "shop"), *texts_at(data, "urls"))),
        rights=right_numbers(data),
        titles=_all(_plain(body.text(one, "title")) for one in rights),
    )


def right_numbers(data: Mapping[str, Any]) -> frozenset[str]:
    """Canonical numbers of the rights that a body names, singly or in a list."""
    return _all(_right(one) for one in _rights(data))


def compare(one: Profile, other: Profile) -> Match:
    """The likelihood that the two are one matter; the same in either direction."""
    seller = [
        *_same("same_organisation_code", one.codes, other.codes, _SAME_CODE),
        *_same("same_shop", one.shops, other.shops, _SAME_SHOP),
        *_alike("similar_name", one.names, other.names, _NAME, _NAME_ALIKE),
        *_alike("similar_address", one.addresses, other.addresses, _ADDRESS, _ADDRESS_ALIKE),
    ]
    right = [
        *_same("same_right", one.rights, other.rights, _SAME_RIGHT),
        *_alike("similar_title", one.titles, other.titles, _TITLE, _TITLE_ALIKE),
    ]
    # Two different codes are two organisations, whatever their names.
    known = one.codes and other.codes and one.codes.isdisjoint(other.codes)
    by_seller = 0.0 if known else _chance(seller)
    by_right = _chance(right)
    return Match(round(by_seller * by_right, 3), by_seller, by_right, (*seller, *right))


def _sellers(data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in _SELLERS:
        value = data.get(name)
        for row in value if isinstance(value, list) else [value]:
            if isinstance(row, dict) and body.text(row, "role") not in _NOT_SELLERS:
                yield row


def _rights(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    one = _record(data, "right")
    return [*body.rows(data, "rights"), *([one] if one else [])]


def _record(row: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    value = row.get(name)
    return value if isinstance(value, dict) else None


def _code(organisation: dict[str, Any]) -> str:
    return body.text(organisation, "uscc") or body.text(organisation, "uscc_raw")


def _right(row: dict[str, Any]) -> str:
    number = body.text(row, "number") or body.text(row, "number_raw")
    kind = "trademark" if row.get("kind") == "TRADEMARK" else "patent"
    return identify(kind, number).canonical if number else ""


def _all(texts: Iterator[str]) -> frozenset[str]:
    return frozenset(text for text in texts if text)


@remembered(16_384)
def _plain(text: str) -> str:
    return _SIGNS.sub("", canonical_number(text))


@remembered(16_384)
def plain_name(text: str) -> str:
    """A name without its place and its legal form: 杭州市西湖区茗汇茶叶店 → 茗汇茶叶."""
    name = _plain(text)
    short = _LEGAL_FORMS.sub("", name)
    while (cut := _PLACES.sub("", short)) and cut != short:
        short = cut
    return short or name


def _same(
    kind: str, one: frozenset[str], other: frozenset[str], weight: float
) -> Iterator[MatchReason]:
    yield from (MatchReason(kind, text, text, weight) for text in sorted(one & other)[:1])


def _alike(
    kind: str, one: frozenset[str], other: frozenset[str], weight: float, least: float
) -> Iterator[MatchReason]:
    """The most similar pair, if it is similar enough."""
    pairs = ((fuzz.ratio(left, right), left, right) for left in one for right in other)
    best = max(pairs, default=(0.0, "", ""))
    if best[0] >= least:
        yield MatchReason(kind, best[1], best[2], round(weight * best[0] / 100, 3))


def _chance(reasons: list[MatchReason]) -> float:
    left = 1.0
    for reason in reasons:
        left *= 1 - reason.weight
    return round(1 - left, 3)
