"""A rejected record in readable form: headers, body, the reason, and a draft for its sender."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from casebus.errors import CasebusError
from casebus.events.envelope import Header
from casebus.events.kept import as_it_came, stamps
from casebus.events.schemas import Schemas
from casebus.rows import RowLike
from storage.packing import unpack_headers

#: The most bytes that are shown of a body that no schema reads.
MOST_SHOWN = 512
#: Attributes of a draft, beside its data; its sender's system adds signature and number.
_DRAFTED = ("type", "source", "subject", "to", "legaltime", "causationid", "correlationid")


def readable(row: RowLike, schemas: Schemas, *, taken_back: bool) -> dict[str, Any]:
    """The record as its sender had it, decoded as far as it can be, and the bus's stamps.

    `taken_back`: its author has recalled the event, so its words are not shown.
    """
    kept = unpack_headers(row["headers"])
    came = as_it_came(kept)
    value = None if taken_back else row["value"]
    data, unreadable = _decoded(value, schemas)
    return {
        "headers": [_header(one) for one in came],
        "stamps": stamps(kept),
        "key": _text(row["key"]),
        "data": data,
        "unreadable": "its author took it back" if taken_back else unreadable,
        "beginning": None if data is not None else _beginning(value),
        "draft": _draft(came, data),
    }


def _decoded(value: bytes | None, schemas: Schemas) -> tuple[dict[str, Any] | None, str]:
    if value is None:
        return None, "the body was not kept"
    try:
        return schemas.decode(value)[1], ""
    except CasebusError as error:
        return None, str(error)


def _header(header: Header) -> dict[str, Any]:
    """A header as text; if it is no UTF-8, its bytes."""
    name, raw = header
    try:
        return {"name": name, "text": raw.decode()}
    except UnicodeDecodeError:
        return {"name": name, "text": None, "base64": base64.b64encode(raw).decode()}


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")


def _beginning(value: bytes | None) -> str | None:
    """As a hexadecimal dump, sixteen bytes a line."""
    if value is None:
        return None
    lines = (value[at : at + 16] for at in range(0, min(len(value), MOST_SHOWN), 16))
    return "\n".join(f"{line.hex(' '):<47}  {_ascii(line)}" for line in lines)


def _ascii(line: bytes) -> str:
    return "".join(chr(one) if 0x20 <= one < 0x7F else "." for one in line)  # noqa: PLR2004 - ASCII


def _draft(headers: Iterable[Header], data: dict[str, Any] | None) -> dict[str, Any] | None:
    """A CloudEvent that its sender, and nobody else, can correct, give a new id and sign.

    None if nothing readable is worth a correction.
    """
    texts = {name: raw.decode(errors="replace") for name, raw in headers}
    given = {name: texts[f"ce_{name}"] for name in _DRAFTED if f"ce_{name}" in texts}
    if "type" not in given or "source" not in given:
        return None
    return {"specversion": "1.0", **given, "data": data or {}}


def case_of(subject: str | None) -> UUID | None:
    """The case that a record names, if that is a case's id."""
    try:
        return UUID(subject or "")
    except ValueError:
        return None
