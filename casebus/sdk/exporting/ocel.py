"""OCEL 2.0 as JSON: events of cases, agencies, rights, organisations and work items.

Events are written as they are read. Only the identities of objects are remembered. Persons are no
objects, because a log for process mining needs no names of people.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from casebus.cases import body
from casebus.sdk.exporting.steps import LoggedStep, attributes
from casebus.sdk.gateway import JSON

_EVENT_ATTRIBUTES = (
    ("casebus.type", "string"),
    ("casebus.source", "string"),
    ("casebus.id", "string"),
    ("casebus.legal_time", "string"),
    ("casebus.recorded_at", "time"),
    ("casebus.recipients", "string"),
    ("casebus.withheld", "boolean"),
    ("casebus.folded", "boolean"),
    ("casebus.findings", "string"),
    ("casebus.offence", "string"),
    ("org:resource", "string"),
)
_OBJECT_TYPES = {
    "case": ("procedure", "status", "opener"),
    "agency": (),
    "right": ("kind", "number"),
    "organisation": ("uscc", "name"),
    "work_item": (),
}
#: A moment for attributes that do not change.
_ALWAYS = "1970-01-01T00:00:00Z"
#: Fields of a body that name organisations, directly or by way of parties.
_PARTIES = (
    "organisations",
    "organisation",
    "suspects",
    "respondents",
    "parties",
    "right_holders",
    "defendants",
    "plaintiffs",
    "sellers",
    "acting",
    "debtor",
    "creditor",
    "applicant",
)


class _Objects:
    """Every object once, in the order of first appearance."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}

    def add(self, kind: str, key: str, /, **values: str) -> str:
        name = f"{kind}:{key}"
        if name not in self.rows:
            said = [
                {"name": one, "time": _ALWAYS, "value": value}
                for one, value in values.items()
                if value
            ]
            self.rows[name] = {"id": name, "type": kind, "attributes": said, "relationships": []}
        return name

    def relate(self, name: str, other: str, qualifier: str) -> None:
        row = {"objectId": other, "qualifier": qualifier}
        if row not in self.rows[name]["relationships"]:
            self.rows[name]["relationships"].append(row)


def write(cases: Iterable[tuple[JSON, list[LoggedStep]]], out: TextIO) -> tuple[int, int]:
    """Write the log; returns the numbers of cases and events."""
    objects, types = _Objects(), set[str]()
    counted = [0, 0]
    out.write('{"events":[')
    for case, steps in cases:
        about = objects.add("case", case["id"], **_texts(case, _OBJECT_TYPES["case"]))
        for step in steps:
            out.write("," if counted[1] else "")
            _dump(_event(step, about, objects), out)
            types.add(step.name)
            counted[1] += 1
        counted[0] += 1
    out.write('],"objects":[')
    for number, row in enumerate(objects.rows.values()):
        out.write("," if number else "")
        _dump(row, out)
    out.write('],"eventTypes":')
    _dump([{"name": one, "attributes": _typed(_EVENT_ATTRIBUTES)} for one in sorted(types)], out)
    out.write(',"objectTypes":')
    _dump([_object_type(*one) for one in _OBJECT_TYPES.items()], out)
    out.write("}")
    return counted[0], counted[1]


def _event(step: LoggedStep, case: str, objects: _Objects) -> dict[str, Any]:
    return {
        "id": f"{case} {step.item.get('source') or ''} {step.item['id']}",
        "type": step.name,
        "time": step.at.isoformat(),
        "attributes": [
            {"name": name, "value": value}
            for name, value in (*attributes(step), ("org:resource", step.resource))
        ],
        "relationships": [
            {"objectId": name, "qualifier": qualifier}
            for name, qualifier in dict.fromkeys(_related(step, case, objects))
        ],
    }


def _related(step: LoggedStep, case: str, objects: _Objects) -> Iterator[tuple[str, str]]:
    yield case, "case"
    if step.author:
        yield objects.add("agency", step.author), "author"
    for agency in step.item.get("recipients") or ():
        yield objects.add("agency", agency), "recipient"
    data = step.data
    item = body.text(data, "work_item")
    if item:
        name = objects.add("work_item", item)
        objects.relate(name, case, "case")
        yield name, "work item"
    for right in _records(data, ("rights", "right")):
        kind, number = body.text(right, "kind"), _number(right)
        if number:
            name = objects.add("right", f"{kind}:{number}", kind=kind, number=number)
            objects.relate(case, name, "right")
            yield name, "right"
    for row in _records(data, _PARTIES):
        office = row.get("organisation", row)
        if isinstance(office, dict) and (key := _office(office)):
            uscc, said = body.text(office, "uscc"), body.text(office, "name")
            name = objects.add("organisation", key, uscc=uscc, name=said)
            yield name, (body.text(row, "role") or "organisation").lower()


def _records(data: dict[str, Any], names: Iterable[str]) -> Iterator[dict[str, Any]]:
    for name in names:
        value = data.get(name)
        yield from body.rows(data, name)
        if isinstance(value, dict):
            yield value


def _office(row: dict[str, Any]) -> str:
    """The key of an organisation: its code, or its name. A person has neither here."""
    code = body.text(row, "uscc") or body.text(row, "uscc_raw")
    return code or ("" if "role" in row else body.text(row, "name"))


def _number(right: dict[str, Any]) -> str:
    return body.text(right, "number") or body.text(right, "number_raw")


def _texts(case: JSON, names: Iterable[str]) -> dict[str, str]:
    return {name: str(case.get(name) or "") for name in names}


def _typed(rows: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in rows]


def _object_type(name: str, names: tuple[str, ...]) -> dict[str, Any]:
    return {"name": name, "attributes": _typed((one, "string") for one in names)}


def _dump(value: Any, out: TextIO) -> None:
    # Marks lone surrogates, which JSON may hold and UTF-8 may not.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    out.write(text.encode("utf-8", "replace").decode())
