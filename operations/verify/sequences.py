"""Orders and sequence numbers: anything reversed, missing, or given twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from operations.verify.report import VerifyReport

Stream = tuple[str, str]
"""(source, stream): what an author counts."""


class Sequences:
    """Order within (source, stream), by first appearance (design rule 3, sequence numbers)."""

    def __init__(self, report: VerifyReport) -> None:
        self._report = report
        self._last: dict[Stream, int] = {}
        self._numbers: set[tuple[str, str, int]] = set()
        self._gaps: list[tuple[Stream, int, int]] = []
        #: Numbers that came after a later one, each with its event.
        self._behind: list[tuple[Stream, int, bytes]] = []
        #: For the rejects: number -> ids of the events.
        self._refused: dict[Stream, dict[int, set[bytes]]] = {}

    def take(self, key: Stream, number: int, event: bytes) -> None:
        before = self._last.get(key, 0)
        if (*key, number) in self._numbers:
            # A sender that lost its store counts from one again: its numbers, not our order.
            self._report.count("sequence numbers that a sender gave twice")
            self._report.notice("sequence_given_twice", f"{' '.join(key)}: {number}")
        elif number <= before:
            self._behind.append((key, number, event))
        elif number > before + 1:
            self._gaps.append((key, before + 1, number))
        self._numbers.add((*key, number))
        self._last[key] = max(before, number)
        self._report.count("sequence numbers")

    def refuse(self, texts: Mapping[str, bytes]) -> None:
        """A number that admission rejected is no gap: the record is kept, with the reason."""
        text = texts.get("ce_sequence", b"")
        if text.isdigit():
            source, stream = (
                texts.get(name, b"").decode(errors="replace")
                for name in ("ce_source", "ce_subject")
            )
            numbers = self._refused.setdefault((source, stream), {})
            numbers.setdefault(int(text[:20]), set()).add(texts.get("ce_id", b""))

    def end(self) -> None:
        for key, number, event in self._behind:
            ids = self._refused.get(key, {}).get(number, set())
            if event in ids:
                # Sent again, or signed again: the event keeps its number.
                self._report.count("events that were rejected first and came later")
            elif ids:
                # First given to a rejected event, then to another one: the sender's doing too.
                self._report.count("sequence numbers that a sender gave twice")
                self._report.notice("sequence_given_twice", f"{' '.join(key)}: {number}")
            else:
                self._report.problem("reordered", " ".join(key))
        for key, first, until in self._gaps:
            refused = sum(first <= one < until for one in self._refused.get(key, ()))
            if refused < until - first:
                self._report.problem("sequence_gap", " ".join(key))


class FirstAppearances:
    """Tells if first appearances come in their earlier order."""

    def __init__(self) -> None:
        self._last: dict[Any, int] = {}

    def follows(self, lane: Any, offset: int) -> bool:
        """False if a later one of the same lane appeared earlier."""
        before = self._last.get(lane, -1)
        self._last[lane] = max(before, offset)
        return offset > before
