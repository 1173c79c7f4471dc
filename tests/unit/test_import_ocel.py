from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.sdk.importing.issues import FileError, Issue
from casebus.sdk.importing.logs.entries import LogEntry, RawEntry
from casebus.sdk.importing.logs.json_stream import JsonStream
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.opening import LogFile, inspect_log

#: id, type, attributes that were set at a time.
OBJECTS: list[tuple[str, str, list[tuple[str, str, str]]]] = [
    (
        "c1",
        "case",
        [("state", "2020-01-01T00:00:00Z", "new"), ("state", "2020-02-01T00:00:00Z", "old")],
    ),
    ("c2", "case", []),
    ("o1", "seller", [("name", "1970-01-01T00:00:00Z", "甲")]),
]
#: id, type, time, attributes, (object, qualifier)s: not in the order of their times.
EVENTS: list[tuple[str, str, str, dict[str, str], list[tuple[str, str]]]] = [
    (
        "e1",
        "移送",
        "2020-03-03T00:00:00Z",
        {"页数": "7"},
        [("c1", "of"), ("c2", "of"), ("o1", "by")],
    ),
    ("e2", "登记", "2020-03-01T00:00:00Z", {}, [("c2", "of"), ("c2", "again")]),
    ("e3", "登记", "2020-03-01T00:00:00Z", {}, [("c1", "of")]),
    ("e4", "巡查", "2020-03-01T00:00:00Z", {}, [("o1", "of")]),
]
EXPECTED = [
    ("c2", "登记", "e2"),
    ("c1", "登记", "e3"),
    "e4",
    ("c1", "移送", "e1"),
    ("c2", "移送", "e1"),
]


def as_json(path: Path) -> None:
    body = {
        "events": [
            {
                "id": own_id,
                "type": own_type,
                "time": time,
                "attributes": [{"name": name, "value": one} for name, one in said.items()],
                "relationships": [{"objectId": one, "qualifier": kind} for one, kind in links],
            }
            for own_id, own_type, time, said, links in EVENTS
        ],
        "eventTypes": [{"name": "登记", "attributes": []}],
        "objects": [
            {
                "id": own_id,
                "type": own_type,
                "attributes": [{"name": n, "time": t, "value": v} for n, t, v in said],
            }
            for own_id, own_type, said in OBJECTS
        ],
        "objectTypes": [],
    }
    path.write_text(json.dumps(body, ensure_ascii=False, indent=1), encoding="utf-8")


def as_packed_json(path: Path) -> None:
    as_json(path)
    path.write_bytes(gzip.compress(path.read_bytes()))


def as_xml(path: Path) -> None:
    text = ["<?xml version='1.0' encoding='UTF-8'?><log><object-types/><event-types/><objects>"]
    for own_id, own_type, changes in OBJECTS:
        inner = "".join(f'<attribute name="{n}" time="{t}">{v}</attribute>' for n, t, v in changes)
        text.append(f'<object id="{own_id}" type="{own_type}"><attributes>{inner}</attributes>')
        text.append("<objects><relationship object-id='x' qualifier='y'/></objects></object>")
    text.append("</objects><events>")
    for own_id, own_type, time, said, links in EVENTS:
        inner = "".join(f'<attribute name="{n}">{v}</attribute>' for n, v in said.items())
        to = "".join(f'<relationship object-id="{o}" qualifier="{q}"/>' for o, q in links)
        text.append(f'<event id="{own_id}" type="{own_type}" time="{time}">')
        text.append(f"<attributes>{inner}</attributes><objects>{to}</objects></event>")
    path.write_text("".join(text) + "</events></log>", encoding="utf-8")


def as_sqlite(path: Path) -> None:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            "create table event (ocel_id text primary key, ocel_type text);"
            "create table object (ocel_id text primary key, ocel_type text);"
            "create table event_map_type (ocel_type text, ocel_type_map text);"
            "create table object_map_type (ocel_type text, ocel_type_map text);"
            "create table event_object"
            " (ocel_event_id text, ocel_object_id text, ocel_qualifier text);"
        )
        for at, kind in enumerate(dict.fromkeys(one[1] for one in EVENTS)):
            db.execute("insert into event_map_type values (?, ?)", (kind, f"T{at}"))
            db.execute(f'create table "event_T{at}" (ocel_id text, ocel_time text, 页数 text)')
            for own_id, own_type, time, said, _ in EVENTS:
                if own_type == kind:
                    row = (own_id, time, said.get("页数"))
                    db.execute(f'insert into "event_T{at}" values (?, ?, ?)', row)
        for own_id, own_type, _, _, links in EVENTS:
            db.execute("insert into event values (?, ?)", (own_id, own_type))
            for link in links:
                db.execute("insert into event_object values (?, ?, ?)", (own_id, *link))
        for kind in ("case", "seller"):
            db.execute("insert into object_map_type values (?, ?)", (kind, kind))
            db.execute(
                f"create table object_{kind} (ocel_id text, ocel_time text,"
                " ocel_changed_field text, state text, name text)"
            )
            for own_id, own_type, changes in OBJECTS:
                if own_type == kind:
                    rows = changes or [("", "1970-01-01T00:00:00Z", "")]
                    for name, time, value in rows:
                        state, called = (
                            value if name == one else None for one in ("state", "name")
                        )
                        db.execute(
                            f"insert into object_{kind} values (?, ?, ?, ?, ?)",
                            (own_id, time, name, state, called),
                        )
        db.commit()


