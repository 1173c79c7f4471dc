"""A form for a template: its fields, the typed values, the faults, and our words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.console.forms.fields import AnyField, FieldError, FieldOption, Form
from gateway.console.forms.saying import is_said
from gateway.console.forms.texts import say
from gateway.console.forms.typed import MOST_ROWS, Pair, Typed

_ISO_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_ISO_MINUTE = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?", re.ASCII)
_INPUTS = {"day": ("date", _ISO_DAY), "moment": ("datetime-local", _ISO_MINUTE)}


class FormView:
    """`prefix` keeps the ids of several forms on one page apart; `agencies` are (id, name)."""

    most_rows = MOST_ROWS

    def __init__(
        self,
        form: Form,
        posted: Iterable[Pair] = (),
        wrongs: Sequence[FieldError] = (),
        *,
        prefix: str = "",
        agencies: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.form, self.typed, self.prefix = form, Typed(posted), prefix
        self.wrongs = tuple(wrongs)
        self.agencies = tuple(FieldOption(*one) for one in agencies)
        self._wrongs: dict[str, list[str]] = {}
        for one in wrongs:
            self._wrongs.setdefault(one.path, []).append(one.text)

    def say(self, key: str, **values: Any) -> str:
        return say(key, self.form.language, **values)

    def id(self, path: str, part: str = "") -> str:
        return f"{self.prefix}{path}{'-' if part else ''}{part}"

    def wrong(self, path: str) -> tuple[str, ...]:
        return tuple(self._wrongs.get(path, ()))

    def is_wrong_below(self, path: str) -> bool:
        return any(one == path or one.startswith(f"{path}.") for one in self._wrongs)

    def is_open(self, one: AnyField, path: str) -> bool:
        """True if a folded part holds a value or a fault."""
        return is_said(self.typed, one, path) or self.is_wrong_below(path)

    @property
    def is_rest_open(self) -> bool:
        return any(self.is_open(one, one.name) for one in self.form.rest)

    def described(self, one: Any, path: str, *, error: str = "") -> str:
        """The ids of the texts that describe an input."""
        parts = {"hint": one.hint, "must": one.demands, "wrong": self.wrong(error or path)}
        return " ".join(self.id(path, part) for part, said in parts.items() if said)

    def input_type(self, shape: str, value: str) -> str:
        """A date stays a text if the browser would swallow the typed value."""
        kind, pattern = _INPUTS.get(shape, ("text", None))
        return kind if pattern and (not value or pattern.fullmatch(value)) else "text"

    def target(self, wrong: FieldError) -> str:
        """The id that a line of the summary leads to."""
        return self.id(wrong.path)

    def recipients(self) -> tuple[str, ...]:
        """The typed ones; one blank if there is none."""
        return self.typed.all(self.form.recipients.name) or ("",)
