"""The content of an event for a person: each field under the name from its schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

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
    """The fields with a value, in the schema's order; unknown fields come last."""
    read = _Reading(language)
    read.know(schema.body)
    found = list(read.record(schema.body, data))
    known = {field["name"] for field in schema.body["fields"]}
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
    read = _Reading(language)
    read.know(schema.body)
    return " › ".join(read.labels(schema.body, path.split(".")))


class _Reading:
    """One walk over an Avro schema beside a value; named types are kept for their next uses."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._named: dict[str, Any] = {}

    def know(self, kind: Any) -> None:
        if isinstance(kind, list):
            for one in kind:
                self.know(one)
        elif isinstance(kind, dict):
            if "name" in kind:
                space = kind.get("namespace", "")
                self._named |= {kind["name"]: kind, f"{space}.{kind['name']}": kind}
            for one in (kind.get("items"), *(each["type"] for each in kind.get("fields", ()))):
                self.know(one)

    def record(self, kind: Mapping[str, Any], data: Mapping[str, Any]) -> Iterator[BodyLine]:
        for field in kind["fields"]:
            value = data.get(field["name"])
            # A default of the schema says nothing, because nobody stated it.
            if value in _EMPTY or value == field.get("default"):
                continue
            shown = self._value(field["type"], value)
            if shown not in _EMPTY:
                title = title_of(field["name"], field.get("doc", ""), self._language)
                said = {one.value: one.text for one in title.suggestions}
                yield BodyLine(
                    title.label, said.get(shown, shown) if isinstance(shown, str) else shown
                )

    def labels(self, kind: Any, names: Iterable[str]) -> Iterator[str]:
        """A field that the schema does not know keeps its own name."""
        for name in names:
            fields = self._held(kind).get("fields", ())
            field = next((one for one in fields if one["name"] == name), None)
            if field is None:
                kind = None
                yield name
            else:
                kind = field["type"]
                yield title_of(name, field.get("doc", ""), self._language).label

    def _held(self, kind: Any) -> Mapping[str, Any]:
        """The record of a field that may hold one, or several."""
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), kind[0])
        if isinstance(kind, str):
            kind = self._named.get(kind)
        if not isinstance(kind, dict):
            return {}
        return self._held(kind["items"]) if kind["type"] == "array" else kind

    def _value(self, kind: Any, value: Any) -> Any:
        if isinstance(kind, list):
            kind = next((one for one in kind if one != "null"), kind[0])
        if isinstance(kind, str):
            kind = self._named.get(kind, kind)
        if not isinstance(kind, dict):
            return value
        match kind["type"]:
            case "record" if isinstance(value, Mapping) and kind["name"] in _IN_ONE:
                return _IN_ONE[kind["name"]](value, self._language)
            case "record" if isinstance(value, Mapping):
                return list(self.record(kind, value))
            case "array" if isinstance(value, list):
                return [self._value(kind["items"], one) for one in value]
            case "enum":
                return symbols_of(kind, self._language).get(value, value)
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
