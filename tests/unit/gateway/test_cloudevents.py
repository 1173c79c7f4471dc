from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cloudevents.core.bindings.http import to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from gateway.entry.cloudevents import Submission, read

STREAM = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
ATTRIBUTES: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e-1",
    "type": "casebus.referral.sent.v1",
    "source": "cn-330106-psb",
    "subject": STREAM,
    "to": "cn-330106-amr cn-330106-pro",
    "legaltime": "2026-03-02",
}
DATA = {"title": "涉嫌销售假冒注册商标的商品案"}
JSON = [("content-type", "application/json")]


def structured(**changes: Any) -> Submission:
    event = {**ATTRIBUTES, "data": DATA, **changes}
    body = json.dumps({name: value for name, value in event.items() if value != ...})
    return read([("Content-Type", "application/cloudevents+json; charset=UTF-8")], body.encode())


def binary(
    content_type: str = "application/json", body: bytes = b"{}", **changes: str
) -> Submission:
    named = {f"CE-{name}": text for name, text in {**ATTRIBUTES, **changes}.items()}
    return read([("content-type", content_type), *named.items()], body)


def code_of(error: pytest.ExceptionInfo[CasebusError]) -> str:
    return str(error.value.code)


def test_both_modes_read_to_one_event() -> None:
    body = json.dumps(DATA).encode()
    assert structured() == binary(body=body)
    assert structured().digest() == binary(body=body).digest()


def test_the_cloudevents_sdk_is_understood_in_both_modes() -> None:
    given = {**ATTRIBUTES, "to": "单位 甲", "time": None}
    event = CloudEvent({k: v for k, v in given.items() if v is not None}, dict(DATA))
    for message in (to_binary_event(event), to_structured_event(event)):
        pairs = [*message.headers.items()]
        if "content-type" not in {name.lower() for name, _ in pairs}:
            pairs += JSON
        seen = read(pairs, message.body)
        assert seen.data == DATA
        assert seen.attributes["to"] == "单位 甲"


def test_binary_attributes_are_percent_decoded_and_raw_utf8_is_read() -> None:
    assert binary(to="%E7%94%B2%20b").attributes["to"] == "甲 b"
    assert binary(to="甲".encode().decode("latin-1")).attributes["to"] == "甲"


def test_signed_avro_keeps_its_attributes_as_they_came() -> None:
    signature = {"keyid": "k", "signature": "s", "sigproof": "p", "time": "2026-03-02T01:00:00.10Z"}
    event = binary("application/avro", b"\x00\x00\x00\x00\x04body", **signature, other="kept")
    assert event.value == b"\x00\x00\x00\x00\x04body"
    headers = dict(event.headers())
    assert headers["ce_time"] == b"2026-03-02T01:00:00.10Z"
    assert headers["ce_other"] == b"kept"
    assert headers["content-type"] == b"application/avro"


def test_structured_avro_comes_as_base64() -> None:
    raw = base64.b64encode(b"\x00avro").decode()
    signature = {"keyid": "k", "signature": "s", "sigproof": "p"}
    event = structured(data=..., data_base64=raw, datacontenttype="application/avro", **signature)
    assert event.value == b"\x00avro"


def test_the_trace_and_the_signature_do_not_count_as_another_body() -> None:
    assert structured(traceparent="00-a-b-01").digest() == structured().digest()
    assert structured(data={"title": "x"}).digest() != structured().digest()
    assert structured(legaltime="2026-03-03").digest() != structured().digest()


def test_what_is_read_makes_an_envelope() -> None:
    event = structured(time="2026-03-02T09:00:00+08:00", dataschema="/registry/schemas/ids/4")
    envelope = Envelope.from_headers(event.headers())
    assert envelope.to == ("cn-330106-amr", "cn-330106-pro")
    assert str(envelope.legaltime) == "2026-03-02"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff\xfe{}",
        b"{",
        b'"event"',
        b"[" * 100_000,
        b'{"id":"1","id":"2"}',
        b'{"id":' + b"9" * 5_000 + b"}",
        json.dumps({**ATTRIBUTES, "data": DATA, "data_base64": ""}).encode(),
        json.dumps(ATTRIBUTES).encode(),
        json.dumps({**ATTRIBUTES, "data": [1]}).encode(),
        json.dumps({**ATTRIBUTES, "data": DATA, "to": ["a"]}).encode(),
        json.dumps({**ATTRIBUTES, "data": DATA, "id": "\ud800"}).encode(),
        json.dumps({**ATTRIBUTES, "data": DATA, "Bad-Name": "x"}).encode(),
        json.dumps({**ATTRIBUTES, "data": {"amount": float("nan")}}).encode(),
        json.dumps(
            {**ATTRIBUTES, "data_base64": "***", "datacontenttype": "application/avro"}
        ).encode(),
    ],
)
def test_a_malformed_structured_event_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(CasebusError) as error:
        read([("content-type", "application/cloudevents+json")], body)
    assert code_of(error) == "malformed_event"
    assert error.value.detail
    assert "conversion" not in error.value.detail


def test_an_attribute_given_twice_is_refused() -> None:
    with pytest.raises(CasebusError) as error:
        read([*JSON, ("ce-id", "1"), ("Ce-Id", "2")], b"{}")
    assert code_of(error) == "malformed_event"


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "",
        "application/xml",
        "application/cloudevents-batch+json",
        "application/octet-stream",
    ],
)
def test_other_content_types_are_refused(content_type: str) -> None:
    with pytest.raises(CasebusError) as error:
        binary(content_type)
    assert code_of(error) == "unsupported_media_type"


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"title": "通报（机密★10年）"}},
        {"secrecy": "state_secret"},
        {"secrecy": "STATE_SECRET "},
        {"data": {"secrecy": "state_secret"}},
    ],
)
def test_a_state_secret_is_refused_before_anything_else(changes: dict[str, Any]) -> None:
    with pytest.raises(CasebusError) as error:
        structured(**changes, unknownattribute="x")
    assert code_of(error) == "state_secret"
    assert "★" not in error.value.detail


def test_unsigned_avro_is_refused() -> None:
    with pytest.raises(CasebusError) as error:
        binary("application/avro", b"\x00\x00\x00\x00\x04")
    assert code_of(error) == "unsigned"


@pytest.mark.parametrize("name", ["signature", "keyid", "purpose"])
def test_json_carries_no_signature_and_no_unknown_attribute(name: str) -> None:
    with pytest.raises(CasebusError) as error:
        structured(**{name: "x"})
    assert code_of(error) == "unknown_attribute"
