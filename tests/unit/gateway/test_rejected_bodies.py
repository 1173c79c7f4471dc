"""A record that was refused is shown, whichever type its body has."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from fastavro.utils import generate_one

from casebus.events.schemas import Schema
from casebus.rejections import why
from gateway.api.rejected import RejectedRecord
from gateway.console.rendering import environment
from gateway.monitoring import rejects
from storage.packing import pack_headers
from tests.world import NOW, SCHEMAS

_NEWEST = [one for one in SCHEMAS if SCHEMAS.latest(one.ce_type) is one]
_KEY_ADDED = "casebus.directory.key_added.v1"


def _record(value: bytes) -> RejectedRecord:
    row = {"headers": pack_headers([("ce_type", b"\xff")]), "key": b"\xff", "value": value}
    said = rejects.readable(row, SCHEMAS, taken_back=False) | why("unsigned")._asdict()
    named = {"place": "0-0", "door": "events.police", "reason": "unsigned", "detail": ""}
    unknown = dict.fromkeys(("source", "id", "subject"))
    flags = dict.fromkeys(("late", "signed", "journaled", "passes_later"), False)
    rest: dict[str, Any] = {"bytes": len(value), "at": NOW, "redrives": []}
    return RejectedRecord(**named, **unknown, **flags, **said, **rest)


def _on_page(data: Any) -> Any:
    text = environment().from_string("{{ data|tojson }}").render(data=data)
    return json.loads(html.unescape(text))


@pytest.mark.parametrize("schema", _NEWEST, ids=lambda one: one.ce_type)
def test_a_refused_body_of_any_type_is_the_same_in_the_answer_and_on_the_page(
    schema: Schema,
) -> None:
    found = _record(SCHEMAS.encode(schema.ce_type, generate_one(schema.parsed)))
    assert found.unreadable == ""
    assert json.loads(found.model_dump_json())["data"] == _on_page(found.data)


def test_bytes_are_shown_in_hexadecimal_and_moments_in_utc() -> None:
    body = {"agency": "cn-330106-psb", "public": b"\xff\x00", "valid_from": NOW}
    found = _record(SCHEMAS.encode(_KEY_ADDED, body))
    data = found.model_dump(mode="json")["data"]
    assert (data["public"], data["valid_from"]) == ("ff00", "2026-03-05T01:00:00Z")
