"""Rows that are added and removed without a script: the pressed button is posted with the form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.console.forms.fields import AnyField, Form, Pairs, RecordField, RecordList
from gateway.console.forms.typed import MOST_ROWS, Pair, Typed, marker_of

ADD, REMOVE = "add", "remove"
_ROW = re.compile(r"(.+)\.([0-9]{1,6})", re.ASCII)


def opened(form: Form) -> list[Pair]:
    """The values of an untouched form: the rows and kinds that the law demands."""
    return list(_opened(form.fields, ""))


def edited(form: Form, posted: Sequence[Pair]) -> list[Pair] | None:
    """The values after a button that adds or removes a row; None if it was another button."""
    typed = Typed(posted)
    kept = [pair for pair in posted if pair[0] not in {ADD, REMOVE}]
    if path := typed.one(ADD):
        return kept + _added(form, typed, path)
    if path := typed.one(REMOVE):
        return [pair for pair in kept if not _is_of(pair[0], path)]
    return None


def _opened(fields: Sequence[AnyField], at: str) -> Iterator[Pair]:
    for one in fields:
        path = at + one.name
        if isinstance(one, RecordList):
            for number, chosen in enumerate(one.openings):
                yield from _marked(f"{path}.{number}", chosen)
        elif isinstance(one, RecordField):
            yield from _marked(path, one.chosen) if one.chosen else ()
            yield from _opened(one.fields, f"{path}.")


def _marked(path: str, chosen: Sequence[Pair]) -> Iterator[Pair]:
    yield path, marker_of(chosen)
    yield from ((f"{path}.{name}", value) for name, value in chosen)


def _added(form: Form, typed: Typed, path: str) -> list[Pair]:
    if path == form.recipients.name:
        return [(path, "")] if len(typed.all(path)) < MOST_ROWS else []
    rows = typed.rows(path)
    if not _is_table(form, path) or len(rows) >= MOST_ROWS:
        return []
    return [(f"{path}.{rows[-1] + 1 if rows else 0}", "")]


def _is_table(form: Form, path: str) -> bool:
    """True if rows can be added there; the numbers of rows above it are skipped."""
    fields: Sequence[AnyField] = form.fields
    found: AnyField | None = None
    for step in path.split("."):
        if isinstance(found, RecordList) and step.isdigit():
            continue
        found = next((one for one in fields if one.name == step), None)
        if found is None:
            return False
        fields = found.children
    return isinstance(found, RecordList | Pairs)


def _is_of(name: str, row: str) -> bool:
    return _ROW.fullmatch(row) is not None and (name == row or name.startswith(f"{row}."))
