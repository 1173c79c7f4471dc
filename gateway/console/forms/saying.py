"""Tells if a place has a value: more than blanks and its first content."""

from __future__ import annotations

from gateway.console.forms.fields import Amount, AnyField, Pairs, RecordField, RecordList, TextField
from gateway.console.forms.typed import Typed, opened_with


def is_said(typed: Typed, one: AnyField, at: str, opened: str = "") -> bool:
    match one:
        case RecordField():
            return says(typed, one, at)
        case RecordList() | Pairs():
            return bool(kept(typed, one, at))
        case Amount():
            currency = typed.one(f"{at}.currency").strip()
            return typed.is_said(f"{at}.amount") or currency not in {"", one.currency}
        case TextField() if one.default:
            return typed.one(at).strip() not in {"", one.default}
        case _:
            return typed.is_said(at) and typed.one(at) != opened


def says(typed: Typed, one: RecordField | RecordList | Pairs, at: str) -> bool:
    """True if a group, or a row, holds more than it was opened with."""
    opened = opened_with(typed.one(at))
    return any(
        is_said(typed, each, f"{at}.{each.name}", opened.get(each.name, "")) for each in one.fields
    )


def kept(typed: Typed, one: RecordList | Pairs, at: str) -> list[str]:
    """The paths of the rows that hold something."""
    rows = (f"{at}.{number}" for number in typed.rows(at))
    return [row for row in rows if says(typed, one, row)]
