"""Findings of one fold: facts that a person should know, each under a deterministic key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from casebus.cases.announcements import Announcement
from casebus.cases.body import plain
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.findings.finding import Deviation, Finding
from casebus.cases.keys import StreamKeys
from casebus.cases.reporting import SEVERITY
from casebus.law.findings import Waits

#: The most characters of authors' text.
_LONGEST = 64
#: The finding in the bus's own words. Nothing else is left if its event was recalled.
_OWN_WORDS = frozenset({"reason", "flag", "state", "event", "agency", "due", "verdict", "kept"})


class Findings:
    """Collects findings; the same finding about the same event counts once."""

    def __init__(
        self, keys: StreamKeys, waits: Waits | None = None, recalled: Collection[Identity] = ()
    ) -> None:
        """`waits` is the law's rule for the wait of each kind; without it none waits."""
        self._keys, self._waits, self._recalled = keys, waits, recalled
        self._found: dict[str, Finding] = {}
        self._of_history: dict[str, Deviation] = {}

    def add(
        self,
        kind: str,
        event: CaseEvent,
        detail: dict[str, str],
        *,
        tell: Iterable[str] = (),
        about: str = "",
        quotes: bool = False,
    ) -> None:
        """Keep a finding; `about` tells apart two of one kind on one event.

        If the event was recalled, or if it `quotes` a recalled one, the finding remains and repeats
        no word of it.

        An event that an import minted is history: its findings are counted, or shown and told to
        nobody.
        """
        which = "finding", kind, about
        if quotes or (self._recalled and event.identity in self._recalled):
            detail = {name: word for name, word in detail.items() if name in _OWN_WORDS}
        state = detail, tuple(tell) if tell else (), self._waits
        kept: tuple[object, Finding | Deviation] | None = event.made.get(which)
        if kept is None or kept[0] != state:
            kept = event.made[which] = state, self._make(kind, event, detail, state[1], about)
        found = kept[1]
        if isinstance(found, Finding):
            self._found[found.key] = found
        else:
            self._of_history[found.key] = found

    def _make(
        self,
        kind: str,
        event: CaseEvent,
        detail: dict[str, str],
        tell: tuple[str, ...],
        about: str,
    ) -> Finding | Deviation:
        key = self._keys.of("finding", kind, event.source, event.id, about)
        reason = detail.get("reason") or detail.get("flag", "")
        if event.imported and self._waits and self._waits.is_counted(kind, reason):
            return _deviation(key, kind, reason, event)
        told = () if event.imported else tuple(dict.fromkeys(tell))
        return Finding(
            key=key,
            kind=kind,
            severity=SEVERITY[kind],
            event=event.identity,
            detail={name: plain(value) for name, value in detail.items()},
            tell=told,
            tell_after=self._tell_after(kind, event, detail) if told else None,
        )

    def is_recalled(self, event: CaseEvent) -> bool:
        return bool(self._recalled) and event.identity in self._recalled

    def _tell_after(self, kind: str, event: CaseEvent, detail: dict[str, str]) -> datetime | None:
        wait = self._waits and self._waits.of_finding(kind, detail.get("reason", ""))
        return event.recorded_at + wait if wait else None

    def of_history(self) -> tuple[Deviation, ...]:
        """The findings that are only counted, in the order found."""
        return tuple(self._of_history.values())

    def all(self, told: Mapping[str, Announcement]) -> tuple[Finding, ...]:
        """In the order found, which is fold order; a finding that was `told` no longer waits."""
        if not told:
            return tuple(self._found.values())
        return tuple(_marked(one, told.get(one.key)) for one in self._found.values())


def _deviation(key: str, kind: str, reason: str, event: CaseEvent) -> Deviation:
    return Deviation(
        key=key,
        kind=kind,
        reason=plain(reason)[:_LONGEST],
        event=event.identity,
        event_name=event.name,
        import_id=plain(event.import_id)[:_LONGEST],
    )


def _marked(finding: Finding, mark: Announcement | None) -> Finding:
    if mark is None:
        return finding
    after = None if mark.standing is not None else finding.tell_after
    return replace(finding, tell_after=after, revision=mark.withdrawn)
