"""Names from the law and the schemas, in both languages: duties, acts, types, agencies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebus.cases.visibility import Level, shown
from casebus.events.schemas import CodecError, Schemas
from casebus.events.types import in_full
from casebus.law import loader
from casebus.law.reading import read_yaml
from gateway.console.coming import ReadableProcedure, Title, title_of
from gateway.console.languages import PageWords
from gateway.console.reading import BodyLine, label_at, labels, lines

#: Up to this level a page shows everything that its reader may see, without asking for a reason.
_ON_PAGES: Level = "CASE_TEAM"
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_TYPE = re.compile(r"^casebus\.(?P<room>\w+)\.(?P<name>\w+)\.v\d+$")


@dataclass(frozen=True)
class PageNames:
    schemas: Schemas
    #: Duty -> title.
    duties: Mapping[str, Title]
    #: State of a procedure -> title; if several use a word, the first one's.
    states: Mapping[str, Title]
    #: Procedure -> title.
    procedures: Mapping[str, Title]
    #: Procedure -> its states and the ways out of each.
    ways: Mapping[str, ReadableProcedure]

    @classmethod
    def load(cls, policies: Path, schemas: Schemas) -> PageNames:
        duties: dict[str, Title] = {}
        states: dict[str, Title] = {}
        procedures: dict[str, Title] = {}
        ways: dict[str, ReadableProcedure] = {}
        files = loader.read(policies / "law")
        for name in [*sorted(filter(_is_procedure, files)), "common.yaml"]:
            read = read_yaml(name, files[name])
            if "title" in read:
                ways[read["id"]] = ReadableProcedure.read(read)
                procedures[read["id"]] = ways[read["id"]].title
            for state, one in (read.get("states") or {}).items():
                states.setdefault(state, title_of(one))
            duties |= {
                duty: title_of(one["title"]) for duty, one in (read.get("duties") or {}).items()
            }
        return cls(schemas, duties, states, procedures, ways)

    def duty(self, t: PageWords, duty: str, title: str = "") -> str:
        """`title` is the duty's name in the case's own law, in Chinese."""
        chinese, english = self.duties.get(duty, (title or duty, duty.replace("_", " ")))
        return t.pick(title or chinese, english)

    def state(self, t: PageWords, status: str) -> str:
        return t.pick(*self.states.get(status, (t.of("case.status", status), _spoken(status))))

    def procedure(self, t: PageWords, procedure: str | None) -> str:
        if not procedure:
            return "—"
        return t.pick(*self.procedures.get(procedure, (procedure, procedure)))

    def finding(self, t: PageWords, kind: str) -> str:
        found = t.of("finding", kind)
        return _spoken(kind) if found == kind else found

    def type(self, t: PageWords, ce_type: str) -> str:
        """An event's type: the schema's title, or its name in words."""
        found = _TYPE.match(ce_type)
        if found is None:
            return ce_type
        try:
            schema = self.schemas.latest(ce_type)
        except CodecError:
            return ce_type
        english = _WORD.sub(" ", schema.body["name"]).capitalize()
        return t.pick(str(schema.body.get("title", "")), english)

    def letter(self, t: PageWords, ce_type: str) -> str:
        """The name of the paper that such an event is.

        Without its own name, the name of the type.
        """
        found = t.of("letter", ce_type)
        return self.type(t, ce_type) if found == ce_type else found

    def masked(self, ce_type: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The event without the fields of author and recipients, which need a reason."""
        try:
            return shown(self.schemas.latest(ce_type).tree, data, _ON_PAGES).data
        except CodecError:
            return {}

    def said(
        self, t: PageWords, ce_type: str, data: Mapping[str, Any], *, whole: bool = False
    ) -> list[BodyLine]:
        """The content of an event, line by line, masked unless `whole`.

        Nothing for an unknown type.
        """
        given = data if whole else self.masked(ce_type, data)
        try:
            return lines(self.schemas.latest(ce_type), given, t.language)
        except CodecError:
            return []

    def hidden(self, t: PageWords, ce_type: str, data: Mapping[str, Any]) -> list[str]:
        """The labels of masked fields with a value."""
        there = set(labels(self.said(t, ce_type, data)))
        every = labels(self.said(t, ce_type, data, whole=True))
        return list(dict.fromkeys(one for one in every if one not in there))

    def withheld(self, t: PageWords, ce_type: str, paths: Iterable[str]) -> list[str]:
        """The fields that the reader may not see; `*` is all of them."""
        return [t("event.all") if one == "*" else self._label(t, ce_type, one) for one in paths]

    def _label(self, t: PageWords, ce_type: str, path: str) -> str:
        try:
            return label_at(self.schemas.latest(ce_type), path, t.language)
        except CodecError:
            return path

    def action(self, t: PageWords, word: str, ce_type: str) -> str:
        """The text of a button."""
        full = in_full(ce_type)
        return self.type(t, full) if t.language == "zh" else _spoken(word)


def _is_procedure(name: str) -> bool:
    return name.startswith("procedures/")


def _spoken(word: str) -> str:
    return word.replace("_", " ").capitalize()
