"""What the front door says of the form of a record."""

from __future__ import annotations

import struct
import tracemalloc
from datetime import UTC, datetime

import pytest

from casebus.admission.judge import (
    Admitted,
    appended_at,
)
from casebus.errors import CasebusError
from casebus.events.counting import MOST_ITEMS
from casebus.events.envelope import Envelope, Record
from casebus.events.limits import MOST_VALUE_BYTES
from casebus.rejections import Reason
from casebus.trust.signing import Draft
from services.admission.stamps import (
    rejected_record,
)
from tests.unit.admission.judging import AMR, NOBODY, PSB, arrival, judge, refusal, sent
from tests.world import NOW, SCHEMAS, draft, signed, with_headers


def value_of(record: Record, change) -> Record:
    return Record(record.key, change(record.value), record.headers)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda _: None, Reason.NO_VALUE),
        (lambda _: b"", Reason.NO_VALUE),
        (lambda v: b"\x01" + v[1:], Reason.NOT_AVRO),
        (lambda v: v[:3], Reason.NOT_AVRO),
        (lambda v: struct.pack(">bI", 0, 999_999) + v[5:], Reason.UNKNOWN_SCHEMA),
        (lambda v: v[:-1], Reason.UNDECODABLE),
        (lambda v: v[:5], Reason.UNDECODABLE),
        (lambda v: v + b"\x00", Reason.UNDECODABLE),
        (lambda v: v[:5] + b"\xff" * 40, Reason.UNDECODABLE),
        (lambda v: v[:5] + b"\x04\xff\xfe" + v[6:], Reason.UNDECODABLE),
    ],
    ids=[
        "tombstone",
        "empty",
        "wrong magic byte",
        "three bytes",
        "unknown schema id",
        "truncated",
        "prefix only",
        "bytes left over",
        "random bytes",
        "text that is not UTF-8",
    ],
)
def test_a_value_that_cannot_be_read_is_rejected(world, change, reason):
    assert refusal(world, value_of(sent(world), change)) == reason


def test_a_value_of_exactly_one_mebibyte_is_admitted_and_one_byte_more_is_not(world):
    empty = draft("referral.sent", AMR, data={"note": ""}, to=(PSB,))
    room = MOST_VALUE_BYTES - len(empty.value)
    note = "x" * (room - 2)  # the note's length takes three bytes where the empty one took one
    for extra, fits in ((0, True), (1, False)):
        value = SCHEMAS.encode("casebus.referral.sent.v1", {"note": note + "x" * extra})
        assert len(value) == MOST_VALUE_BYTES + extra
        record = signed(Draft(empty.envelope, value), world.keys[AMR])
        if fits:
            assert isinstance(judge(world, record), Admitted)
        else:
            assert refusal(world, record) == Reason.TOO_LARGE


def test_a_signed_event_of_more_items_than_the_door_takes_is_rejected(world):
    goods = [{"name": ""}] * MOST_ITEMS
    for more, fits in (([], True), ([{"name": ""}], False)):
        record = signed(
            draft("goods.seized", AMR, data={"goods": goods + more}, to=(PSB,)), world.keys[AMR]
        )
        if fits:
            assert isinstance(judge(world, record), Admitted)
        else:
            assert refusal(world, record) == Reason.TOO_MANY_ITEMS


def test_headers_over_64_kib_are_too_large(world):
    assert refusal(world, with_headers(sent(world), x=b"x" * (64 << 10))) == Reason.TOO_LARGE


@pytest.mark.parametrize("name", ["", "x" * 70_000, "档" * 30_000])
def test_names_count_in_bytes_and_empty_headers_count_too(world, name):
    record = sent(world)
    many = Record(record.key, record.value, (*record.headers, *[(name, b"")] * 40_000))
    one = Record(record.key, record.value, (*record.headers, (name, b"")))
    assert refusal(world, many) == Reason.TOO_LARGE
    if name:
        assert refusal(world, one) == Reason.TOO_LARGE


def test_values_and_names_of_many_bytes_count_together(world):
    """Each alone would fit, and so would both if a letter took one byte."""
    record = sent(world)
    one = Record(record.key, record.value, (*record.headers, ("档" * 10_000, b"x" * 40_000)))
    assert refusal(world, one) == Reason.TOO_LARGE
    less = Record(record.key, record.value, (*record.headers, ("档" * 10_000, b"x" * 20_000)))
    assert isinstance(judge(world, less), Admitted)


def test_to_see_that_headers_are_too_many_takes_no_copy_of_their_names(world):
    """What came packed may be gigabytes when it is spelt out."""
    record = sent(world)
    many = Record(record.key, record.value, (*record.headers, *[("档" * 30_000, b"")] * 1000))
    tracemalloc.start()
    try:
        assert refusal(world, many) == Reason.TOO_LARGE
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


