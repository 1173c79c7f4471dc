"""Reads a posted form as a body's data: blanks say nothing, faults are named."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from gateway.console.forms import values
from gateway.console.forms.fields import (
    Amount,
    AnyField,
    ChoiceField,
    FieldError,
    Form,
    ListField,
    Number,
    Pairs,
    RecordField,
    RecordList,
    TextField,
    Tick,
    Ticks,
    YesNo,
)
from gateway.console.forms.saying import kept, says
from gateway.console.forms.texts import say
from gateway.console.forms.typed import MOST_ROWS, Pair, Typed
from gateway.console.forms.values import WrongValueError
from gateway.console.languages import Language

_T = TypeVar("_T")
#: No value was given: the schema's default applies.
_UNSAID: Any = object()


@dataclass(slots=True)
class FormReading:
    """The data, the faults, and the place in the form at which each row of the data was typed."""

    data: dict[str, Any]
    wrongs: list[FieldError]
    places: dict[str, str] = field(default_factory=dict)


def read(form: Form, posted: Sequence[Pair]) -> tuple[dict[str, Any], list[FieldError]]:
    """The body's data in JSON form, and the faults; empty rows are dropped."""
    found = reading(form, posted)
    return found.data, found.wrongs


def reading(form: Form, posted: Iterable[Pair]) -> FormReading:
    walk = _Walk(Typed(posted), form.language)
    return FormReading(walk.record(form.fields, "", ""), walk.wrongs, walk.places)


def recipients(posted: Sequence[Pair]) -> tuple[str, ...]:
    """The agencies that were named, each once."""
    named = (value.strip() for value in Typed(posted).all("to"))
    return tuple(dict.fromkeys(one for one in named if one))


class _Walk:
    """`at` is a value's place in the form, `to` its place in the data."""

    def __init__(self, typed: Typed, language: Language) -> None:
        self._typed, self._language = typed, language
        self.wrongs: list[FieldError] = []
        self.places: dict[str, str] = {}

    def record(self, fields: Sequence[AnyField], at: str, to: str) -> dict[str, Any]:
        found = ((one.name, self._value(one, at + one.name, to + one.name)) for one in fields)
        return {name: value for name, value in found if value is not _UNSAID}

    def _value(self, one: AnyField, at: str, to: str) -> Any:
        match one:
            case RecordField():
                is_said = says(self._typed, one, at)
                return self.record(one.fields, f"{at}.", f"{to}.") if is_said else _UNSAID
            case RecordList():
                return self._rows(one, at, to)
            case Pairs():
                return self._pairs(one, at, to)
        return self._leaf(one, at)

    def _leaf(self, one: AnyField, at: str) -> Any:
        match one:
            case ListField():
                return self._lines(one, at)
            case Ticks():
                return self._ticks(one, at)
            case Amount():
                return self._amount(one, at)
        typed = self._typed.one(at)
        return self._tried(at, partial(_single, one, typed)) if typed.strip() else _UNSAID

    def _tried(self, at: str, reading: Callable[[], _T]) -> _T:
        """The value, or nothing if it is wrong."""
        try:
            return reading()
        except WrongValueError as wrong:
            self._wrong(at, wrong.key, **wrong.values)
        nothing: _T = _UNSAID
        return nothing

    def _wrong(self, at: str, key: str, **filled: Any) -> None:
        self.wrongs.append(FieldError(at, say(key, self._language, **filled)))

    def _lines(self, one: ListField, at: str) -> Any:
        kind = one.number or TextField(name=one.name, label=one.label)
        typed = self._typed.one(at)
        if one.number:
            typed = typed.translate(dict.fromkeys(map(ord, ",，、;； "), "\n"))
        lines = [line for line in typed.splitlines() if line.strip()]
        if not self._fits(at, len(lines)) or not lines:
            return _UNSAID
        read = (self._tried(at, partial(_single, kind, line)) for line in lines)
        return [value for value in read if value is not _UNSAID]

    def _ticks(self, one: Ticks, at: str) -> Any:
        known = {option.value for option in one.options}
        ticked = [value for value in self._typed.all(at) if value]
        if any(value not in known for value in ticked):
            self._wrong(at, "wrong.choice")
        return [value for value in dict.fromkeys(ticked) if value in known] or _UNSAID

    def _amount(self, one: Amount, at: str) -> Any:
        typed, currency = (
            self._typed.one(f"{at}.{part}").strip() for part in ("amount", "currency")
        )
        if not typed:
            if currency not in {"", one.currency}:
                self._wrong(f"{at}.amount", "wrong.amount_missing")
            return _UNSAID
        fen = self._tried(f"{at}.amount", lambda: values.fen(typed))
        said = self._tried(
            f"{at}.currency",
            lambda: values.text(TextField(name="currency", label=""), currency or one.currency),
        )
        return _UNSAID if _UNSAID in (fen, said) else {"fen": fen, "currency": said}

    def _rows(self, one: RecordList, at: str, to: str) -> Any:
        said = kept(self._typed, one, at)
        if not self._fits(at, len(said)):
            return _UNSAID
        found = []
        for index, row in enumerate(said):
            self.places[f"{to}.{index}"] = row
            found.append(self.record(one.fields, f"{row}.", f"{to}.{index}."))
        return found or _UNSAID

    def _pairs(self, one: Pairs, at: str, to: str) -> Any:
        key, value = one.fields
        said = kept(self._typed, one, at)
        if not self._fits(at, len(said)):
            return _UNSAID
        found: dict[str, Any] = {}
        for row in said:
            name = self._value(key, f"{row}.name", to)
            inner = self._value(value, f"{row}.value", to)
            if name is _UNSAID:
                self._wrong(f"{row}.name", "wrong.name")
            elif name in found:
                self._wrong(f"{row}.name", "wrong.twice")
            elif inner is _UNSAID:
                if self._typed.one(f"{row}.value").strip() == "":
                    self._wrong(f"{row}.value", "wrong.missing")
            else:
                found[name] = inner
                self.places[f"{to}.{name}"] = row
        return found or _UNSAID

    def _fits(self, at: str, count: int) -> bool:
        if count > MOST_ROWS:
            self._wrong(at, "wrong.many", most=MOST_ROWS, count=count)
        return count <= MOST_ROWS


def _single(one: AnyField, typed: str) -> Any:
    match one:
        case Tick():
            return True
        case Number():
            return values.number(one, typed)
        case ChoiceField():
            if typed not in {option.value for option in one.options}:
                raise WrongValueError("wrong.choice")
            return typed
        case YesNo():
            if typed not in {"true", "false"}:
                raise WrongValueError("wrong.choice")
            return typed == "true"
        case TextField():
            return values.text(one, typed)
    raise TypeError(one.kind)
