"""What the front door says of each record: its form, its signature, its author's title."""

from __future__ import annotations

import struct
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from casebus.admission import judge as judging_module
from casebus.admission import recipients
from casebus.admission.judge import (
    MOST_VALUE_BYTES,
    Admitted,
    Arrival,
    Judge,
    KnownOfRecord,
    appended_at,
)
from casebus.errors import CasebusError, Flag, Reason
from casebus.events.counting import MOST_ITEMS
from casebus.events.doors import door_of
from casebus.events.envelope import UNREADABLE, Envelope, Record
from casebus.events.partition import partition_for
from casebus.law import Law
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import Draft
from services.admission.stamps import (
    journal_headers,
    rejected_headers,
    rejected_record,
    rejected_value,
)
from tests.world import NOW, SCHEMAS, World, draft, signed, with_headers

LAW = Law.load(Path(__file__).parents[3] / "policies" / "law")
AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
HOSTED = frozenset({"administrative", "police", "procuratorate", "court", "arbitration"})
#: Of whom nothing is sure.
NOBODY = KnownOfRecord(None, None)


@pytest.fixture
def world() -> World:
    return World()


def arrival(record: Record, topic: str = "events.administrative", **changes) -> Arrival:
    if "partition" not in changes:
        changes["partition"] = partition_for(record.key or b"", 4)
    values: dict[str, Any] = {"offset": 0, "appended_at": NOW, "partitions": 4}
    return Arrival(record, topic, **(values | changes))


def judge(world: World, record: Record, topic: str = "events.administrative", **changes):
    judging = Judge(SCHEMAS, world.directory, LAW, HOSTED)
    return judging(arrival(record, topic, **changes))


def refusal(world: World, record: Record, topic: str = "events.administrative", **changes) -> str:
    with pytest.raises(CasebusError) as caught:
        judge(world, record, topic, **changes)
    return caught.value.code


def sent(world: World, **changes) -> Record:
    return world.event("referral.sent", AMR, **({"to": (PSB,), "legal": "2026-03-05"} | changes))


def value_of(record: Record, change) -> Record:
    return Record(record.key, change(record.value), record.headers)


def test_a_referral_goes_to_the_police_it_names_and_to_the_procuratorate_the_law_owes(world):
    admitted = judge(world, sent(world))
    assert admitted.delivery.recipients == (PSB, PRO)
    assert admitted.delivery.sectors == ("police", "procuratorate")
    assert admitted.delivery.routes == ("inbox.police", "inbox.procuratorate")
    assert admitted.flags == ()


def test_an_agency_with_its_own_consumer_is_reached_by_its_own_topic(world):
    record = world.event("referral.accepted", PSB, to=(AMR,))
    assert judge(world, record, "events.police").delivery.routes == (f"agency.{AMR}.inbox",)


def test_an_event_addressed_to_the_venue_goes_to_the_office_that_the_law_finds(world):
    assert PSB in judge(world, sent(world, to=("venue",))).delivery.recipients


def test_a_venue_that_the_law_cannot_find_is_flagged_as_a_recipient_nobody_knows(world):
    record = world.event("referral.accepted", PSB, to=("venue",))
    admitted = judge(world, record, "events.police")
    assert (admitted.delivery.unknown, admitted.flags) == (("venue",), (Flag.UNKNOWN_RECIPIENT,))


def test_an_author_s_clock_at_the_last_moment_there_is_stops_no_search_for_a_venue(world):
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    record = signed(draft("referral.sent", AMR, to=("venue", PSB), time=last), world.keys[AMR])
    assert PSB in judge(world, record).delivery.recipients


def test_nobody_is_sent_what_they_wrote_themselves(world):
    assert AMR not in judge(world, sent(world, to=(AMR, PSB))).delivery.recipients


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


def test_a_key_that_is_not_the_stream_is_rejected(world):
    record = sent(world)
    other = Record(str(uuid4()).encode(), record.value, record.headers)
    assert refusal(world, other) == Reason.KEY_MISMATCH
    assert refusal(world, Record(None, record.value, record.headers)) == Reason.KEY_MISMATCH


