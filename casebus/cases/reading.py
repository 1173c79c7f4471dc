"""The content of an event's body, read once.

A case is folded again with each new event, but the other events have not changed. A result that
depends only on an event and the law is kept with the event, until the event is read under another
law.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from casebus.cases import body
from casebus.cases.event import CaseEvent
from casebus.law import Law

T = TypeVar("T")
_UNREAD: Any = object()


def read_once(reader: Callable[[CaseEvent, Law], T], event: CaseEvent, law: Law) -> T:
    """The result of the pure `reader` for the event. It is asked once for each event and law."""
    kept = event.readings
    if kept is None or kept[0] != law.digest:
        kept = law.digest, {}
        object.__setattr__(event, "readings", kept)
    found = kept[1].get(reader, _UNREAD)
    if found is _UNREAD:
        found = kept[1][reader] = reader(event, law)
    read: T = found
    return read


def numbers_of(event: CaseEvent, _law: Law) -> tuple[tuple[str, str], ...]:
    """The local numbers that it gives."""
    return tuple(body.numbers(event.data)) if event.data.get("numbers") else ()
