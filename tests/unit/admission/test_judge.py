"""What the front door says of each record: its signature, its author and title, its recipients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from casebus.admission.judge import (
    Admitted,
)
from casebus.errors import CasebusError
from casebus.events.doors import door_of
from casebus.events.envelope import Record
from casebus.rejections import Flag, Reason
from casebus.trust.keys import SigningKey
from services.admission.stamps import (
    rejected_value,
)
from tests.unit.admission.judging import AMR, PRO, PSB, arrival, judge, refusal, sent
from tests.world import NOW, SCHEMAS, draft, signed, with_headers


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


def test_a_key_that_is_not_the_stream_is_rejected(world):
    record = sent(world)
    other = Record(str(uuid4()).encode(), record.value, record.headers)
    assert refusal(world, other) == Reason.KEY_MISMATCH
    assert refusal(world, Record(None, record.value, record.headers)) == Reason.KEY_MISMATCH


def test_a_value_of_another_type_than_the_header_says_is_rejected(world):
    record = world.event("referral.sent", AMR)
    other = SCHEMAS.encode("casebus.referral.approved.v1", {})
    assert refusal(world, Record(record.key, other, record.headers)) == Reason.TYPE_MISMATCH
    with pytest.raises(CasebusError) as refused:
        judge(world, Record(record.key, other, record.headers))
    assert refused.value.detail == ("casebus.referral.v1.Approved is not casebus.referral.sent.v1")


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


def test_nothing_is_admitted_of_a_delegate_that_was_withdrawn(world):
    record = signed(draft("referral.sent", AMR, to=(PSB,)), world.keys["bus"], signedby="bus")
    world.say("directory.delegate_named", source=AMR, delegate="bus", types=["casebus.*"])
    assert judge(world, record)
    world.say("directory.delegate_withdrawn", source=AMR, delegate="bus", reason="over")
    assert refusal(world, record) == Reason.SIGNER_NOT_ENTITLED


def test_an_author_is_told_what_of_its_title_is_wrong(world):
    with pytest.raises(CasebusError, match=r"events\.police is no door of administrative"):
        judge(world, sent(world), "events.police")
    with pytest.raises(CasebusError, match=r"administrative: casebus\.referral\.accepted\.v1"):
        judge(world, world.event("referral.accepted", AMR))