def test_a_value_of_another_type_than_the_header_says_is_rejected(world):
    record = world.event("referral.sent", AMR)
    other = SCHEMAS.encode("casebus.referral.approved.v1", {})
    assert refusal(world, Record(record.key, other, record.headers)) == Reason.TYPE_MISMATCH


@pytest.mark.parametrize("missing", ["ce_signature", "ce_sigproof", "ce_keyid"])
def test_an_unsigned_event_is_rejected(world, missing):
    assert refusal(world, with_headers(sent(world), **{missing: None})) == Reason.UNSIGNED


def test_a_wrong_signature_is_rejected(world):
    assert refusal(world, with_headers(sent(world), ce_to=b"bus")) == Reason.BAD_SIGNATURE


def test_a_key_the_directory_does_not_know_is_rejected(world):
    record = signed(draft("referral.sent", AMR, to=(PSB,)), SigningKey.generate())
    assert refusal(world, record) == Reason.UNKNOWN_KEY


def test_a_revoked_key_is_rejected(world):
    record = sent(world)
    world.say("directory.key_revoked", agency=AMR, keyid=world.keys[AMR].keyid)
    assert refusal(world, record) == Reason.KEY_NOT_VALID


def test_a_key_is_judged_at_the_time_the_broker_took_the_record(world):
    key = SigningKey.generate()
    world.add_key(AMR, key, valid_from=NOW, valid_to=NOW + timedelta(days=1))
    record = signed(draft("referral.sent", AMR, to=(PSB,)), key)
    assert isinstance(judge(world, record, appended_at=NOW), Admitted)
    for moment in (NOW - timedelta(seconds=1), NOW + timedelta(days=1)):
        assert refusal(world, record, appended_at=moment) == Reason.KEY_NOT_VALID


def test_nobody_signs_for_another_agency(world):
    squatted = signed(draft("referral.sent", AMR, to=(PSB,)), world.keys[PSB])
    assert refusal(world, squatted) == Reason.SIGNER_NOT_ENTITLED


def test_a_delegate_the_directory_names_may_sign(world):
    world.say(
        "directory.delegate_named",
        source=AMR,
        delegate="bus",
        types=["casebus.referral.*"],
    )
    record = signed(draft("referral.sent", AMR, to=(PSB,)), world.keys["bus"], signedby="bus")
    assert isinstance(judge(world, record), Admitted)


def test_an_agency_of_another_sector_is_not_heard_at_this_door(world):
    record = world.event("referral.accepted", PSB)
    assert refusal(world, record, "events.administrative") == Reason.WRONG_TOPIC


def test_an_agency_s_own_door_is_one_of_its_sector_s_and_of_no_other(world):
    record = sent(world)
    for of in (AMR, "cn-330109-amr"):
        assert isinstance(judge(world, record, door_of("administrative", of)), Admitted)
    for door in (door_of("police", AMR), "events.administrativex", "events.administrative-x.y"):
        assert refusal(world, record, door) == Reason.WRONG_TOPIC


def test_a_sector_may_not_emit_what_is_not_its_own(world):
    record = world.event("referral.filed", AMR)
    assert refusal(world, record) == Reason.TYPE_NOT_ALLOWED


def test_an_agency_the_directory_does_not_know_is_rejected(world):
    record = signed(draft("referral.sent", "cn-999999-amr"), world.keys[AMR])
    assert refusal(world, record) == Reason.UNKNOWN_SOURCE


def test_a_state_secret_is_rejected_and_its_body_is_not_kept(world):
    record = with_headers(sent(world), ce_secrecy=b"state_secret")
    assert refusal(world, record) == Reason.STATE_SECRET
    for reason in (Reason.STATE_SECRET, Reason.TOO_LARGE, Reason.MALFORMED_HEADERS):
        assert rejected_value(arrival(record), CasebusError(reason)) is None


