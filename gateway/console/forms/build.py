"""A form from an Avro schema: one node for each field, by its type and by a text's doc."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from casebus.events.avro_types import (
    ArrayType,
    AvroType,
    EnumType,
    MapType,
    PlainType,
    RecordType,
    UnionType,
    plain,
)
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
from gateway.console.languages import Language

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
    grown, said = _Growing(language), schema.tree
    fields = tuple(node for node in grown.fields(said) if node.name not in left_out)
    title = said.title if language == "zh" else said.doc
    return demands.marked(Form(schema.ce_type, title, language, fields), tuple(needs))


class _Growing:
    """Asks for each field of a record by its type."""

    def __init__(self, language: Language) -> None:
        self._language: Language = language

    def fields(self, record: RecordType) -> Iterator[AnyField]:
        for one in record.fields.values():
            title = title_of(one.name, one.doc, self._language)
            yield self._node(one.name, title, one.type, one.default)

    def _node(self, name: str, title: TextTitle, kind: AvroType, default: Any) -> AnyField:
        is_optional = isinstance(kind, UnionType) and kind.is_optional
        match plain(kind):
            case ArrayType(items=items):
                return self._list(name, title, items)
            case MapType(values=values):
                return self._pairs(name, title, values)
            case RecordType() as record:
                return self._record(name, title, record, is_optional=is_optional)
            case EnumType() as enum:
                return self._choice(name, title, enum, default)
            case one:
                return self._plain(name, title, one.kind, default, is_optional=is_optional)

    def _plain(
        self, name: str, title: TextTitle, kind: str, default: Any, *, is_optional: bool
    ) -> AnyField:
        if kind == "boolean":
            return self._boolean(name, title, is_optional=is_optional)
        if kind == "string":
            return self._line(name, title, default or "")
        return _number(name, title, kind)

    def _record(
        self, name: str, title: TextTitle, schema: RecordType, *, is_optional: bool
    ) -> AnyField:
        if schema.short_name == _MONEY:
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

    def _below(self, record: RecordType) -> tuple[AnyField, ...]:
        found = tuple(self.fields(record))
        return _with_codes(found) if record.short_name == _DIVISION else found

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

    def _choice(self, name: str, title: TextTitle, enum: EnumType, default: Any) -> ChoiceField:
        symbols = symbols_of(enum, self._language)
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

    def _list(self, name: str, title: TextTitle, items: AvroType) -> AnyField:
        match items:
            case RecordType():
                return RecordList(
                    name=name, label=title.label, hint=title.hint, fields=self._below(items)
                )
            case EnumType():
                options = tuple(
                    FieldOption(*one) for one in symbols_of(items, self._language).items()
                )
                return Ticks(name=name, label=title.label, hint=title.hint, options=options)
            case PlainType(kind="int" | "long"):
                hint = _joined(title.hint, say("hint.numbers", self._language), self._language)
                number = _number(name, title, items.kind)
                return ListField(name=name, label=title.label, hint=hint, number=number)
            case _:
                hint = _joined(title.hint, say("hint.lines", self._language), self._language)
                return ListField(name=name, label=title.label, hint=hint)

    def _pairs(self, name: str, title: TextTitle, values: AvroType) -> Pairs:
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
