"""Reading of figures, organisations and punishments from event bodies, however they are written."""

from __future__ import annotations

import datetime as dt
from typing import Any

from casebus.cases import body
from casebus.events.identifiers import identify
from casebus.law.figures import AMOUNTS, Acts, Sanction
from casebus.law.threshold_models import MONEY

#: Lists of parties in bodies; who has a part in them but did not do it.
_PARTIES = ("suspects", "parties", "defendants")
_OTHERS = frozenset({"RIGHT_HOLDER", "COMPLAINANT", "WITNESS"})
_LONGEST = 64
#: Ten billion yuan: more is a mistake, and sums of it must still fit in 64 bits.
_MOST = 10**12


def amounts(data: dict[str, Any]) -> dict[str, int]:
    """Metric -> fen or count, of what the body states; gains from services are told apart."""
    there = [name for name in AMOUNTS if data.get(name) is not None]
    found = {name: value for name in there if (value := _amount(data, name)) is not None}
    gains, services = found.get("illegal_gains"), found.get("service_gains")
    if gains is not None and services:
        # The body states the whole, and the part of it that comes from services.
        found["illegal_gains"] = max(gains - services, 0)
    return found


def _amount(data: dict[str, Any], name: str) -> int | None:
    if name not in MONEY:
        value = body.count(data, name)
    else:
        money = data.get(name)
        value = body.count(money, "fen") if isinstance(money, dict) else None
        if isinstance(money, dict) and money.get("currency", "CNY") != "CNY":
            return None
    return None if value is None else min(max(value, 0), _MOST)


def organisations(data: dict[str, Any]) -> set[str]:
    """Canonical codes of the organisations that the body says did it."""
    codes: set[str] = set()
    for name in _PARTIES:
        for party in body.rows(data, name):
            one = party.get("organisation")
            if isinstance(one, dict) and body.text(party, "role") not in _OTHERS:
                codes.add(_code(one))
    codes.update(_code(one) for one in body.rows(data, "organisations"))
    codes.discard("")
    return codes


def _code(organisation: dict[str, Any]) -> str:
    raw = body.text(organisation, "uscc") or body.text(organisation, "uscc_raw")
    return identify("uscc", raw).canonical if 0 < len(raw) <= _LONGEST else ""


def right_kinds(data: dict[str, Any]) -> list[str]:
    return [body.text(one, "kind") for one in body.rows(data, "rights")]


def rights(data: dict[str, Any]) -> tuple[int | None, int | None]:
    """(different sources, rights one by one); what is counted by the author counts for both."""
    counted = body.count(data, "right_count")
    if counted is not None:
        return counted, counted
    named = body.rows(data, "rights")
    if not named:
        return None, None
    # Who holds it is where it points; marks without a holder may all be of one.
    holders = {body.text(one, "holder") for one in named}
    numbers = {body.text(one, "number") or body.text(one, "number_raw") for one in named}
    return len(holders), len(numbers)


def acts(data: dict[str, Any], fallback: dt.date) -> Acts | None:
    """First and last day that the body states; None where it states none."""
    first, last = day(data, "acts_from"), day(data, "acts_to")
    found = day(data, "found_on")
    known = [one for one in (first, last, found) if one is not None]
    if not known:
        return None
    end = last or found or max(known)
    start = first or end
    return Acts(min(start, end), max(start, end)) if start <= fallback else None


def day(data: dict[str, Any], name: str) -> dt.date | None:
    text = body.text(data, name)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def sanctions(data: dict[str, Any], name: str, family: str) -> list[Sanction]:
    """Earlier punishments that a body lists; each of the family given, with the day it was made."""
    return [
        Sanction(
            family,
            decided,
            "criminal" if row.get("kind") == "criminal" else "administrative",
            body.text(row, "stream"),
            body.text(row, "source"),
            body.text(row, "id"),
        )
        for row in body.rows(data, name)
        if (decided := day(row, "decided_on")) is not None
    ]