def test_an_unknown_recipient_is_flagged_and_the_event_admitted(world):
    admitted = judge(world, sent(world, to=(PSB, "cn-000000-none")))
    assert admitted.flags == (Flag.UNKNOWN_RECIPIENT,)
    assert admitted.delivery.unknown == ("cn-000000-none",)
    assert PSB in admitted.delivery.recipients


def test_another_partitioner_is_flagged_and_the_event_admitted(world):
    record = sent(world)
    wrong = (partition_for(record.key or b"", 4) + 1) % 4
    assert judge(world, record, partition=wrong).flags == (Flag.WRONG_PARTITION,)


@pytest.mark.parametrize("years", [-20, 20])
def test_a_clock_years_off_is_flagged_and_the_event_admitted(world, years):
    record = sent(world, time=NOW + timedelta(days=365 * years))
    assert judge(world, record).flags == (Flag.ABSURD_TIME,)


def test_what_an_import_minted_bears_the_time_of_what_happened_however_long_ago(world):
    old = sent(world, time=NOW - timedelta(days=365 * 20), importid=str(uuid4()))
    assert judge(world, old).flags == ()
    ahead = sent(world, time=NOW + timedelta(days=365 * 20), importid=str(uuid4()))
    assert judge(world, ahead).flags == (Flag.ABSURD_TIME,)


def test_in_a_scenario_the_scenarios_time_is_no_clock_years_off(world):
    scenario = NOW + timedelta(days=365 * 20)
    judging = Judge(SCHEMAS, world.directory, LAW, HOSTED, lambda: scenario)
    assert judging(arrival(sent(world, time=scenario))).flags == ()
    beside = scenario + timedelta(days=365 * 20)
    assert judging(arrival(sent(world, time=beside))).flags == (Flag.ABSURD_TIME,)


def register(world: World, agency: str, sector: str, level: str, above: str = "") -> None:
    entry = {"agency": agency, "name": agency, "sector": sector, "level": level}
    more = {"division": agency.split("-")[1], "superior": above, "delivery": "hosted"}
    world.say("directory.agency_registered", **entry, **more)
    world.keys[agency] = SigningKey.generate()
    world.add_key(agency, world.keys[agency])


CITY_AMR, PROVINCE_AMR, RIVAL = "cn-330100-amr", "cn-330000-amr", "cn-330108-amr"


@pytest.mark.parametrize(
    ("author", "flags"),
    [(CITY_AMR, ()), (PROVINCE_AMR, (Flag.NOT_THE_COMMON_SUPERIOR,))],
)
def test_who_designates_and_is_not_the_common_superior_is_flagged_and_admitted(
    world, author, flags
):
    register(world, PROVINCE_AMR, "administrative", "province")
    register(world, RIVAL, "administrative", "county", CITY_AMR)
    body = {"agency": AMR, "other_agency": RIVAL}
    record = world.event("jurisdiction.designated", author, to=(AMR, RIVAL), data=body)
    assert judge(world, record).flags == flags


@pytest.mark.parametrize("body", [{}, {"agency": AMR}, {"agency": AMR, "other_agency": "cn-0-x"}])
def test_a_designation_that_does_not_name_two_known_agencies_is_not_judged(world, body):
    register(world, PROVINCE_AMR, "administrative", "province")
    record = world.event("jurisdiction.designated", PROVINCE_AMR, to=(AMR,), data=body)
    assert judge(world, record).flags == ()


@pytest.mark.parametrize(
    ("police", "level"),
    [("cn-330100-psb", "city"), ("cn-330108-psb", "county")],
)
def test_a_transfer_to_police_of_another_level_or_division_is_flagged_and_admitted(
    world, police, level
):
    register(world, police, "police", level)
    admitted = judge(world, sent(world, to=(police,)))
    assert admitted.flags == (Flag.NOT_THE_SAME_LEVEL,)
    assert police in admitted.delivery.recipients
    assert judge(world, sent(world)).flags == ()


