"""What is kept of a record that the front door rejects, and who is known to have sent it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from casebus.admission.judge import (
    Judge,
    KnownOfRecord,
)
from casebus.errors import CasebusError
from casebus.events.envelope import UNREADABLE, Envelope, Record
from casebus.rejections import Reason
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from services.admission.stamps import (
    journal_headers,
    rejected_headers,
)
from tests.laws import LAW
from tests.unit.admission.judging import (
    AMR,
    HOSTED,
    NOBODY,
    PSB,
    arrival,
    judge,
    refusal,
    sent,
)
from tests.world import NOW, SCHEMAS, World, draft, signed, with_headers


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


def test_the_leaf_of_what_is_rejected_is_that_of_its_bytes(world):
    own = sent(world)
    leaf = event_leaf(SCHEMAS.schema_of(own.value).digest, own.headers, own.value or b"")
    assert known(world, own) == KnownOfRecord(AMR, leaf)
