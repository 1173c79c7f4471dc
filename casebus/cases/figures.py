"""Reading of figures, organisations and punishments from event bodies, however they are written."""

from __future__ import annotations

import datetime as dt
from typing import Any

from casebus.cases import body
from casebus.events.identifiers import identify
from casebus.law.figures import AMOUNTS, ActDays, Sanction
from casebus.law.items import GoodsItem
from casebus.law.threshold_models import MONEY

#: Lists of parties in bodies, and the parties in them that did not commit the act.
_PARTIES = ("suspects", "parties", "defendants")
_OTHERS = frozenset({"RIGHT_HOLDER", "COMPLAINANT", "WITNESS"})
#: The elements of a crime, as items state them.
ELEMENTS = ("same_mark", "same_goods", "knowing", "permitted", "for_profit")
_OTHER = "OTHER"
_LONGEST = 64
#: Ten billion yuan: more is a mistake, and sums of it must still fit in 64 bits.
_MOST = 10**12


def amounts(data: dict[str, Any]) -> dict[str, int]:
    """Metric -> fen or count that the body states; gains from services are separate."""
    there = [name for name in AMOUNTS if data.get(name) is not None]
    found = {name: value for name in there if (value := _amount(data, name)) is not None}
    gains, services = found.get("illegal_gains"), found.get("service_gains")
    if gains is not None and services:
        # The body states the total, and the part of it that comes from services.
        found["illegal_gains"] = max(gains - services, 0)
    return found


def _amount(data: dict[str, Any], name: str) -> int | None:
    if name in MONEY:
        return _money(data, name)
    value = body.count(data, name)
    return None if value is None else min(max(value, 0), _MOST)


def _money(data: dict[str, Any], name: str) -> int | None:
    """Fen; None for a value that is no amount, or in another currency."""
    money = data.get(name)
    if not isinstance(money, dict) or money.get("currency", "CNY") != "CNY":
        return None
    value = body.count(money, "fen")
    return None if value is None else min(max(value, 0), _MOST)


def organisations(data: dict[str, Any]) -> set[str]:
    """Canonical codes of the organisations that committed the act by the body."""
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
    """(different sources, single rights); a count that the author gives applies to both."""
    counted = body.count(data, "right_count")
    if counted is not None:
        return counted, counted
    named = body.rows(data, "rights")
    if not named:
        return None, None
    # The holder is the source to which it points. Marks without a holder may all be of one.
    holders = {body.text(one, "holder") for one in named} - {""}
    numbers = {body.text(one, "number") or body.text(one, "number_raw") for one in named} - {""}
    return len(holders) or 1, len(numbers) or 1


def items(data: dict[str, Any], kinds: frozenset[str]) -> tuple[GoodsItem, ...]:
    """The items of the body. An item without a right has the one kind that the body names."""
    rows = data.get("items")
    if not rows:
        return ()
    [only] = kinds if len(kinds) == 1 else [""]
    return tuple(_item(row, only) for row in body.rows(data, "items"))


def _item(row: dict[str, Any], only: str) -> GoodsItem:
    right = body.text(row, "right")
    sold = row.get("sold")
    return GoodsItem(
        right=only if right in {"", _OTHER} and only else right or _OTHER,
        number=body.text(row, "right_number"),
        holder=body.text(row, "holder"),
        act=body.text(row, "act"),
        sold=sold if isinstance(sold, bool) else None,
        service=row.get("service") is True,
        quantity=_amount(row, "quantity"),
        unit=body.text(row, "unit") or "pieces",
        amount=_money(row, "amount"),
        gains=_money(row, "gains"),
        loss=_money(row, "loss"),
        elements=tuple((one, row[one]) for one in ELEMENTS if isinstance(row.get(one), bool)),
    )


def item_body(item: GoodsItem) -> dict[str, Any]:
    """The item as bodies state it: the inverse of reading."""
    money = {name: getattr(item, name) for name in ("amount", "gains", "loss")}
    return {
        "right": item.right,
        "right_number": item.number,
        "holder": item.holder,
        "act": item.act,
        "sold": item.sold,
        "service": item.service,
        "quantity": item.quantity,
        "unit": item.unit,
        **{name: None if fen is None else {"fen": fen} for name, fen in money.items()},
        **dict(item.elements),
    }


def unequal(listed: tuple[GoodsItem, ...], totals: dict[str, int]) -> tuple[str, ...]:
    """Totals that differ from the sum of the items beside them."""
    if not listed:
        return ()
    sold = [one for one in listed if one.sold]
    sums = {
        "sales_amount": _total(sold, "amount"),
        "goods_value": _total([one for one in listed if not one.sold], "amount"),
        "illegal_business_amount": _total(listed, "amount"),
        "illegal_gains": _total(listed, "gains"),
        "loss_amount": _total(listed, "loss"),
    }
    stated = dict(totals)
    if "illegal_gains" in stated:
        stated["illegal_gains"] += stated.get("service_gains", 0)
    return tuple(name for name, value in sums.items() if name in stated and stated[name] != value)


def _total(rows: list[GoodsItem] | tuple[GoodsItem, ...], name: str) -> int:
    return sum(getattr(one, name) or 0 for one in rows)


def acts(data: dict[str, Any], fallback: dt.date) -> ActDays | None:
    """First and last day of the acts that the body states; None if it states none."""
    first, last = day(data, "acts_from"), day(data, "acts_to")
    found = day(data, "found_on")
    known = [one for one in (first, last, found) if one is not None]
    if not known:
        return None
    end = last or found or max(known)
    start = first or end
    return ActDays(min(start, end), max(start, end)) if start <= fallback else None


def day(data: dict[str, Any], name: str) -> dt.date | None:
    text = body.text(data, name)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        return None


def sanctions(data: dict[str, Any], name: str, family: str) -> list[Sanction]:
    """Earlier punishments that a body lists, each for the given family, with its day."""
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
