"""What was noticed about an event before the fold: by admission, the journal and the calendar."""

from __future__ import annotations

from collections.abc import Iterable

from casebus.cases.dating import AHEAD, Ahead
from casebus.cases.event import CaseEvent
from casebus.cases.reporting import DATA_QUALITY, ID_CONFLICT, UNDELIVERABLE, Reports
from casebus.rejections import Flag

#: Its author's room in the case was used up (casebus.cases.room).
NO_ROOM = "no_room"


def note_beyond(beyond: Iterable[CaseEvent], findings: Reports) -> None:
    """Tell the authors of events for which there was no room."""
    for event in beyond:
        detail = {"reason": NO_ROOM}
        findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about=NO_ROOM)


def note_flags(event: CaseEvent, findings: Reports, *, aloud: bool) -> None:
    """Tell the author what admission and the journal noticed.

    The bus's own events are left out, and arrivals are only shown (`aloud` is false). Each telling
    causes an arrival: with a clock that is years off the two would answer each other for ever.
    """
    author = [event.agency] if aloud else []
    for flag in event.flags:
        if event.imported and flag == Flag.ABSURD_TIME:
            # Minted by its legal time, however long ago that was.
            continue
        kind = UNDELIVERABLE if flag == Flag.UNKNOWN_RECIPIENT else DATA_QUALITY
        findings.add(kind, event, {"flag": flag}, tell=author, about=flag)
    if event.conflicting:
        tell = [*author, *event.to]
        findings.add(ID_CONFLICT, event, {"kept": "first journaled"}, tell=tell)


def note_ahead(event: CaseEvent, ahead: Ahead, findings: Reports, *, aloud: bool) -> None:
    """Tell the author, unless corrected, that the event claims to happen after its record."""
    stated, by = ahead
    if event.legal is by:
        detail = {"reason": AHEAD, "stated": str(stated), "counted": str(by)}
        tell = [event.agency] if aloud else []
        findings.add(DATA_QUALITY, event, detail, tell=tell, about=AHEAD)
