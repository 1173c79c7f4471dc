"""What another writes under an agency's name is counted for it, and not shown (ADR 46)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.events.envelope import Envelope, Record
from gateway.api.events import status_of
from onebox.testing import Stack
from storage import reads, sending
from storage import rejects as stored
from storage.rejects import RejectedListing, RejectFilter
from tests.integration.casework import Casework, casework_on
from tests.integration.handed_in import hand_in
from tests.world import with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
MARK = "看这里"


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def own(casework: Casework, **changes: Any) -> Record:
    given: dict[str, Any] = {"to": (PSB,), "legal": "2026-03-05", **changes}
    return casework.world.event("referral.sent", AMR, **given)


def forged(casework: Casework, **changes: Any) -> Record:
    """The police's own key under a record that says it is the market regulator's."""
    body = {"note": MARK}
    record = casework.world.event("referral.accepted", PSB, data=body, **changes)
    return with_headers(record, ce_source=AMR.encode(), ce_id=MARK.encode())


def identity(record: Record) -> tuple[str, str]:
    envelope = Envelope.from_headers(record.headers)
    return envelope.source, envelope.id


async def listed(casework: Casework, agency: str) -> list[RejectedListing]:
    return await stored.listed(casework.pool, agency, RejectFilter(all=True), after=None, limit=9)


async def test_what_another_wrote_under_its_name_is_counted_and_not_shown(
    casework: Casework,
) -> None:
    for _ in range(3):
        await casework.reject(forged(casework), "signer_not_entitled")
    garbage = Record(b"x", MARK.encode(), (("ce_source", AMR.encode()), ("ce_id", MARK.encode())))
    await casework.reject(garbage, "malformed_headers")
    assert await listed(casework, AMR) == []
    groups = await reads.unverified(casework.pool, AMR)
    assert {(one.door, one.reason): one.count for one in groups} == {
        ("events.administrative", "signer_not_entitled"): 3,
        ("events.administrative", "malformed_headers"): 1,
    }
    leaves = {one.reason: one.leaves for one in groups}
    assert len(leaves["signer_not_entitled"] or []) == 3
    assert leaves["malformed_headers"] is None
    assert MARK not in str(groups)
    # Nor is the liar shown it, and nothing goes to the agency's own topic.
    assert await listed(casework, PSB) == []
    assert await reads.unverified(casework.pool, PSB) == []
    assert await casework.said() == []
    # Operators see all, and have every byte.
    seen = await stored.listed(casework.pool, None, RejectFilter(all=True), after=None, limit=9)
    assert [(one.agency, one.verified) for one in seen] == [(AMR, False)] * 4
    kept = await casework.rows("select value from own.rejected")
    assert garbage.value in {row["value"] for row in kept}


async def test_what_its_own_key_signed_is_its_in_full_and_comes_back_to_it(
    casework: Casework,
) -> None:
    record = own(casework)
    await casework.reject(record, "wrong_topic")
    [row] = await listed(casework, AMR)
    assert (row.event_id, row.reason) == (identity(record)[1], "wrong_topic")
    assert await reads.unverified(casework.pool, AMR) == []
    [topic] = await casework.rows("select topic from own.outbox where aggregatetype = 'rejected'")
    assert topic["topic"] == f"agency.{AMR}.rejected"


async def test_an_event_that_its_author_never_sent_is_not_said_to_be_rejected(
    casework: Casework,
) -> None:
    await casework.reject(forged(casework), "signer_not_entitled")
    assert await status_of(casework.pool, AMR, AMR, MARK) is None
    record = own(casework)
    await casework.reject(record, "wrong_topic")
    status = await status_of(casework.pool, AMR, *identity(record))
    assert status is not None
    assert (status.status, status.reason) == ("rejected", "wrong_topic")


@pytest.mark.parametrize("how", ["another body", "the same body", "a state secret"])
async def test_what_was_handed_in_is_not_rejected_by_another_s_record_under_its_identity(
    casework: Casework, how: str
) -> None:
    """Ids of imports can be computed, and so, sometimes, can what they say."""
    record = own(casework)
    await hand_in(casework.pool, record, "events.administrative")
    other = {
        "another body": Record(record.key, (record.value or b"") + b"x", record.headers),
        "the same body": with_headers(record, ce_signature=b"AAAA"),
        "a state secret": Record(
            record.key, None, with_headers(record, ce_signature=b"AAAA").headers
        ),
    }[how]
    await casework.reject(other, "bad_signature")
    status = await status_of(casework.pool, AMR, *identity(record))
    assert status is not None
    assert status.status == "pending"


async def test_what_was_handed_in_with_a_bad_signature_of_its_own_is_said_to_be_rejected(
    casework: Casework,
) -> None:
    record = with_headers(own(casework), ce_signature=b"AAAA")
    await hand_in(casework.pool, record, "events.administrative")
    await casework.reject(record, "bad_signature")
    status = await status_of(casework.pool, AMR, *identity(record))
    assert status is not None
    assert (status.status, status.reason) == ("rejected", "bad_signature")
    assert await listed(casework, AMR) == []


async def test_a_forged_reject_lets_nobody_be_accused_of_what_is_on_its_way(
    casework: Casework,
) -> None:
    stream = uuid4()
    record = own(casework, stream=str(stream))
    await hand_in(casework.pool, record, "events.administrative")
    forgery = Record(record.key, (record.value or b"") + b"x", record.headers)
    await casework.reject(forgery, "bad_signature")
    assert await awaited(casework, stream) == {stream}
    await casework.reject(record, "wrong_topic")
    assert await awaited(casework, stream) == set()


async def awaited(casework: Casework, stream: UUID) -> set[UUID]:
    return set(await sending.awaited_among(casework.connection, {stream}))