#: Packed, all of these pass the door's limit of a mebibyte.
OVERSIZE = {
    "value": lambda record: Record(record.key, bytes(60 << 20), record.headers),
    "key": lambda record: Record(bytes(60 << 20), record.value, record.headers),
    "header": lambda record: with_headers(record, x=bytes(60 << 20)),
    "name": lambda record: with_headers(record, **{"x" * 70_000: b"1"}),
    "name that is spelt out": lambda record: with_headers(record, **{"\udcff" * 400_000: b"1"}),
    "stamps that are renamed": lambda record: Record(
        record.key, record.value, (*record.headers, *[("cb-", b"")] * 200_000)
    ),
    "attributes": lambda record: Record(
        record.key, record.value, record.headers + tuple((f"ce_{at}", b"") for at in range(300_000))
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", OVERSIZE)
def test_of_a_record_that_no_topic_takes_the_attributes_and_a_digest_are_kept(world, what):
    whole = sent(world)
    # The broker has placed it already; the hash of so long a key would take most of the time.
    come = arrival(OVERSIZE[what](whole), partition=0)
    kept = rejected_record(come, CasebusError(Reason.TOO_LARGE, "why"), NOBODY, at=NOW)
    assert sum(len(name.encode()) + len(text) + 10 for name, text in kept.headers) < 2 << 20
    assert all(len(name.encode()) < 1 << 16 for name, _ in kept.headers)
    texts = dict(kept.headers)
    assert (kept.value, len(texts["cb-abridged"])) == (None, 64)
    assert texts["ce_id"] == dict(whole.headers)["ce_id"]
    assert texts["cb-reason"] == b"too_large"


def test_a_record_over_the_doors_limit_that_the_topic_takes_is_kept_whole(world):
    record = sent(world)
    large = Record(record.key, bytes(1_900_000), record.headers)
    kept = rejected_record(arrival(large), CasebusError(Reason.TOO_LARGE), NOBODY, at=NOW)
    assert (kept.key, kept.value) == (large.key, large.value)


@pytest.mark.parametrize("missing", ["ce_id", "ce_type", "ce_source", "ce_subject", "ce_time"])
def test_a_missing_cloudevents_header_is_malformed(world, missing):
    record = with_headers(sent(world), **{missing: None})
    assert refusal(world, record) == Reason.MALFORMED_HEADERS


@pytest.mark.parametrize(
    "day",
    ["2026-W10-1", "2026-064", "20260305", "1948-12-31", "0001-01-01", "2026-W10-1T09:00+08:00"],
)
def test_what_is_no_calendar_date_from_1949_on_is_refused_at_the_door_alone(world, day):
    record = with_headers(sent(world), ce_legaltime=day.encode())
    assert refusal(world, record) == Reason.MALFORMED_HEADERS


def test_a_journaled_date_is_read_in_whatever_form_it_came(world):
    for day in ("2026-W10-1", "1948-12-31"):
        record = with_headers(sent(world), ce_legaltime=day.encode())
        assert Envelope.from_headers(record.headers).legal.date.year in (1948, 2026)


def test_an_event_dated_ahead_is_a_fact_and_admitted(world):
    assert judge(world, sent(world, legal="2099-01-01")).envelope.legal.date.year == 2099


@pytest.mark.parametrize("named", [PSB, "bus", "cn-999999-amr", ""])
def test_who_is_named_as_the_signer_is_the_key_s_own_agency(world, named):
    record = signed(draft("referral.sent", AMR, to=(PSB,)), world.keys[AMR], signedby=named)
    assert refusal(world, record) == Reason.SIGNER_NOT_ENTITLED


@pytest.mark.parametrize(
    "name",
    [
        "CE_TO",
        "Ce_to",
        "ce_To",
        "ce-to",
        "ＣＥ_to",
        "ce_t-o",
        "CB-VERDICT",
        "Cb-recipients",
        "cb_flags",
        " ce_to",
        "Content-Type",
        "content_type",
        "TraceParent",
    ],
)
def test_a_header_that_looks_like_one_that_is_read_is_refused(world, name):
    assert refusal(world, with_headers(sent(world), **{name: b"x"})) == Reason.MALFORMED_HEADERS


def test_headers_that_nobody_here_reads_may_have_any_name(world):
    assert judge(world, with_headers(sent(world), **{"X-Mine": b"1", "cebu": b"2", "档": b"3"}))


def test_the_brokers_moment_is_read_in_milliseconds_of_utc():
    moment = datetime(2026, 3, 5, 1, 0, 0, 250_000, tzinfo=UTC)
    read = appended_at(1_772_672_400_250)
    assert (read, read.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(("more", "is_taken"), [(0, True), (1, False)])
def test_key_and_headers_have_64_kib_to_the_byte(world, more, is_taken):
    record = sent(world)
    used = len(record.key or b"") + sum(len(name) + len(text) + 2 for name, text in record.headers)
    rest = (64 << 10) - used - len("x-more") - 2
    full = Record(record.key, record.value, (*record.headers, ("x-more", b"x" * (rest + more))))
    if is_taken:
        assert judge(world, full).flags == ()
    else:
        with pytest.raises(CasebusError, match="key and headers over 65536 bytes"):
            judge(world, full)


def test_of_a_body_that_is_too_large_its_size_is_told(world):
    large = value_of(sent(world), lambda value: value + b"x" * MOST_VALUE_BYTES)
    with pytest.raises(CasebusError, match=rf"{len(large.value or b'')} bytes"):
        judge(world, large)
