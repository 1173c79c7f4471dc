"""The grounds, article, papers and receiver that an officer's act must have, and what one lacks.

Pure. An act is the event that an action of a duty publishes. The gateway asks for these things
before it signs. If an event comes from outside, the fold says what is missing and keeps the answer.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from casebus.law import loader
from casebus.law.conditions import values_at
from casebus.law.models import BodyPath, EventName, LawModel, Rule, Title, Word
from casebus.law.reading import LawError

FOLDER = "acts"
#: Stands in place of kinds of document and means any kind.
ANY_PAPER = "*"
#: The field in which a body names the papers that are not enclosed.
NOT_ENCLOSED = "not_enclosed"
#: Symbols that say nothing: the author must put `OTHER` into words.
_UNSAID = frozenset({"UNSTATED", "UNASSESSED", "OTHER"})
_DIGEST = re.compile("[0-9A-Fa-f]{64}")

Paper = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z][A-Z_]*)$")]


class NeedRow(Rule):
    """One thing that an act must have, and the places where it may stand."""

    what: Title
    says: tuple[BodyPath, ...] = ()
    papers: tuple[Paper, ...] = ()
    not_enclosed: bool = False
    to: tuple[Word, ...] = ()

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if not (self.says or self.papers or self.to):
            raise ValueError("a need is met by one of says, papers and to")
        if self.to and (self.says or self.papers):
            raise ValueError("who gets it is a need of its own")
        if self.not_enclosed and not self.papers:
            raise ValueError("not_enclosed speaks of papers")
        return self


class ActRule(LawModel):
    events: Annotated[tuple[EventName, ...], Field(min_length=1)]
    needs: tuple[NeedRow, ...] = ()
    #: The reason why the law asks nothing of the act; set only if it asks nothing.
    nothing: Title | None = None

    @model_validator(mode="after")
    def _says_one_of_the_two(self) -> Self:
        if bool(self.needs) == (self.nothing is not None):
            raise ValueError("an act has needs, or says why it has none")
        return self


class ActFile(LawModel):
    sources: dict[str, dict[str, object]] = Field(default_factory=dict)
    acts: tuple[ActRule, ...]


@dataclass(frozen=True, slots=True)
class Need:
    """One need in force from one day to another."""

    what: str
    what_en: str
    says: tuple[str, ...]
    papers: tuple[str, ...]
    not_enclosed: bool
    to: tuple[str, ...]
    citation: str
    confidence: str
    effective_from: dt.date
    effective_to: dt.date

    @property
    def places(self) -> tuple[str, ...]:
        """The places where an act may have it: fields of its body, or `to`."""
        papers = ("document", "documents") if self.papers else ()
        return ("to",) if self.to else (*self.says, *papers)

    def is_met(self, body: Mapping[str, Any], sectors: Collection[str]) -> bool:
        """True if the act has it. `sectors` are those of the recipients without the author."""
        if self.to:
            return any(one in self.to for one in sectors)
        return any(_is_said(body, path) for path in self.says) or self._is_enclosed(body)

    def _is_enclosed(self, body: Mapping[str, Any]) -> bool:
        if self.not_enclosed and any(one in self.papers for one in _list(body.get(NOT_ENCLOSED))):
            return True
        return any(
            _is_paper(one) and (ANY_PAPER in self.papers or one.get("kind") in self.papers)
            for one in (*_list(body.get("document")), *_list(body.get("documents")))
        )


def is_part(name: str) -> bool:
    """True if the file of the law, by its name, says what acts must have."""
    return name.startswith(f"{FOLDER}/")


class ActRules:
    """The acts of one law by the name of their event."""

    def __init__(self, needs: Mapping[str, tuple[Need, ...]]) -> None:
        self._needs = needs

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Self:
        """The rules in a law's files. Raises LawError if an act is declared twice.

        A law bundle from before these files asks for nothing.
        """
        found: dict[str, tuple[Need, ...]] = {}
        for name, file in loader.parse_all(files, FOLDER, ActFile).items():
            for at, row in enumerate(file.acts):
                for event in row.events:
                    if event in found:
                        fault = f"{name}: {event} is declared twice"
                        raise LawError("law_invalid", fault, at=(name, "acts", at))
                    found[event] = tuple(map(_need, row.needs))
        return cls(found)

    def __contains__(self, event: str) -> bool:
        return event in self._needs

    def all_needs(self, event: str) -> tuple[Need, ...]:
        """The needs of an event in every period, whether they are in force or not."""
        return self._needs.get(event, ())

    def needs(self, event: str, day: dt.date) -> tuple[Need, ...]:
        """The needs of the law in force on the day for an event name such as `referral.filed`."""
        return tuple(
            one for one in self.all_needs(event) if one.effective_from <= day <= one.effective_to
        )


def lacking(needs: Iterable[Need], body: Mapping[str, Any], sectors: Collection[str]) -> list[Need]:
    return [one for one in needs if not one.is_met(body, sectors)]


def _need(row: NeedRow) -> Need:
    return Need(
        what=row.what.zh,
        what_en=row.what.en,
        says=row.says,
        papers=row.papers,
        not_enclosed=row.not_enclosed,
        to=row.to,
        citation=f"{row.source} {row.article}",
        confidence=row.confidence,
        effective_from=row.effective_from,
        effective_to=row.effective_to or dt.date.max,
    )


def _is_said(body: Mapping[str, Any], path: str) -> bool:
    is_said = _is_digest if path.endswith("sha256") else _has_words
    return any(map(is_said, values_at(body, path)))


def _has_words(value: Any) -> bool:
    """True if the value says something. A blank, a dash and a default do not."""
    # Without recursion: a correction may nest as deep as it likes.
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += [one["fen"]] if "fen" in one else one.values()
        elif isinstance(one, list | tuple):
            waiting += one
        elif _is_word(one):
            return True
    return False


def _is_word(value: Any) -> bool:
    if isinstance(value, str):
        return value not in _UNSAID and any(map(str.isalnum, value))
    return isinstance(value, bool) or bool(value)


def _is_paper(one: Any) -> bool:
    return (
        isinstance(one, Mapping) and _is_digest(one.get("sha256")) and _has_words(one.get("title"))
    )


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _list(value: Any) -> tuple[Any, ...]:
    if isinstance(value, list | tuple):
        return tuple(value)
    return () if value is None else (value,)
