"""The way of a schema into the register: scaffolds, inlined shared records, and common rules.

Pure: the folder of schemas comes in as dictionaries. `casebus schemas` reads and writes files.
"""

from __future__ import annotations

import copy
import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from casebus.errors import CasebusError, UnfitError
from casebus.events.avro_types import EnumType, SchemaField, definitions, record_of
from casebus.events.schemas import served_text, subject_of, type_of

#: Who may see a field, from the widest audience to the narrowest.
VISIBILITIES = ("PUBLIC", "PARTY", "AGENCY", "CASE_TEAM", "RESTRICTED")
SHARED_NAMESPACE = "casebus.shared.v1"

_TYPE = re.compile(r"casebus\.[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*\.v[1-9]\d*")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
#: Domains of the bus's own events: no officer acts and no work item is answered.
_DERIVED_DOMAINS = frozenset(
    {
        "data_quality",
        "directory",
        "finding",
        "import",
        "indicator",
        "intake",
        "law",
        "prior_sanctions",
        "publication",
        "question",
        "relay",
        "stats",
    }
)
Body = dict[str, Any]
Row = dict[str, Any]


class RegisterError(CasebusError):
    """A type or a draft that cannot be registered."""


def full_type(name: str) -> str:
    """`referral.sent` → `casebus.referral.sent.v1`; a full type stays; raises RegisterError."""
    whole = name if name.startswith("casebus.") else f"casebus.{name}"
    whole = whole if re.search(r"\.v\d+$", whole) else f"{whole}.v1"
    if not _TYPE.fullmatch(whole):
        raise RegisterError("bad_type", f"{name} is not <domain>.<past_tense_event>")
    return whole


def file_of(ce_type: str, version: int) -> str:
    """The file of a version's text: `casebus.referral.sent.v1`, 2 → `referral/sent.v1/002.avsc`."""
    _, domain, event, major = ce_type.split(".")
    return f"{domain}/{event}.{major}/{version:03}.avsc"


def row_of(ce_type: str, version: int, body: Body) -> Row:
    """A line of ids.json."""
    digest = hashlib.sha256(served_text(body).encode()).hexdigest()
    subject, file = subject_of(ce_type), file_of(ce_type, version)
    return {"subject": subject, "version": version, "file": file, "digest": digest}


def scaffold(ce_type: str) -> Body:
    """A new type's first draft: the fields that every event of its domain has."""
    _, domain, _, major = ce_type.split(".")
    names = ["numbers", "note"]
    if domain not in _DERIVED_DOMAINS:
        names = ["actor", "work_item", "work_version", *names]
    return {
        "type": "record",
        "name": subject_of(ce_type).rpartition(".")[2],
        "namespace": f"casebus.{domain}.{major}",
        "title": "（中文名称）",
        "doc": "One sentence: the fact this event states.",
        "fields": [copy.deepcopy(_COMMON[name]) for name in names],
    }


def inline(node: Any, shared: Mapping[str, Body], seen: set[str] | None = None) -> Any:
    """Replace the first mention of each shared record by its definition: texts are complete."""
    seen = set() if seen is None else seen
    if isinstance(node, str):
        if node not in shared or node in seen:
            return node
        return inline(copy.deepcopy(shared[node]), shared, seen)
    if isinstance(node, list):
        return [inline(one, shared, seen) for one in node]
    return _inline_type(node, shared, seen)


def _inline_type(node: Body, shared: Mapping[str, Body], seen: set[str]) -> Body:
    if "name" in node:
        seen.add(full_name(node))
    for part in ("items", "values"):
        if part in node:
            node = {**node, part: inline(node[part], shared, seen)}
    if "fields" in node:
        fields = [{**one, "type": inline(one["type"], shared, seen)} for one in node["fields"]]
        node = {**node, "fields": fields}
    return node


def full_name(node: Mapping[str, Any]) -> str:
    return f"{node['namespace']}.{node['name']}" if "namespace" in node else str(node["name"])


def register_problems(rows: Mapping[str, Row], bodies: Mapping[str, Body]) -> Iterator[str]:
    """The faults of the register, one sentence each; `bodies` is by file."""
    if list(rows) != [str(number) for number in range(1, len(rows) + 1)]:
        yield "ids.json: ids are not 1, 2, 3, ... in order"
    versions: dict[str, int] = {}
    for key, row in rows.items():
        expected = versions.get(row["subject"], 0) + 1
        versions[row["subject"]] = row["version"]
        if row["version"] != expected:
            yield f"id {key}: version {row['version']} of {row['subject']} should be {expected}"
        yield from _row_problems(key, row, bodies)
    named = {row["file"] for row in rows.values()}
    yield from (f"{file}: no id names it" for file in sorted(set(bodies) - named))


def _row_problems(key: str, row: Row, bodies: Mapping[str, Body]) -> Iterator[str]:
    body = bodies.get(row["file"])
    if body is None:
        yield f"id {key}: {row['file']} is missing"
    elif full_name(body) != row["subject"]:
        yield f"id {key}: {row['file']} is {full_name(body)}, not {row['subject']}"
    elif row_of(type_of(row["subject"]), row["version"], body) != row:
        yield f"id {key}: {row['file']} is not as registered"


def append_only_problems(before: Mapping[str, Row], now: Mapping[str, Row]) -> Iterator[str]:
    """Ids of an earlier state of the register that changed or disappeared."""
    for key, row in before.items():
        if now.get(key) != row:
            yield f"id {key}: registered as {row['subject']} {row['version']}, and changed since"


def text_problems(file: str, body: Body) -> Iterator[str]:
    """Fields without default, doc or audience; enums without default; missing titles."""
    try:
        tree = record_of(body)
    except UnfitError as error:
        yield f"{file}: {error}"
        return
    for path, one in definitions(tree, full_name(body)):
        if isinstance(one, EnumType):
            if one.default not in one.symbols:
                yield f"{file}: {path} is an enum without a default among its symbols"
            continue
        if not _CHINESE.search(one.title) or not one.doc:
            yield f"{file}: {path} has no Chinese title or no doc"
        for field in one.fields.values():
            yield from _field_problems(file, f"{path}.{field.name}", field)


def _field_problems(file: str, path: str, field: SchemaField) -> Iterator[str]:
    if not field.has_default:
        yield f"{file}: {path} has no default"
    if field.visibility not in VISIBILITIES:
        yield f"{file}: {path} says no visibility"
    if not _CHINESE.search(field.doc):
        yield f"{file}: {path} has no doc with its Chinese term"


def _field(name: str, kind: Any, default: Any, doc: str) -> Body:
    parts = {"name": name, "type": kind, "default": default, "doc": doc}
    return {**parts, "visibility": "AGENCY"}


_NUMBERS = {"type": "array", "items": f"{SHARED_NAMESPACE}.LocalNumber"}
_COMMON = {
    one["name"]: one
    for one in (
        _field("actor", "string", "", "经办人: pseudonym of the officer who acted; never a name"),
        _field(
            "work_item",
            "string",
            "",
            "待办事项: key of the work item this answers, empty where none",
        ),
        _field("work_version", "long", 0, "待办版本: version of the work item the officer saw"),
        _field("numbers", _NUMBERS, [], "文号: the numbers this agency gave, searchable"),
        _field("note", "string", "", "备注: free text for the recipients"),
    )
}
