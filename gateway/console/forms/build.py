"""A form from an Avro schema: one node for each field, by its type and by a text's doc."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from casebus.events.schemas import Schema
from casebus.events.types import WORK_TAKEN
from casebus.law.acts import Need
from gateway.console.forms import demands
from gateway.console.forms.fields import (
    Amount,
    AnyField,
    ChoiceField,
    FieldOption,
    Form,
    Language,
    ListField,
    Number,
    Pairs,
    RecordField,
    RecordList,
    Shape,
    TextField,
    Tick,
    Ticks,
    YesNo,
)
from gateway.console.forms.texts import TextTitle, say, symbols_of, title_of, yes_no

#: Fields that the gateway writes itself. The act does not set them.
OF_THE_GATEWAY = frozenset({"actor", "work_item", "work_version"})
#: And of one type alone: an item is taken by the agency whose it is.
_OF_ONE = {WORK_TAKEN: frozenset({"agency"})}
#: Symbols by which a body says nothing: no option of their own.
_UNSAID = frozenset({"UNSTATED", "UNASSESSED"})
#: Texts of several lines.
_LONG = frozenset(
    {
        "defence", "detail", "discrepancy", "explanation", "facts", "features", "grounds",
        "guidance", "heavier_ground", "infringement_findings", "measures", "note", "opinion",
        "progress", "proposed", "purpose", "questions", "reasons", "scope", "summary", "terms",
        "violation",
    }
)  # fmt: skip
_AGENCY = re.compile(
    r"\bagency id|by id\b|\bagency (the case goes|that (handles|leads|should handle))"
)
_MONEY, _DIVISION = "Money", "Division"
_BOUNDS = {"int": 2**31, "long": 2**63, "float": None, "double": None}


def form_of(schema: Schema, needs: Iterable[Need], language: Language) -> Form:
    """The fields of an act of this type, with the law's requirements marked."""
    left_out = OF_THE_GATEWAY | _OF_ONE.get(schema.ce_type, frozenset())
    grown = _Growing(language, schema.body["namespace"])
    fields = tuple(
        node for field, node in grown.fields(schema.body["fields"]) if field["name"] not in left_out
    )
    title = schema.body["title"] if language == "zh" else schema.body["doc"]
    return demands.marked(Form(schema.ce_type, title, language, fields), tuple(needs))


