"""The catalogue of event types as Markdown: one page for each domain, an index, the shared records.

Pure: it turns the register and the law into page texts. Common parts of many types are described
once, in the index and on the page of shared records.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from casebus.events import avro_types
from casebus.events.avro_types import (
    ArrayType,
    AvroType,
    EnumType,
    MapType,
    PlainType,
    RecordType,
    SchemaField,
    UnionType,
    plain,
)
from casebus.events.doors import BUS
from casebus.events.register import SHARED_NAMESPACE, inline
from casebus.events.schemas import Schema
from casebus.events.types import event_name, in_full
from casebus.law import Law

INDEX = "README.md"
SHARED = "shared.md"
#: Described once in the index: the last fields of every event, and the extra fields of an officer's
#: act.
_EVERY = ("numbers", "note")
_ACTS = ("actor", "work_item", "work_version", *_EVERY)
#: Described once in the index if a type has all of them: the figures for the thresholds.
_FIGURES = (
    "offence",
    "acts_from",
    "acts_to",
    "illegal_business_amount",
    "illegal_gains",
    "service_gains",
    "sales_amount",
    "goods_value",
    "loss_amount",
    "loss_basis",
    "item_count",
    "unsold_count",
    "copy_count",
    "work_count",
    "download_count",
    "click_count",
    "member_count",
    "right_count",
    "circumvention",
    "owner_closed",
    "prior_sanctions",
)
#: The type whose fields the index shows for all types.
_MODEL = "filing_standard.assessed"
_SOURCE = (
    "Made by `casebus schemas docs` from the schemas and the law files; change those, not this."
)
_WORDS = {"array": "list", "map": "map"}
_COLUMNS = ("| field | type | visibility | meaning |", "| --- | --- | --- | --- |")


def pages(schemas: Iterable[Schema], shared: dict[str, dict[str, Any]], law: Law) -> dict[str, str]:
    """File name -> text; the newest version of each type is described. `shared` is by full name."""
    newest = {one.ce_type: one for one in sorted(schemas, key=lambda one: one.version)}
    ordered = sorted(newest.values(), key=lambda one: event_name(one.ce_type))
    domains = {
        domain: list(group)
        for domain, group in itertools.groupby(ordered, lambda one: _domain(one.ce_type))
    }
    texts = {f"{domain}.md": _domain_page(domain, group, law) for domain, group in domains.items()}
    return {INDEX: _index(domains, law), SHARED: _shared_page(shared), **texts}


def _domain(ce_type: str) -> str:
    return event_name(ce_type).partition(".")[0]


def _text(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _index(domains: dict[str, list[Schema]], law: Law) -> str:
    count = sum(len(group) for group in domains.values())
    model = next(one for one in domains[_domain(in_full(_MODEL))] if _is(one, _MODEL))
    fields = model.tree.fields
    return _text(
        [
            "# Catalogue of event types",
            "",
            _SOURCE,
            "",
            f"{count} types in {len(domains)} domains; [shared records]({SHARED}) are said once.",
            "To add one: [event-type.md](../how-to/event-type.md).",
            "",
            "| domain | types |",
            "| --- | --- |",
            *(_index_row(domain, group) for domain, group in domains.items()),
            "",
            "## What every agency may emit",
            "",
            *_wrapped(_everybody(domains, law)),
            "",
            "## Fields of every event",
            "",
            "`actor` and what is said of work items belong to acts of officers only.",
            "",
            *_table([fields[name] for name in _ACTS]),
            "",
            "## Figures of the thresholds",
            "",
            "The same names in every body that states them; null is what is not established.",
            "",
            *_table([fields[name] for name in _FIGURES]),
        ]
    )


def _is(schema: Schema, name: str) -> bool:
    return event_name(schema.ce_type) == name


def _index_row(domain: str, group: list[Schema]) -> str:
    listed = ", ".join(
        f"{event_name(one.ce_type).partition('.')[2]} {one.body['title']}" for one in group
    )
    return f"| [{domain}]({domain}.md) | {listed} |"


def _agencies(law: Law) -> list[str]:
    return [sector for sector in law.sectors if sector != BUS]


def _everybody(domains: dict[str, list[Schema]], law: Law) -> list[str]:
    agencies = _agencies(law)
    names = (event_name(one.ce_type) for group in domains.values() for one in group)
    return [name for name in names if set(agencies) <= set(_emitters(name, law))]


def _wrapped(words: list[str]) -> Iterator[str]:
    """Lines of a paragraph, a few words in each."""
    for start in range(0, len(words), 5):
        end = "." if start + 5 >= len(words) else ","
        yield ", ".join(words[start : start + 5]) + end


def _emitters(name: str, law: Law) -> list[str]:
    levels = ("county", "city", "province", "national")
    ce_type = in_full(name)
    return [
        sector
        for sector in law.sectors
        if any(law.may_emit(sector, level, ce_type) for level in levels)
    ]


def _domain_page(domain: str, group: list[Schema], law: Law) -> str:
    head = [f"# {domain}", "", f"{_SOURCE} [All domains]({INDEX})."]
    return _text([*head, *(line for one in group for line in _type_lines(one, law))])


def _type_lines(schema: Schema, law: Law) -> list[str]:
    name, body = event_name(schema.ce_type), schema.tree
    names = tuple(body.fields)
    figures = set(_FIGURES) <= set(names)
    left_out = {*_common(names), *(_FIGURES if figures else ())}
    own = [field for field in body.fields.values() if field.name not in left_out]
    return [
        "",
        f"## {name} {body.title}",
        "",
        body.doc,
        "",
        f"- Id {schema.id}, version {schema.version}.",
        f"- Emitted by: {_emitted_by(name, law)}.",
        f"- Read by: {_read_by(name, law)}.",
        f"- Besides: {_besides(names, figures=figures)}.",
        *(["", *_table(own)] if own else []),
    ]


def _common(names: tuple[str, ...]) -> tuple[str, ...]:
    return next((tail for tail in (_ACTS, _EVERY) if names[-len(tail) :] == tail), ())


def _besides(names: tuple[str, ...], *, figures: bool) -> str:
    common = _common(names)
    every = f"[{', '.join(common)}]({INDEX}#fields-of-every-event)" if common else "nothing"
    more = f", [figures of the thresholds]({INDEX}#figures-of-the-thresholds)" if figures else ""
    return every + more


def _emitted_by(name: str, law: Law) -> str:
    sectors = _emitters(name, law)
    if set(_agencies(law)) <= set(sectors):
        return "every agency" if BUS not in sectors else "every agency and the bus"
    return ", ".join(sectors) or "nobody"


def _read_by(name: str, law: Law) -> str:
    if name in law.common or law.is_beside(name):
        return "every procedure, beside its states"
    procedures = sorted(law.procedures_of(name), key=lambda one: one.id)
    return ", ".join(f"{one.id} {one.title}" for one in procedures) or "no procedure"


def _table(fields: Iterable[SchemaField]) -> list[str]:
    return [*_COLUMNS, *(row for field in fields for row in _rows(field, ""))]


def _rows(field: SchemaField, within: str) -> Iterator[str]:
    path = f"{within}{field.name}"
    said, inner = _type_of(field.type)
    meaning = f"{field.doc} ({inner.doc})" if isinstance(inner, EnumType) else field.doc
    meaning = meaning.replace("|", "\\|")
    yield f"| {path} | {said} | {field.visibility} | {meaning} |"
    for one in inner.fields.values() if isinstance(inner, RecordType) else ():
        yield from _rows(one, f"{path}.")


def _type_of(kind: AvroType) -> tuple[str, AvroType | None]:
    """A type in words, and the record or enum inside it that is the type's own."""
    match kind:
        case UnionType():
            said, inner = _type_of(plain(kind))
            return f"{said} or null", inner
        case ArrayType(items=held) | MapType(values=held):
            said, inner = _type_of(held)
            return f"{_WORDS[kind.kind]} of {said}", inner
        case RecordType() | EnumType():
            return _of_named(kind)
        case PlainType(logical=logical) if logical:
            return logical, None
    return kind.kind, None


def _of_named(kind: RecordType | EnumType) -> tuple[str, AvroType | None]:
    if kind.name.startswith(f"{SHARED_NAMESPACE}."):
        return f"[{kind.short_name}]({SHARED}#{kind.short_name.lower()})", None
    return "enum" if isinstance(kind, EnumType) else kind.short_name, kind


def _shared_page(shared: dict[str, dict[str, Any]]) -> str:
    lines = ["# Shared records", "", f"{_SOURCE} [All domains]({INDEX})."]
    for name, body in sorted(shared.items()):
        lines += ["", f"## {name.rpartition('.')[2]}", "", f"{body['title']}. {body['doc']}"]
        kind = avro_types.read(inline(body, shared))
        if isinstance(kind, RecordType):
            lines += ["", *_table(kind.fields.values())]
    return _text(lines)
