"""The names of a case's matter (案由) by agencies with a part in it: the titles of their events.

The title of a case itself is that of its state. A text counts once for each agency; if there are
very many, the first ones in fold order count. A recalled title is no longer a title.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from casebus.cases import body
from casebus.cases.core import Core
from casebus.cases.corrections import CORRECTED, corrected
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.facet import JSON, ReadFacet, Row, Setting
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.keys import StreamKeys
from casebus.law import Law

#: The field of bodies; a viewer who is neither author nor recipient sees it from the level AGENCY
#: on.
FIELD = "title"
#: The most titles of one agency, and the most characters: a longer text is no short title.
MOST, LONGEST = 10, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterTitle:
    """案由: an agency's name for the matter. `recipients` were sent it in these words. Sorted."""

    agency: str
    text: str
    recipients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TitleRow(Row):
    """The title of its state, of no agency, or one that an agency gave the matter (ADR 0064)."""

    TABLE: ClassVar[str] = "title"
    KEY: ClassVar[str] = "place"

    place: int
    agency: str | None
    #: The agencies that were sent it.
    recipients: list[str]
    title: str


class TitlesFacet(ReadFacet[tuple[MatterTitle, ...]]):
    """Keeps titles in fold order."""

    name = "titles"
    seen_at = None
    tables = (TitleRow,)

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._found: dict[tuple[str, str], set[str]] = {}
        self._counts: dict[str, int] = {}
        #: For corrected events: the title, and the agencies that were sent it in these words.
        self._corrected = {
            old.identity: (_title(new), old.to if _title(new) == _title(old) else ())
            for old, new in _changed(setting.recorded, setting.read, setting.recalled)
        }

    @classmethod
    def read(cls, event: CaseEvent, law: Law) -> str | None:
        return _title(event) or None

    def take(self, event: CaseEvent, said: str) -> None:
        text, to = self._corrected.get(event.identity) or (said, event.to)
        if not text:
            return
        key = event.agency, text
        if key not in self._found:
            count = self._counts[event.agency] = self._counts.get(event.agency, 0) + 1
            if count > MOST:
                return
        self._found.setdefault(key, set()).update(to)

    def known(self) -> tuple[MatterTitle, ...]:
        return tuple(
            MatterTitle(agency=agency, text=text, recipients=tuple(sorted(to)))
            for (agency, text), to in self._found.items()
        )

    @classmethod
    def rows(cls, known: tuple[MatterTitle, ...], case: Core, view: JSON) -> Iterator[TitleRow]:
        if case.title:
            yield TitleRow(0, None, [], f"{case.title} {case.title_en}".rstrip())
        for place, one in enumerate(known, start=1):
            yield TitleRow(place, one.agency, list(one.recipients), one.text)


def _changed(
    recorded: Sequence[CaseEvent], read: Sequence[CaseEvent], recalled: Collection[Identity]
) -> Iterator[tuple[CaseEvent, CaseEvent]]:
    """The corrected values: as sent, and by the corrections that nobody recalled.

    The fold keeps the effects of a recalled correction, but its words are no title.
    """
    if read is recorded:
        return iter(())
    changed = [(old, new) for old, new in zip(recorded, read, strict=True) if new is not old]
    if not (changed and any(one.identity in recalled and _corrects(one) for one in recorded)):
        return iter(changed)
    fixes = [one for one in recorded if _corrects(one) and one.identity not in recalled]
    sent = [old for old, _ in changed]
    return zip(sent, corrected([*sent, *fixes], Findings(StreamKeys(sent[0].stream))), strict=False)


def _corrects(event: CaseEvent) -> bool:
    return event.name == CORRECTED


def _title(event: CaseEvent) -> str:
    title = body.text(event.data, FIELD)
    return " ".join(title.split())[:LONGEST].rstrip() if title else ""
