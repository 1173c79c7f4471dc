"""Forms of the shipped schemas and law, rendered, and read back as a browser posts them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from casebus.events.schemas import Schemas
from casebus.law import loader, models
from casebus.law.acts import ActRules, Need
from gateway.console import forms
from gateway.console.forms import FieldError, Form, FormView, Language, form_of

ROOT = Path(__file__).parents[1]
DAY = dt.date(2026, 6, 1)
_VOID = frozenset({"input"})
_PAGE = (
    "{% import 'forms.html' as forms %}<form>{{ forms.summary(view) }}{{ forms.body(view) }}"
    "{{ forms.lists(view) }}</form>"
)
Pairs = list[tuple[str, str]]


@cache
def schemas() -> Schemas:
    return Schemas.load(ROOT / "schemas")


@cache
def acts() -> ActRules:
    return ActRules.of(loader.read(ROOT / "policies" / "law"))


@cache
def events() -> tuple[str, ...]:
    """Every event that an action of a duty publishes."""
    files = loader.read(ROOT / "policies" / "law")
    found = loader.parse_all(files, "procedures", models.ProcedureFile).values()
    return tuple(
        sorted(
            {e for file in found for duty in file.duties.values() for e in duty.actions.values()}
        )
    )


def needs(event: str) -> tuple[Need, ...]:
    return acts().needs(event, DAY)


@cache
def form(event: str, language: Language = "zh") -> Form:
    return form_of(schemas().latest(f"casebus.{event}.v1"), needs(event), language)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(forms.__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def rendered(form: Form, posted: Pairs | None = None, wrongs: Sequence[FieldError] = ()) -> str:
    agencies = [("psb-hz", "公安")]
    view = FormView(
        form, forms.opened(form) if posted is None else posted, wrongs, agencies=agencies
    )
    return _environment().from_string(_PAGE).render(view=view)


def stored(form: Form, data: dict[str, Any]) -> dict[str, Any]:
    """The data as the codec writes and reads it: with every default."""
    return schemas().decode(schemas().encode(form.type, data))[1]


class Page(HTMLParser):
    """A page as a browser reads it: balanced, with its controls and their posted values."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.posted: Pairs = []
        self.text: dict[int, str] = {}
        self._open: list[int] = []
        self._select = ""
        self._first: str | None = None
        self.feed(html)
        self.close()
        assert not self._open, [self.tags[at] for at in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), names
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag not in _VOID:
            self._open.append(len(self.tags) - 1)
        name, value = given.get("name") or "", given.get("value")
        if tag == "input" and (given.get("type") != "checkbox" or "checked" in given):
            # An input has one line.
            self.posted.append((name, (value or "").replace("\n", "").replace("\r", "")))
        elif tag == "select":
            self._select, self._first = name, None
        elif tag == "option" and self._select and (self._first is None or "selected" in given):
            self._first = value or ""

    def handle_endtag(self, tag: str) -> None:
        at = self._open.pop()
        opened, given = self.tags[at]
        assert opened == tag, (opened, tag)
        if tag == "select":
            self.posted.append((self._select, self._first or ""))
            self._select = ""
        elif tag == "textarea":
            text = self.text.get(at, "").removeprefix("\n")
            self.posted.append((given["name"] or "", text.replace("\n", "\r\n")))

    def handle_data(self, data: str) -> None:
        for at in self._open:
            self.text[at] = self.text.get(at, "") + data

    def ids(self) -> list[str]:
        return [given["id"] or "" for _, given in self.tags if "id" in given]

    def named(self, tag: str) -> Iterator[dict[str, str | None]]:
        return (given for one, given in self.tags if one == tag)
