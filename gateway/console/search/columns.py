"""The possible columns of the search, on the page and in its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from casebus.trust.directory import Agency
from gateway.api.searching import SearchedCase
from gateway.console.languages import PageWords
from gateway.console.naming import PageNames
from gateway.console.rendering import urgency

#: Column -> its word.
COLUMNS = {
    "numbers": "item.numbers",
    "state": "item.state",
    "procedure": "search.procedure",
    "turn": "search.turn",
    "due": "col.due",
    "opener": "search.opener",
    "opened": "search.opened",
    "changed": "search.changed",
}
DEFAULT = ("state", "procedure", "turn", "due", "opener", "changed")


def chosen(asked: Iterable[str]) -> tuple[str, ...]:
    """In their own order; if none is given, those that most people need."""
    wanted = set(asked)
    return tuple(name for name in COLUMNS if name in wanted) or DEFAULT


@dataclass(frozen=True, slots=True)
class CaseTeller:
    """Puts a case into a reader's words."""

    t: PageWords
    names: PageNames
    agencies: Mapping[str, Agency]
    now: datetime

    def heads(self, columns: Sequence[str]) -> list[str]:
        told = [self.t(COLUMNS[name]) for name in columns]
        if "due" in columns:
            told.insert(columns.index("due") + 1, self.t("search.urgency"))
        return [self.t("search.title"), *told, self.t("case.id")]

    def row(self, one: SearchedCase, columns: Sequence[str]) -> list[object]:
        cells = [cell for name in columns for cell in self._cells(one, name)]
        return ["；".join(one.matter_titles) or self.t("untitled"), *cells, one.id]

    def agency(self, name: str | None) -> str:
        found = self.agencies.get(name or "")
        return found.name if found else name or ""

    def _cells(self, one: SearchedCase, name: str) -> Iterator[object]:
        match name:
            case "numbers":
                yield "；".join(number.value for number in one.numbers)
            case "state":
                named = self.t.pick(one.title, getattr(one, "title_en", ""))
                yield named or self.names.state(self.t, one.status)
            case "procedure":
                yield self.names.procedure(self.t, one.procedure)
            case "turn":
                yield "；".join(
                    f"{self.agency(it.agency)} {self.names.duty(self.t, it.duty, it.title)}"
                    for it in one.awaited
                )
            case "due":
                yield one.due
                yield self._urgency(one)
            case "opener":
                yield self.agency(one.opener)
            case "opened":
                yield one.opened_at
            case "changed":
                yield one.updated_at

    def _urgency(self, one: SearchedCase) -> str:
        how = urgency(one.due, self.now)
        told = [self.t(f"urgency.{how}")] if how != "none" else []
        return "，".join([*told, self.t("provisional")] if one.provisional else told)
