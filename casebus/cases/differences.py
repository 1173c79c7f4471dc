"""The differences, in words, of one case derived by two laws or by two folds. Pure.

It compares views, as `Case.to_json` gives them and the rows keep them. So the result of an older
fold is compared as it was written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from casebus.cases.clock import RUNNING, Clock

View = Mapping[str, Any]


class Difference(NamedTuple):
    #: status, clock, breach, finding, assessment or copy.
    kind: str
    #: The region, clock, event or rule.
    what: str
    before: str
    after: str

    def to_json(self) -> dict[str, str]:
        return self._asdict()


def differences(before: View, after: View, until: dt.datetime) -> list[Difference]:
    """The differences of a case, seen from an aware moment."""
    return [
        *_compared("status", _statuses(before), _statuses(after)),
        *_compared("clock", _dues(before), _dues(after)),
        *_compared("breach", _late(before, until), _late(after, until)),
        *_compared("finding", _findings(before), _findings(after)),
        *_compared("assessment", _assessments(before), _assessments(after)),
        *_compared("copy", _copies(before), _copies(after)),
    ]


def _compared(
    kind: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Difference]:
    for what in sorted({*before, *after}):
        one, other = before.get(what, ""), after.get(what, "")
        if one != other:
            yield Difference(kind, what, one, other)


def _statuses(case: View) -> dict[str, str]:
    found = {one["procedure"]: one["status"] for one in case.get("regions", ())}
    return found or {"": case["status"]}


def _clocks(case: View) -> list[Clock]:
    return [Clock.from_json(one) for one in case.get("clocks", ())]


def _named(clock: Clock) -> str:
    return f"{clock.id} of {clock.trigger[1]}"


def _dues(case: View) -> dict[str, str]:
    """Each clock's due date and its end; not whether it was late."""
    return {
        _named(one): f"{one.due.isoformat() if one.due else 'at once'} {_end(one)}"
        for one in _clocks(case)
    }


def _end(clock: Clock) -> str:
    return "met" if clock.status == "met_late" else clock.status


def _late(case: View, until: dt.datetime) -> dict[str, str]:
    return {_named(one): "late" for one in _clocks(case) if _is_late(one, until)}


def _is_late(clock: Clock, until: dt.datetime) -> bool:
    """True if its breach would be told, or would have been if it were not history."""
    if clock.expiry != "breach" or clock.certain is None:
        return False
    if clock.status == RUNNING:
        return clock.certain + clock.grace <= until
    return clock.missed


def _findings(case: View) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in case.get("findings", ()):
        what = f"{one['kind']} of {one['event']['id']}"
        found[what] = f"{found.get(what, '')} {one['severity']}".strip()
    return found


def _assessments(case: View) -> dict[str, str]:
    return {one["event"]["id"]: _verdict(one) for one in case.get("assessments", ())}


def _verdict(said: View) -> str:
    return f"{said['verdict']} {said['offence']} tier {said['tier']} {said['rule']}".strip()


def _copies(case: View) -> dict[str, str]:
    owed = case.get("copies", ())
    return {f"{one['rule']} of {one['event']['id']}": "owed" for one in owed}