class _Growing:
    """Named types are learnt where they are defined, before they are used."""

    def __init__(self, language: Language, namespace: str) -> None:
        self._language: Language = language
        self._namespace = namespace
        self._named: dict[str, dict[str, Any]] = {}

    def fields(
        self, rows: Iterable[Mapping[str, Any]]
    ) -> Iterator[tuple[Mapping[str, Any], AnyField]]:
        for row in rows:
            title = title_of(row["name"], row["doc"], self._language)
            yield row, self._node(row["name"], title, row["type"], row.get("default"))

    def _node(self, name: str, title: TextTitle, schema: Any, default: Any) -> AnyField:
        branches = schema if isinstance(schema, list) else [schema]
        (one,) = (self._resolved(branch) for branch in branches if branch != "null")
        is_optional = len(branches) > 1
        match one["type"]:
            case "array" | "map":
                return self._many(name, title, one)
            case "record":
                return self._record(name, title, one, is_optional=is_optional)
            case "boolean":
                return self._boolean(name, title, is_optional=is_optional)
            case "enum":
                return self._choice(name, title, one, default)
            case "string":
                return self._line(name, title, default or "")
        return _number(name, title, one["type"])

    def _record(
        self, name: str, title: TextTitle, schema: dict[str, Any], *, is_optional: bool
    ) -> AnyField:
        if schema["name"] == _MONEY:
            return self._amount(name, title)
        return RecordField(
            name=name,
            label=title.label,
            hint=title.hint,
            fields=self._below(schema),
            is_optional=is_optional,
        )

    def _boolean(self, name: str, title: TextTitle, *, is_optional: bool) -> AnyField:
        if not is_optional:
            return Tick(name=name, label=title.label, hint=title.hint)
        return YesNo(
            name=name,
            label=title.label,
            hint=title.hint,
            options=yes_no(self._language),
            empty=say("unknown", self._language),
        )

    def _resolved(self, schema: Any) -> dict[str, Any]:
        if isinstance(schema, str):
            full = schema if "." in schema else f"{self._namespace}.{schema}"
            return self._named.get(full, {"type": schema})
        if "name" in schema:
            namespace = schema.get("namespace", self._namespace)
            self._named[f"{namespace}.{schema['name']}"] = schema
        found: dict[str, Any] = schema
        return found

    def _below(self, record: Mapping[str, Any]) -> tuple[AnyField, ...]:
        found = tuple(node for _, node in self.fields(record["fields"]))
        return _with_codes(found) if record["name"] == _DIVISION else found

    def _line(self, name: str, title: TextTitle, default: str) -> TextField:
        shape = _shape(title.english)
        ours = say(f"hint.{shape}", self._language) if shape in {"digest", "moment"} else ""
        return TextField(
            name=name,
            label=title.label,
            hint=ours or title.hint,
            default=default,
            shape=shape,
            is_long=name in _LONG,
            offered="agencies" if _AGENCY.search(title.english) else None,
            suggestions=title.suggestions,
        )

    def _choice(
        self, name: str, title: TextTitle, schema: dict[str, Any], default: Any
    ) -> ChoiceField:
        symbols = symbols_of(schema, self._language)
        unsaid = default if default in _UNSAID else None
        empty = say("empty", self._language)
        if unsaid is None and default in symbols:
            empty = say("empty.default", self._language, default=symbols[default])
        return ChoiceField(
            name=name,
            label=title.label,
            hint="" if title.suggestions else title.hint,
            options=tuple(FieldOption(*one) for one in symbols.items() if one[0] != unsaid),
            unsaid=unsaid,
            empty=empty,
        )

    def _many(self, name: str, title: TextTitle, schema: dict[str, Any]) -> AnyField:
        if schema["type"] == "map":
            return self._pairs(name, title, schema["values"])
        return self._list(name, title, self._resolved(schema["items"]))

    def _list(self, name: str, title: TextTitle, items: dict[str, Any]) -> AnyField:
        match items["type"]:
            case "record":
                return RecordList(
                    name=name, label=title.label, hint=title.hint, fields=self._below(items)
                )
            case "enum":
                options = tuple(
                    FieldOption(*one) for one in symbols_of(items, self._language).items()
                )
                return Ticks(name=name, label=title.label, hint=title.hint, options=options)
            case "int" | "long":
                hint = _joined(title.hint, say("hint.numbers", self._language), self._language)
                number = _number(name, title, items["type"])
                return ListField(name=name, label=title.label, hint=hint, number=number)
            case _:
                hint = _joined(title.hint, say("hint.lines", self._language), self._language)
                return ListField(name=name, label=title.label, hint=hint)

    def _pairs(self, name: str, title: TextTitle, values: Any) -> Pairs:
        key = TextField(name="name", label=say("name", self._language))
        value = self._node(
            "value", TextTitle(say("value", self._language), "", (), ""), values, None
        )
        return Pairs(name=name, label=title.label, hint=title.hint, fields=(key, value))

    def _amount(self, name: str, title: TextTitle) -> Amount:
        hint = _joined(title.hint, say("hint.amount", self._language), self._language)
        label = say("currency", self._language)
        return Amount(name=name, label=title.label, hint=hint, currency="CNY", currency_label=label)


def _with_codes(division: tuple[AnyField, ...]) -> tuple[AnyField, ...]:
    return tuple(
        replace(one, offered="divisions")
        if isinstance(one, TextField) and one.name == "code"
        else one
        for one in division
    )


def _number(name: str, title: TextTitle, kind: str) -> Number:
    bound = _BOUNDS[kind]
    return Number(
        name=name,
        label=title.label,
        hint=title.hint,
        least=None if bound is None else -bound,
        most=None if bound is None else bound - 1,
        is_whole=bound is not None,
    )


def _shape(english: str) -> Shape:
    if english.endswith("YYYY-MM-DD"):
        return "day"
    if "RFC 3339" in english:
        return "moment"
    return "digest" if english.startswith("SHA-256") else "text"


def _joined(one: str, other: str, language: Language) -> str:
    stop = {"zh": "。", "en": ". "}[language]
    return stop.join(filter(None, (one, other)))
