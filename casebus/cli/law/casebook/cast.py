"""Turns vectors into events, with their authors and the times of journaling."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from casebus.cases import CaseEvent
from casebus.cli.law.casebook.models import EventOf, FactsVector
from casebus.events.doors import BUS
from casebus.events.legaltime import LegalTime
from casebus.events.types import PRIOR_SANCTIONS_FOUND, event_name, in_full
from casebus.law.threshold_models import FACTS, MONEY, UNITS, amount

STREAM = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
_ALIASES = {"regulator": "administrative"}
_SUSPECT = "91330106MA2TEX7081"
_MONEY_OF_ITEMS = frozenset({"amount", "gains", "loss"})


def sector(who: str) -> str:
    word = who.rstrip("0123456789")
    return _ALIASES.get(word, word)


def agency(who: str) -> str:
    return BUS if who == BUS else f"cn-330106-{who}"


def legal(when: str) -> LegalTime:
    day, _, time = when.partition(" ")
    return LegalTime(dt.date.fromisoformat(day), dt.time.fromisoformat(time) if time else None)


def cast(events: Iterable[EventOf]) -> list[CaseEvent]:
    """The events in order of arrival; an event without an id is named by its type."""
    return [_event(one, at) for at, one in enumerate(events)]


def _event(one: EventOf, at: int) -> CaseEvent:
    recorded = legal(one.recorded or one.date).moment()
    return CaseEvent(
        stream=STREAM,
        source=agency(one.by),
        id=one.id or f"{one.event}-{at}",
        type=in_full(one.event),
        legal=legal(one.date),
        sequence=None,
        causation=one.causation,
        recorded_at=recorded,
        position=(1, 0, at),
        sector=sector(one.by),
        to=tuple(agency(to) for to in one.to),
        to_sectors=tuple(sector(to) for to in one.to),
        imported=one.imported,
        data=amounts(one.body),
    )


def stated(vector: FactsVector) -> list[CaseEvent]:
    """The event that states the figures, and the answers from other cases."""
    body: dict[str, Any] = {**amounts(vector.figures), **amounts(vector.body)}
    if vector.offence:
        body["offence"] = vector.offence
    if vector.acts:
        body |= dict(zip(("acts_from", "acts_to"), vector.acts, strict=True))
    if vector.items:
        body["items"] = [_item(one) for one in vector.items]
    if vector.rights:
        body["rights"] = [{"kind": one} if isinstance(one, str) else one for one in vector.rights]
    if vector.prior:
        body["prior_sanctions"] = [_dated(one) for one in vector.prior]
    if vector.organisation or vector.elsewhere:
        suspect = {"name": "某公司", "uscc_raw": _SUSPECT}
        body["parties"] = [{"role": "SUSPECT", "organisation": suspect}]
    given = {"date": vector.date, "by": vector.by}
    rows = [EventOf(**given, event=one) for one in vector.before]
    rows.append(EventOf(**given, event=vector.event, body=body, id="stated"))
    if vector.elsewhere:
        rows.append(
            EventOf(
                date=vector.date,
                by=BUS,
                event=event_name(PRIOR_SANCTIONS_FOUND),
                body=_answer(vector),
            )
        )
    return cast(rows)


def _answer(vector: FactsVector) -> dict[str, Any]:
    others = [amounts(_dated(one)) for one in vector.elsewhere]
    family = str(others[0].pop("family", "trademark"))
    return {"uscc": _SUSPECT, "family": family, "revision": 1, "unpunished": others}


def amounts(body: dict[str, Any]) -> dict[str, Any]:
    """Amounts in the law's form, 6万元 or 500份, turned into the form of bodies."""
    return {name: _value(name, value) for name, value in body.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_value("", one) for one in value]
    if isinstance(value, dict):
        return amounts(value)
    if isinstance(value, str) and name in FACTS:
        return value == "是"
    if isinstance(value, str) and name in UNITS:
        found = amount(name, value)
        return {"fen": found, "currency": "CNY"} if name in MONEY else found
    return str(value) if isinstance(value, dt.date) else value


def _item(row: dict[str, Any]) -> dict[str, Any]:
    """Money of an item is in yuan, as that of a total is."""
    return {
        name: (
            {"fen": amount("goods_value", value), "currency": "CNY"}
            if name in _MONEY_OF_ITEMS and isinstance(value, str)
            else value
        )
        for name, value in row.items()
    }


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    return {name: str(one) if isinstance(one, dt.date) else one for name, one in row.items()}
