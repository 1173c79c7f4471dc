"""The known facts of a case as tables: procedures, clocks, figures, links, findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from casebus.cli.output import table
from casebus.cli.wording import PROVISIONAL, local_time
from casebus.law.threshold_models import MONEY

Row = dict[str, Any]
_FEN = 100


def show_parts(console: Console, about: Row, clocks: list[Row]) -> None:
    """Show every part that the case has, each as a table of its own."""
    parts = (
        (_regions, about.get("regions")),
        (_clocks, clocks),
        (_assessments, about.get("assessments")),
        (_proposals, about.get("proposals")),
        (_links, list(_others(about))),
        (_findings, about.get("findings")),
    )
    for made, rows in parts:
        if rows:
            console.print(made(rows))


def _table(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    """A table. Text from agencies is shown as it is: brackets are no markup."""
    plain = ([escape(str(cell)) if cell is not None else "" for cell in row] for row in rows)
    return table(headers, plain)


def _regions(regions: list[Row]) -> Table:
    rows = (
        (
            one["procedure"],
            one.get("title"),
            one["status"],
            "\n".join(f"{role}: {' '.join(held)}" for role, held in one.get("roles", {}).items()),
        )
        for one in regions
    )
    return _table(("procedure", "状态", "status", "roles"), rows)


def _clocks(clocks: list[Row]) -> Table:
    rows = (
        (
            one["id"],
            one.get("title"),
            local_time(one.get("due")),
            _nominal(one),
            one["state"],
            "\n".join(_remarks(one)),
            one.get("citation"),
        )
        for one in clocks
    )
    headers = ("clock", "期限", "due", "nominal", "state", "remarks", "source")
    return _table(headers, rows)


def _nominal(clock: Row) -> str:
    """The day as counted, if a day off moved the due day."""
    nominal = str(clock.get("nominal") or "")
    return "" if local_time(clock.get("due")).startswith(nominal) else nominal


def _remarks(clock: Row) -> Iterator[str]:
    if clock.get("counted_from"):
        yield f"from {local_time(clock['counted_from'])}, {clock.get('counted_by')}"
    if clock.get("paused_since"):
        yield f"paused since {local_time(clock['paused_since'])}"
    if clock.get("extended"):
        yield f"extended {clock['extended']} x"
    if clock.get("cause"):
        yield f"cause: {clock['cause']}"
    if clock.get("provisional"):
        yield _provisional(clock)
    if clock.get("historic"):
        yield "historic"


def _provisional(clock: Row) -> str:
    """The reason why the due date may still move, and until when nobody is told that it passed."""
    why = f"{PROVISIONAL}: the notice of that year's holidays is not out"
    certain = local_time(clock.get("certain"))
    return f"{why}; told no earlier than {certain}" if certain else f"{why}; told only then"


def _assessments(assessments: list[Row]) -> Table:
    """The last assessment is in force; earlier ones show what was thought then."""
    rows = (
        (
            one.get("on"),
            one["verdict"],
            " ".join(filter(None, (one.get("offence"), one.get("title")))),
            _rule(one),
            _figure(one),
            one.get("citation"),
        )
        for one in assessments
    )
    return _table(("acts on", "verdict", "罪名", "rule", "figure", "source"), rows)


def _rule(assessment: Row) -> str:
    marks = [word for word in ("accumulated", "claimed") if assessment.get(word)]
    return " ".join([str(assessment.get("rule") or ""), *(f"({word})" for word in marks)])


def _figure(assessment: Row) -> str:
    """The deciding figure and the amount that the standard asks, money in yuan."""
    metric = assessment.get("metric") or ""
    if not metric:
        return ""
    value, needed = (_amount(metric, assessment.get(name)) for name in ("value", "needed"))
    return f"{metric} {value} / {needed}"


def _amount(metric: str, value: Any) -> str:
    if metric in MONEY and isinstance(value, int):
        return f"{value // _FEN}.{value % _FEN:02d}"
    return str(value if value is not None else "")


def _proposals(proposals: list[Row]) -> Table:
    rows = (
        (
            one.get("track"),
            one.get("rule"),
            "\n".join(f"{way['way']} ({way['rule']})" for way in one.get("first", ())),
            "\n".join(one.get("citations", ())),
        )
        for one in proposals
    )
    return _table(("proposed track", "rule", "offer first", "source"), rows)


def _others(about: Row) -> Iterator[Row]:
    for word, found in (("linked", about.get("links")), ("merged in", about.get("origins"))):
        yield from ({**one, "how": word} for one in found or ())
    if about.get("absorbed_into"):
        yield {**about["absorbed_into"], "how": "goes on in"}


def _links(links: list[Row]) -> Table:
    rows = (
        (
            " ".join(filter(None, (one["how"], one.get("relation")))),
            one.get("stream"),
            one.get("source"),
            one.get("number"),
        )
        for one in links
    )
    return _table(("other case", "case", "agency", "number"), rows)


def _findings(findings: list[Row]) -> Table:
    rows = (
        (
            one["kind"],
            one["severity"],
            _about(one.get("event") or {}),
            "\n".join(f"{name}: {value}" for name, value in one.get("detail", {}).items()),
            # Until then a late event may heal it.
            local_time(one.get("tell_after")),
        )
        for one in findings
    )
    return _table(("finding", "severity", "event", "detail", "told from"), rows)


def _about(event: Row) -> str:
    return f"{event.get('source', '')} {event.get('id', '')}".strip()
