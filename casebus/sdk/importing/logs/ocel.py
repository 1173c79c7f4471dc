"""Reads OCEL 2.0 (JSON, XML, SQLite): the events of each object that is a case, by time.

Its order of events is that of their time-stamps. An event may name its objects before or after the
file describes them, so the log is first spooled to disk. An event of several cases goes to each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

from casebus.sdk.importing.issues import FileError, Issue, IssueCode, RowNumber
from casebus.sdk.importing.logs.entries import Entries, LogEntry, OcelItem, attribute_name
from casebus.sdk.importing.logs.json_stream import JsonStream
from casebus.sdk.importing.logs.ocel_sqlite import read_sqlite
from casebus.sdk.importing.logs.ocel_xml import read_xml
from casebus.sdk.importing.logs.spool import LogSpool
from casebus.sdk.importing.xml import is_xml
from casebus.words import in_words

SQLITE = b"SQLite format 3\x00"
ACTIVITY, TIME, EVENT_ID = "ocel:activity", "ocel:timestamp", "ocel:eid"
LINKS = "ocel:relationships"


def ocel_entries(
    path: Path,
    file: BinaryIO,
    case_type: str,
    spool: LogSpool,
    moment: Callable[[str], float] | None,
) -> Entries:
    """Raises FileError `bad_log`, `unsafe_file`.

    `moment` gives the time by which to sort, if any.
    """
    _fill(spool, _items(path, file), moment)
    return _entries(spool, case_type)


def _items(path: Path, file: BinaryIO) -> Iterator[OcelItem]:
    head = file.read(len(SQLITE))
    file.seek(0)
    if head == SQLITE:
        return read_sqlite(path)
    if is_xml(head):
        return read_xml(file)
    return _json_items(file)


def _json_items(file: BinaryIO) -> Iterator[OcelItem]:
    for name, item in JsonStream(file).items():
        if name.startswith("ocel:"):
            raise FileError("bad_log", "OCEL 1.0: save it as OCEL 2.0")
        if name in {"objects", "events"}:
            try:
                yield _json_item(item, is_object=name == "objects")
            except (AttributeError, KeyError, TypeError) as error:
                raise FileError("bad_log", f"no OCEL 2.0: {name}: {in_words(error)}") from error


def _json_item(item: dict[str, Any], *, is_object: bool) -> OcelItem:
    attributes = {} if is_object else {TIME: str(item.get("time", ""))}
    # The last value of an object's changing attribute counts.
    for one in sorted(item.get("attributes", ()), key=lambda one: str(one.get("time", ""))):
        value = one["value"]
        attributes[str(one["name"])] = value if isinstance(value, str) else json.dumps(value)
    related = item.get("relationships", ())
    links = tuple((str(one["objectId"]), str(one.get("qualifier", ""))) for one in related)
    kind: Literal["object", "event"] = "object" if is_object else "event"
    return OcelItem(kind, str(item["id"]), str(item["type"]), attributes, links)


def _fill(
    spool: LogSpool, items: Iterable[OcelItem], moment: Callable[[str], float] | None
) -> None:
    """Raises FileError `bad_log` for half a character, which JSON allows and text does not."""
    try:
        _spooled(spool, items, moment)
    except UnicodeEncodeError as error:
        raise FileError("bad_log", "it holds a half of a character, as \\ud800") from error


def _spooled(
    spool: LogSpool, items: Iterable[OcelItem], moment: Callable[[str], float] | None
) -> None:
    for place, item in enumerate(items):
        if item.kind == "object":
            said = json.dumps(item.attributes, ensure_ascii=False)
            spool.add_object(item.id, item.type, said)
            continue
        links = json.dumps(item.links, ensure_ascii=False)
        said = json.dumps(
            {EVENT_ID: item.id, ACTIVITY: item.type, **item.attributes, LINKS: links},
            ensure_ascii=False,
        )
        at = item.rank if item.rank >= 0 else place
        when = moment(item.attributes.get(TIME, "")) if moment else 0.0
        spool.add_event((when, at), said, dict.fromkeys(one for one, _ in item.links))


def _entries(spool: LogSpool, case_type: str) -> Entries:
    types = spool.object_types()
    if case_type not in types:
        names = ", ".join(types) or "none"
        raise FileError("bad_log", f"it has no objects of type {case_type}; its types are {names}")
    for at, attributes, case, about in spool.events_of(case_type):
        place = RowNumber(at + 1)
        said = {attribute_name(name): value for name, value in json.loads(attributes).items()}
        if case is None:
            detail = f"event {said[EVENT_ID]} has no object of type {case_type}"
            yield Issue(place, "", IssueCode.MISSING_VALUE, detail)
            continue
        named = {
            attribute_name(f"case:{key}"): one for key, one in json.loads(about or "{}").items()
        }
        yield LogEntry(place, said, {"case:ocel:oid": case, **named})