def test_customs_transfer_to_their_own_police_which_are_of_no_division(world):
    register(world, "cn-330100-cus", "customs", "city")
    register(world, "cn-330100-psb", "police", "city")
    register(world, "cn-000000-asb", "police", "city")
    record = world.event("referral.sent", "cn-330100-cus", to=("cn-000000-asb",))
    assert judge(world, record, "events.customs").flags == ()


def test_where_there_are_no_police_of_the_level_a_transfer_is_not_judged(world):
    assert judge(world, world.event("referral.sent", CITY_AMR, to=(PSB,))).flags == ()


def test_foreign_stamps_never_pass(world):
    forged = with_headers(
        sent(world), **{"cb-verdict": b"admitted", "cb-routes": b"inbox.court", "cb-x": b"1"}
    )
    admitted = judge(world, forged)
    headers = journal_headers(arrival(forged), admitted, law="l", directory=1, at=NOW)
    stamps = [(name, text) for name, text in headers if name.startswith("cb-")]
    assert len({name for name, _ in stamps}) == len(stamps)
    assert dict(stamps)["cb-routes"] == b"inbox.police inbox.procuratorate"
    assert "cb-x" not in dict(stamps)


def test_what_is_rejected_keeps_every_original_header_and_says_why(world):
    forged = with_headers(sent(world), **{"cb-verdict": b"admitted", "x": b"\xff"})
    headers = rejected_headers(
        arrival(forged), CasebusError(Reason.UNSIGNED, "why"), NOBODY, at=NOW
    )
    texts = dict(headers)
    assert texts["orig-cb-verdict"] == b"admitted"
    assert texts["x"] == b"\xff"
    assert (texts["cb-verdict"], texts["cb-reason"]) == (b"rejected", b"unsigned")
    assert Envelope.from_headers(headers).agency == AMR


@pytest.mark.parametrize("name", ["\udcff", "ce_\udcff\udcfe", "cb-\udcff"])
def test_a_header_whose_name_is_no_utf8_is_malformed_and_spelt_out_among_the_rejected(world, name):
    record = with_headers(sent(world), **{name: b"1"})
    assert refusal(world, record) == "malformed_headers"
    headers = rejected_headers(
        arrival(record), CasebusError(Reason.MALFORMED_HEADERS), NOBODY, at=NOW
    )
    assert any(kept.encode().count(rb"\udcff") for kept, _ in headers)


def test_a_record_whose_batch_could_not_be_unpacked_is_rejected_as_unreadable(world):
    nothing = Record(None, None, ((UNREADABLE, b""),))
    assert refusal(world, nothing) == "unreadable"
    headers = rejected_headers(arrival(nothing), CasebusError(Reason.UNREADABLE), NOBODY, at=NOW)
    assert all(name.encode() for name, _ in headers)


def known(world: World, record: Record, **changes) -> KnownOfRecord:
    return Judge(SCHEMAS, world.directory, LAW, HOSTED).known(arrival(record, **changes))


def test_of_what_is_rejected_its_author_is_who_signed_it_whatever_it_says(world):
    own = sent(world)
    assert known(world, own).author == AMR
    assert known(world, own, topic="events.police").author == AMR
    forged = world.event("referral.accepted", PSB)
    claimed = with_headers(forged, ce_source=AMR.encode())
    assert known(world, claimed).author is None
    assert known(world, claimed).leaf is not None
    altered = Record(own.key, (own.value or b"") + b"x", own.headers)
    assert known(world, altered).author is None
    assert known(world, Record(None, None, ())) == NOBODY


def test_a_key_that_was_revoked_or_is_not_valid_yet_makes_nobody_the_author(world):
    late = SigningKey.generate()
    world.add_key(AMR, late, valid_from=NOW + timedelta(days=1))
    assert known(world, signed(draft("referral.sent", AMR), late)).author is None
    record = sent(world)
    world.say("directory.key_revoked", keyid=world.keys[AMR].keyid)
    assert known(world, record).author is None


