"""The envelope: what is missing, doubled or misshapen is named; the rest survives a round trip."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, agency_of
from casebus.events.legaltime import LegalTime
from casebus.rejections import Reason


def envelope(**changes) -> Envelope:
    values: dict[str, Any] = {
        "id": "e1",
        "type": "casebus.referral.sent.v1",
        "source": "cn-330106-amr/erp",
        "subject": str(uuid4()),
        "time": datetime(2026, 3, 5, 1, 0, tzinfo=UTC),
        "dataschema": "/registry/schemas/ids/1",
    }
    return Envelope(**(values | changes))


def headers(**changes: bytes | None):
    """Good headers with some replaced, or left out where None."""
    good = dict(envelope().to_headers())
    for name, value in changes.items():
        header = name.replace("content_type", "content-type")
        good.pop(header, None)
        if value is not None:
            good[header] = value
    return tuple(good.items())


def test_every_attribute_survives_the_wire():
    full = envelope(
        to=("cn-330106-psb", "cn-330106-pro"),
        sequence=7,
        correlationid="c",
        causationid=("a", "b"),
        legaltime=LegalTime.parse("2026-03-05"),
        keyid="k",
        signedby="bus",
        signature="s",
        sigproof="p",
        testdata=True,
        importid="i",
    )
    assert Envelope.from_headers(full.to_headers()) == full


def test_a_source_may_name_a_system_of_its_agency():
    assert envelope().agency == "cn-330106-amr"
    assert agency_of("cn-330106-amr") == "cn-330106-amr"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ce_id": None}, "ce_id"),
        ({"ce_id": b""}, "ce_id"),
        ({"ce_type": b"referral.sent"}, "ce_type"),
        ({"ce_source": b"has space"}, "ce_source"),
        ({"ce_source": b"../../x"}, "ce_source"),
        ({"ce_subject": b"not-a-uuid"}, "ce_subject"),
        ({"ce_subject": b"0190A3F2-0000-7000-8000-00000000ABCD"}, "ce_subject"),
        ({"ce_time": b"2026-03-05T09:00:00"}, "ce_time"),
        ({"ce_time": b"yesterday"}, "ce_time"),
        ({"ce_time": b"0001-01-01T00:00:00+14:00"}, "ce_time"),
        ({"ce_specversion": b"0.3"}, "ce_specversion"),
        ({"ce_specversion": None}, "ce_specversion"),
        ({"content_type": b"application/json"}, "content-type"),
        ({"content_type": None}, "content-type"),
        ({"ce_sequence": b"0"}, "ce_sequence"),
        ({"ce_sequence": b"-1"}, "ce_sequence"),
        ({"ce_sequence": "１".encode()}, "ce_sequence"),
        ({"ce_sequence": b"9223372036854775808"}, "ce_sequence"),
        ({"ce_legaltime": b"2026-02-30"}, "ce_legaltime"),
        ({"ce_legaltime": b"2026-03-05T09:00:00"}, "ce_legaltime"),
        ({"ce_id": b"\xff\xfe"}, "ce_id"),
        ({"ce_id": b"x" * 1025}, "ce_id"),
        ({"ce_id": b"a\x00b"}, "ce_id"),
        ({"ce_to": b"cn-330106-psb\ncn-330106-pro"}, "ce_to"),
    ],
)
def test_a_malformed_header_is_named(changes, named):
    with pytest.raises(CasebusError) as caught:
        Envelope.from_headers(headers(**changes))
    assert caught.value.code == Reason.MALFORMED_HEADERS
    assert named in caught.value.detail


def test_a_header_given_twice_is_refused():
    with pytest.raises(CasebusError) as caught:
        Envelope.from_headers((*headers(), ("ce_id", b"other")))
    assert caught.value.detail == "ce_id is given twice"


def test_stamps_and_unknown_headers_are_not_read():
    more = (*headers(), ("cb-verdict", b"admitted"), ("traceparent", b"00-x"), ("x", b"\xff"))
    assert Envelope.from_headers(more).id == "e1"


def test_a_bare_legal_date_stands_for_midnight_in_china():
    legal = LegalTime.parse("2026-03-05")
    assert legal.moment().isoformat() == "2026-03-05T00:00:00+08:00"
    assert str(legal) == "2026-03-05"


def test_a_legal_moment_is_kept_in_china_time():
    assert str(LegalTime.parse("2026-03-04T23:30:00Z")) == "2026-03-05T07:30:00+08:00"


def test_without_a_legal_time_the_authors_clock_stands_in():
    assert str(envelope().legal) == "2026-03-05T09:00:00+08:00"
