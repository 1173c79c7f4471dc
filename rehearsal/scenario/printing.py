"""The output of `casebus demo`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.padding import Padding

from casebus.cli.output import table
from casebus.cli.wording import PROVISIONAL, EventTitles, local_time
from casebus.events.doors import BUS
from casebus.events.envelope import agency_of
from casebus.events.types import all_of, event_name
from rehearsal.scenario.expectations import kind_of
from rehearsal.scenario.player import Played
from rehearsal.scenario.storyline import Entry, Look, Storyline
from rehearsal.scenario.timeline import moment_of

#: Events that prove hand-overs or say that somebody has begun: too many for a first look.
_QUIET = (all_of("intake"), all_of("work"))
#: A law's number and version, where its name stands before them.
_PARENTHESES = re.compile("（[^）]*）")
_DATE = len("2026-03-02")
#: Above, right, below, left.
_INDENT = (0, 0, 0, 4)
_STATES = {"breached": "red", "met": "green"}


class PlayPrinter:
    """Prints one play; `names` are the agencies' Chinese names by id.

    Tables call an agency by the last storyline's word for it, which is short, else by its name.
    """

    def __init__(self, console: Console, names: Mapping[str, str], titles: EventTitles) -> None:
        self._console = console
        self._names = names
        self._titles = titles
        self._words: dict[str, str] = {}

    def chapter(self, text: str) -> None:
        self._console.print(f"\n[bold]{text}[/bold]")

    def line(self, text: str) -> None:
        self._console.print(text)

    def storyline(self, one: Storyline, *, cast: bool) -> None:
        """Its title, its events, and the agencies of its words."""
        self.chapter(f"{one.storyline}  {one.title.zh}  {one.title.en}")
        self.line(one.about)
        self._words = {BUS: BUS, **{agency: word for word, agency in one.agencies.items()}}
        if cast:
            rows = (
                (word, self._names.get(agency, ""), agency) for agency, word in self._words.items()
            )
            self._console.print(table(("agency", "name", "id"), rows))

    def imported(self, summary: Mapping[str, Any]) -> None:
        taken, read = summary["rows_taken"], summary["rows_read"]
        self.line(
            f"{taken} of {read} rows taken as history ({summary['events']} events), "
            f"{summary['rows_refused']} refused, {summary['notes']} notes:"
        )
        self.line("  " + ", ".join(f"{code} {count}" for code, count in summary["codes"].items()))

    def entry(
        self,
        storyline: Storyline,
        entry: Entry,
        problems: Sequence[str],
        *,
        several: bool = False,
    ) -> None:
        """A step, or an expectation that held.

        With the storyline's number if several are played.
        """
        mark = f"[dim]{storyline.storyline}[/dim]  " if several else ""
        moment = local_time(moment_of(entry).isoformat())
        if isinstance(entry, Look):
            self._looked(f"{mark}{moment}", entry, problems)
        else:
            to = f" → {', '.join(entry.to)}" if entry.to else ""
            title = self._titles.of(entry.ce_type)
            refused = f"  [yellow]refused: {entry.rejected}[/yellow]" if entry.rejected else ""
            what = f"[bold]{title}[/bold] {entry.type}"
            self.line(f"{mark}{moment}  {entry.word}{to}  {what}{refused}")
        self._otherwise(problems)

    def _looked(self, when: str, look: Look, problems: Sequence[str]) -> None:
        kinds = Counter(kind_of(one).replace("_", " ") for one in look.expect)
        said = ", ".join(f"{kind} ×{n}" if n > 1 else kind for kind, n in kinds.items())
        sign = "[red]✗[/red]" if problems else "[green]✓[/green]"
        self.line(f"{when}  {sign} {said}")
        if look.note:
            self._indented(f"[dim]{look.note}[/dim]")

    def _indented(self, text: str) -> None:
        self._console.print(Padding(text, _INDENT, expand=False))

    def _otherwise(self, problems: Iterable[str]) -> None:
        for one in problems:
            self._indented(f"[red]{one}[/red]")

    def problems(self, played: Iterable[Played]) -> None:
        for one in played:
            for problem in one.problems:
                self.line(f"[red]✗[/red] {one.storyline.storyline}  {problem}")

    def results(self, played: Iterable[Played]) -> None:
        rows = (
            (
                one.storyline.storyline,
                f"{one.storyline.title.zh}  {one.storyline.title.en}",
                one.steps,
                one.assertions,
                _failed(len(one.problems)),
                f"{one.seconds:.1f}",
            )
            for one in played
        )
        headers = ("", "storyline", "steps", "checks", "failed", "seconds")
        self._console.print(table(headers, rows))

    def history(self, events: Iterable[Mapping[str, Any]]) -> None:
        rows = (
            (
                local_time(one["legal_time"]),
                self._titles.of(one["type"]),
                self._name(agency_of(one["source"])),
                ", ".join(map(self._name, one["recipients"])),
                _detail(one),
            )
            for one in events
            if not one["type"].startswith(_QUIET)
        )
        headers = ("legal time", "event 事件", "by", "to, with copies", "what of it")
        self._console.print(table(headers, rows))

    def clocks(self, clocks: Iterable[Mapping[str, Any]]) -> None:
        rows = (
            (
                one["id"],
                one["title"],
                self._name(one["actor"]),
                _day(one["due"]) or "at once",
                local_time(one["stopped"])[:_DATE],
                _coloured(one["state"]) + (f" {PROVISIONAL}" if one.get("provisional") else ""),
                _PARENTHESES.sub("", one["citation"]).removeprefix("中华人民共和国"),
            )
            for one in clocks
        )
        headers = ("", "clock 期限", "owed by", "due", "ended", "state", "law")
        self._console.print(table(headers, rows, whole=("due",)))

    def inboxes(self, received: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
        rows = []
        for agency, items in received.items():
            counted = Counter(event_name(one["type"]) for one in items)
            said = ", ".join(
                name if count == 1 else f"{name} ×{count}" for name, count in counted.items()
            )
            rows.append((self._name(agency), counted.total(), said))
        self._console.print(table(("agency", "events", "what it was sent of the case"), rows))

    def verified(self, report: Mapping[str, Any]) -> None:
        counts = ", ".join(f"{count:,} {what}" for what, count in report["counts"].items())
        if report["ok"]:
            self.line(f"Nothing lost, doubled, reordered or altered: {counts}.")
            return
        for one in report["problems"]:
            self.line(f"[red]{one['code']}[/red] {one['count']}: {', '.join(one['places'])}")

    def _name(self, agency: str) -> str:
        return self._words.get(agency) or self._names.get(agency, agency)


def _detail(event: Mapping[str, Any]) -> str:
    """The breached clock, the content of a finding, and the findings about an event."""
    data = event["data"]
    if "clock_key" in data:
        return f"{data['clock']} {data['title']}"
    if "severity" in data:
        return " ".join([data["kind"], *map("=".join, data["detail"].items())])
    return " ".join(sorted({found["kind"] for found in event["findings"]}))


def _failed(count: int) -> str:
    return f"[red]{count}[/red]" if count else "[green]0[/green]"


def _day(text: Any) -> str:
    """Without the time of day if it is the day's last second."""
    return local_time(text).removesuffix(" 23:59")


def _coloured(state: str) -> str:
    colour = _STATES.get(state)
    return f"[{colour}]{state}[/{colour}]" if colour else state
