"""Corrections: `case.corrected` names an earlier event and the right values of its fields.

They are applied before the fold, in order, each to the event as the one before left it. The record
itself stays as it was sent. Only its author's agency may correct it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from casebus.cases import body
from casebus.cases.dating import AHEAD, counted
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.order import sort_key
from casebus.cases.reporting import DATA_QUALITY, NO_STANDING, Reports
from casebus.errors import UnfitError
from casebus.events.legaltime import LegalTime
from casebus.events.types import CASE_CORRECTED, event_name
from casebus.words import in_words

CORRECTED = event_name(CASE_CORRECTED)
#: More than any schema has: what copies or writes a body goes down level by level.
_MOST_LEVELS = 32
#: Paths of `changes` that name the envelope, not the body.
LEGAL_TIME = "$legaltime"
RECIPIENTS = "$to"
SOURCE = "$source"


def corrected(events: Sequence[CaseEvent], findings: Reports) -> Sequence[CaseEvent]:
    """The events as their authors want them read, in the order given."""
    fixes = [event for event in events if event.name == CORRECTED]
    if not fixes:
        return events
    read: dict[Identity, CaseEvent] = {event.identity: event for event in events}
    for fix in sorted(fixes, key=_correction_key):
        named = named_by(fix.data)
        target = read.get(named)
        if target is None or target.name == CORRECTED:
            findings.add(DATA_QUALITY, fix, {"reason": "no_such_event"}, tell=[fix.agency])
        elif target.agency != fix.agency:
            findings.add(
                NO_STANDING, fix, {"reason": "not_its_event"}, tell=[fix.agency, target.agency]
            )
        else:
            read[named] = _apply(target, fix, findings)
    return [read[event.identity] for event in events]


def named_by(data: dict[str, Any]) -> Identity:
    """The event that a correction names."""
    return body.text(data, "corrected_source"), body.text(data, "corrected_id")


def _correction_key(fix: CaseEvent) -> tuple[int, Any]:
    # A correction may move the legal date backwards: the author's own count goes first.
    return (fix.sequence or 0, sort_key(fix))


def _apply(target: CaseEvent, fix: CaseEvent, findings: Reports) -> CaseEvent:
    changes = fix.data.get("changes")
    # Copied once, whatever the number of changes; a change that does not fit puts nothing.
    target = replace(target, data=copy.deepcopy(target.data))
    for path, text in sorted(changes.items()) if isinstance(changes, dict) else ():
        try:
            target = _change(target, fix, path, text, findings)
        except (ValueError, TypeError, LookupError, ArithmeticError, RecursionError) as error:
            detail = {"reason": "bad_change", "field": str(path), "why": in_words(error)[:200]}
            findings.add(DATA_QUALITY, fix, detail, tell=[fix.agency], about=str(path))
    return target


def _redate(target: CaseEvent, fix: CaseEvent, legal: LegalTime, findings: Reports) -> CaseEvent:
    """A correction can name no later day than that of its own admission."""
    by = legal if fix.imported else counted(legal, fix.recorded_at)
    if by is not legal:
        detail = {"reason": AHEAD, "stated": str(legal), "counted": str(by)}
        findings.add(DATA_QUALITY, fix, detail, tell=[fix.agency], about=LEGAL_TIME)
    return replace(target, legal=by)


def _change(
    target: CaseEvent, fix: CaseEvent, path: str, text: str, findings: Reports
) -> CaseEvent:
    """The target as changed; its body, which is the caller's own copy, is changed in place."""
    if path == RECIPIENTS:
        # The recipients that admission stamped on the correction, not those that it names, because
        # the stamps are resolved.
        return replace(target, to=fix.to, to_sectors=fix.to_sectors)
    value = json.loads(text)
    if not _is_within(value, _MOST_LEVELS):
        raise UnfitError("nested too deep")
    if path == LEGAL_TIME:
        return _redate(target, fix, LegalTime.parse(value), findings)
    if path == SOURCE:
        if value == target.source:
            return target
        raise UnfitError("an event cannot change its author")
    _put(target.data, path.split("."), value)
    return target


def _put(data: Any, path: list[str], value: Any) -> None:
    *above, last = path
    for word in above:
        data = data[int(word)] if isinstance(data, list) else data[word]
    at: Any = int(last) if isinstance(data, list) else last
    # A field that the body does not have is a mistyped path, and raises LookupError.
    old = data[at]
    if old is not None and value is not None and not _alike(old, value):
        raise TypeError(f"a value of another kind than {type(old).__name__}")
    data[at] = value


def _is_within(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels > 0 and all(_is_within(one, levels - 1) for one in inner)


def _alike(old: Any, new: Any) -> bool:
    return isinstance(new, type(old)) and isinstance(old, bool) == isinstance(new, bool)
