"""Puts a refusal of the gateway on the fields that it names, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from casebus.law.acts import Need
from gateway.console.forms import demands
from gateway.console.forms.fields import AnyField, FieldError, Form, Number, RecordList, child
from gateway.console.forms.reading import reading
from gateway.console.forms.texts import say
from gateway.console.forms.typed import Pair

_DATA, _TO = "data", "to"


def wrongs_of(
    form: Form, errors: Iterable[Mapping[str, str]], posted: Sequence[Pair] = ()
) -> list[FieldError]:
    """One for each {pointer, detail}; rows are matched again if blank ones were dropped."""
    places = reading(form, posted).places
    return [_wrong(form, error, places) for error in errors]


def _wrong(form: Form, error: Mapping[str, str], places: Mapping[str, str]) -> FieldError:
    steps = [_plain(step) for step in error["pointer"].split("/")[1:]]
    path, node = _found(form, steps, places)
    # Several needs may point at one place; each names itself.
    detail = error.get("detail", "")
    asked = (one for one in form.needs if _pointer(one) == steps and one.what in detail)
    if need := next(asked, None):
        lacks = demands.what(need, form.language), demands.citation(need, form.language)
        return FieldError(path, say("wrong.lacks", form.language, what=lacks[0], citation=lacks[1]))
    if not path:
        return FieldError("", say("wrong.unknown", form.language, pointer=error["pointer"]))
    return FieldError(path, say(_key(node, detail), form.language))


def _pointer(need: Need) -> list[str]:
    return [_TO] if need.to else [_DATA, *need.places[0].split(".")]


def _found(
    form: Form, steps: Sequence[str], places: Mapping[str, str]
) -> tuple[str, AnyField | None]:
    """The nearest place that the form shows, from the top down."""
    if steps == [_TO]:
        return _TO, None
    fields: Sequence[AnyField] = form.fields
    node: AnyField | None = None
    typed = data = ""
    for step in steps[1:] if steps[:1] == [_DATA] else ():
        data = f"{data}.{step}".removeprefix(".")
        if isinstance(node, RecordList) and step.isdigit():
            typed = places.get(data, f"{typed}.{step}")
            continue
        below = child(fields, step)
        # A column without its row counts for the table.
        if below is None or (isinstance(node, RecordList) and not typed[-1:].isdigit()):
            break
        node, typed, fields = below, f"{typed}.{step}".removeprefix("."), below.children
    return typed, node


def _key(node: AnyField | None, detail: str) -> str:
    if detail == "missing":
        return "wrong.missing"
    if isinstance(node, Number):
        return "wrong.whole" if node.is_whole else "wrong.number"
    return "wrong.choice" if detail.startswith("one of ") else "wrong.other"


def _plain(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