def mapping(kind: str = "case", **log: Any) -> LogMapping:
    return LogMapping.model_validate(
        {
            "name": "m",
            "log": {"form": "ocel", "object": kind, **log},
            "case": {"kind": "docket_no", "source": {"value": "a"}},
            "other": "step",
        }
    )


def read(path: Path, by: LogMapping) -> list[RawEntry]:
    return list(LogFile(inspect_log(path, by), by))


def brief(raw: RawEntry) -> object:
    if isinstance(raw, Issue):
        return raw.detail.split()[1]
    return (
        raw.about["case:ocel:oid"],
        raw.attributes["ocel:activity"],
        raw.attributes["ocel:eid"],
    )


@pytest.mark.parametrize("write", [as_json, as_packed_json, as_xml, as_sqlite])
def test_the_events_of_a_case_come_by_time_and_to_each_of_their_cases(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path / "a.ocel")
    entries = read(tmp_path / "a.ocel", mapping())
    assert [brief(one) for one in entries] == EXPECTED
    last = entries[-2]
    assert isinstance(last, LogEntry)
    assert last.about == {"case:ocel:oid": "c1", "case:state": "old"}
    links = last.attributes["ocel:relationships"]
    assert last.attributes == {
        "ocel:eid": "e1",
        "ocel:activity": "移送",
        "ocel:timestamp": "2020-03-03T00:00:00Z",
        "页数": "7",
        "ocel:relationships": links,
    }
    assert json.loads(links) == [["c1", "of"], ["c2", "of"], ["o1", "by"]]


@pytest.mark.parametrize("write", [as_json, as_xml, as_sqlite])
def test_the_file_s_own_order_is_kept_where_the_mapping_asks(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path / "a.ocel")
    entries = read(tmp_path / "a.ocel", mapping(order="log"))
    ids = [one.attributes["ocel:eid"] for one in entries if isinstance(one, LogEntry)]
    assert ids == ["e1", "e1", "e2", "e3"]


@pytest.mark.parametrize("write", [as_json, as_xml, as_sqlite])
def test_a_type_of_object_that_is_not_there_is_named_beside_those_that_are(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    write(tmp_path / "a.ocel")
    with pytest.raises(FileError, match="its types are case, seller"):
        read(tmp_path / "a.ocel", mapping("matter"))


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"ocel:events": {}}', "bad_log"),
        (b'{"events": [{"id": "e1"}]}', "bad_log"),
        (b'{"events": [1]}', "bad_log"),
        (b'{"events": [{"id": "e1", "type": "\\ud800", "time": "2020-03-01"}]}', "bad_log"),
        (b'{"events": [{"id": "e1", "type"', "bad_log"),
        (b'{"events": [{}] "objects"', "bad_log"),
        (b'{"objects": [' + b"[" * 200_000, "unsafe_file"),
        (b'{"objects": "' + b"x" * (9 << 20) + b'"}', "unsafe_file"),
        (b'{"events": "\xff"}', "bad_encoding"),
        (b"SQLite format 3\x00" + b"\x00" * 200, "bad_log"),
        (b"<log><events><event", "bad_log"),
    ],
)
def test_what_is_no_ocel_is_one_clear_error(tmp_path: Path, raw: bytes, code: str) -> None:
    path = tmp_path / "a.ocel"
    path.write_bytes(raw)
    with pytest.raises(FileError) as refused:
        read(path, mapping())
    assert refused.value.code == code


class Slow:
    """A file that gives a few bytes at a time, whatever is asked for."""

    def __init__(self, raw: bytes, size: int) -> None:
        self._raw, self._size = raw, size

    def read(self, _: int) -> bytes:
        given, self._raw = self._raw[: self._size], self._raw[self._size :]
        return given


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), values, max_size=4), st.integers(1, 9))
def test_an_object_reads_the_same_in_pieces(body: dict[str, Any], size: int) -> None:
    raw = json.dumps(body, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
    found: dict[str, Any] = {
        name: [] if isinstance(one, list) else None for name, one in body.items()
    }
    for name, item in JsonStream(Slow(raw, size)).items():  # type: ignore[arg-type]
        if isinstance(body[name], list):
            found[name].append(item)
        else:
            found[name] = item
    assert found == json.loads(raw, parse_int=str)


@given(st.binary(max_size=60))
def test_any_bytes_are_json_or_a_refusal(raw: bytes) -> None:
    with suppress(FileError):
        list(JsonStream(Slow(b'{"a":' + raw, 7)).items())  # type: ignore[arg-type]