def test_no_author_can_say_of_itself_that_its_signature_is_good(world):
    claimed = with_headers(world.event("referral.sent", PSB), ce_source=AMR.encode())
    marked = with_headers(claimed, **{"cb-author": AMR.encode(), "cb-leaf": b"00"})
    error = CasebusError(Reason.SIGNER_NOT_ENTITLED)
    headers = rejected_headers(arrival(marked), error, known(world, marked), at=NOW)
    texts = dict(headers)
    assert "cb-author" not in texts
    assert texts["orig-cb-author"] == AMR.encode()
    assert len(texts["cb-leaf"]) == 64


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


def test_nothing_is_admitted_of_a_delegate_that_was_withdrawn(world):
    record = signed(draft("referral.sent", AMR, to=(PSB,)), world.keys["bus"], signedby="bus")
    world.say("directory.delegate_named", source=AMR, delegate="bus", types=["casebus.*"])
    assert judge(world, record)
    world.say("directory.delegate_withdrawn", source=AMR, delegate="bus", reason="over")
    assert refusal(world, record) == Reason.SIGNER_NOT_ENTITLED


def test_whom_no_topic_reaches_is_flagged_and_nobody_else_waits(world):
    """The bus takes no delivery, and of a sector whose intake is not here nothing is read."""
    record = sent(world, to=("bus", PSB))
    admitted = judge(world, record)
    assert (admitted.delivery.unknown, admitted.flags) == (("bus",), (Flag.UNKNOWN_RECIPIENT,))
    assert admitted.delivery.recipients == (PSB, PRO)
    elsewhere = Judge(SCHEMAS, world.directory, LAW, HOSTED - {"police"})
    assert elsewhere(arrival(record)).delivery.unknown == ("bus", PSB)


@pytest.mark.parametrize(
    ("ahead", "flags"),
    [
        (timedelta(days=1), (Flag.ABSURD_TIME,)),
        (timedelta(days=1) - timedelta(seconds=1), ()),
        (-timedelta(days=3653), (Flag.ABSURD_TIME,)),
        (-timedelta(days=3653) + timedelta(seconds=1), ()),
    ],
)
def test_a_clock_is_off_by_a_day_ahead_or_ten_years_behind(world, ahead, flags):
    assert judge(world, sent(world, time=NOW + ahead)).flags == flags


def test_a_clock_years_behind_the_brokers_and_the_scenarios_is_flagged(world):
    judging = Judge(SCHEMAS, world.directory, LAW, HOSTED, lambda: NOW + timedelta(days=1))
    old = sent(world, time=NOW - timedelta(days=365 * 20))
    assert judging(arrival(old)).flags == (Flag.ABSURD_TIME,)


@pytest.mark.parametrize(
    ("imported", "scenario", "counts"),
    [
        (False, None, "2026-03-05"),
        (False, NOW + timedelta(days=2), "2026-03-07"),
        (False, NOW + timedelta(days=9), "2026-03-09"),
        (True, None, "2026-03-09"),
    ],
)
def test_a_date_ahead_counts_for_whose_venue_it_is_as_of_the_day_of_its_admission(
    world, monkeypatch, imported, scenario, counts
):
    days = []

    def resolves(event, *rest):
        days.append(str(event.legal.date))
        return recipients.resolve(event, *rest)

    monkeypatch.setattr(judging_module, "resolve", resolves)
    record = sent(world, legal="2026-03-09", **({"importid": str(uuid4())} if imported else {}))
    now = None if scenario is None else lambda: scenario
    Judge(SCHEMAS, world.directory, LAW, HOSTED, now)(arrival(record))
    assert days == [counts]


def test_an_author_is_told_what_of_its_title_is_wrong(world):
    with pytest.raises(CasebusError, match=r"events\.police is no door of administrative"):
        judge(world, sent(world), "events.police")
    with pytest.raises(CasebusError, match=r"administrative: casebus\.referral\.accepted\.v1"):
        judge(world, world.event("referral.accepted", AMR))


def test_the_leaf_of_what_is_rejected_is_that_of_its_bytes(world):
    own = sent(world)
    leaf = event_leaf(SCHEMAS.schema_of(own.value).digest, own.headers, own.value or b"")
    assert known(world, own) == KnownOfRecord(AMR, leaf)


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
