"""The content of an event for a person: each field under the name from its schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from casebus.events.avro_types import ArrayType, AvroType, EnumType, RecordType, held, plain
from casebus.events.schemas import Schema
from gateway.console.forms.texts import symbols_of, title_of
from gateway.console.languages import Language

_EMPTY: tuple[object, ...] = (None, "", [], {})
_HOME = "CNY"


class BodyLine(NamedTuple):
    """A label and its value: a text, a number, yes or no, or lines and lists of them."""

    label: str
    value: Any


def lines(schema: Schema, data: Mapping[str, Any], language: Language) -> list[BodyLine]:
    """The fields that say something, in the schema's order; what it does not know comes last."""
    found = list(_Reading(language).record(schema.tree, data))
    known = schema.tree.fields
    return found + [BodyLine(name, one) for name, one in data.items() if name not in known]


def labels(found: Iterable[BodyLine], above: str = "") -> Iterator[str]:
    """The label of each field, below those of the fields that hold it: `当事人 › 证件号码`."""
    for one in found:
        label = f"{above} › {one.label}" if above else one.label
        yield label
        for value in one.value if isinstance(one.value, list) else []:
            if isinstance(value, BodyLine):
                yield from labels([value], label)
            elif isinstance(value, list):
                yield from labels([each for each in value if isinstance(each, BodyLine)], label)


def label_at(schema: Schema, path: str, language: Language) -> str:
    """The field `parties.id_number` as a person calls it: `当事人 › 证件号码`."""
    return " › ".join(_labels(schema.tree, path.split("."), language))


def _labels(kind: AvroType | None, names: Iterable[str], language: Language) -> Iterator[str]:
    """A field that the schema does not know keeps its own name."""
    for name in names:
        record = None if kind is None else held(kind)
        field = record.fields.get(name) if isinstance(record, RecordType) else None
        kind = None if field is None else field.type
        yield name if field is None else title_of(name, field.doc, language).label


class _Reading:
    """One walk over a schema beside a value."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def record(self, kind: RecordType, data: Mapping[str, Any]) -> Iterator[BodyLine]:
        for field in kind.fields.values():
            value = data.get(field.name)
            # A default of the schema says nothing, because nobody stated it.
            if value in _EMPTY or value == field.default:
                continue
            shown = self._value(field.type, value)
            if shown not in _EMPTY:
                title = title_of(field.name, field.doc, self._language)
                said = {one.value: one.text for one in title.suggestions}
                yield BodyLine(
                    title.label, said.get(shown, shown) if isinstance(shown, str) else shown
                )

    def _value(self, kind: AvroType, value: Any) -> Any:
        match plain(kind):
            case RecordType() as record if isinstance(value, Mapping):
                in_one = _IN_ONE.get(record.short_name)
                return in_one(value, self._language) if in_one else list(self.record(record, value))
            case ArrayType(items=items) if isinstance(value, list):
                return [self._value(items, one) for one in value]
            case EnumType() as enum:
                return symbols_of(enum, self._language).get(value, value)
        return value


def _money(value: Mapping[str, Any], language: Language) -> str:
    """`21,000.00 元`; nothing if the reader may not see the amount."""
    if "fen" not in value:
        return ""
    whole, rest = divmod(abs(value["fen"]), 100)
    amount = f"{'-' if value['fen'] < 0 else ''}{whole:,}.{rest:02}"
    currency = value.get("currency") or _HOME
    return f"{amount} 元" if (language, currency) == ("zh", _HOME) else f"{currency} {amount}"


def _division(value: Mapping[str, Any], language: Language) -> str:
    """`杭州市西湖区（330106）`."""
    name, code = (value.get(one) or "" for one in ("name", "code"))
    if not (name and code):
        return name or code
    return f"{name}（{code}）" if language == "zh" else f"{name} ({code})"


#: Records that a person reads as one text.
_IN_ONE: Mapping[str, Callable[[Mapping[str, Any], Language], str]] = {
    "Money": _money,
    "Division": _division,
}
