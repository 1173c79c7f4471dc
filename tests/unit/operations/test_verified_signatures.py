"""`casebus verify` of signatures: what was changed alike on every side is named all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiokafka import TopicPartition

from casebus.events.envelope import Record
from casebus.events.topics import JOURNAL
from casebus.settings import Settings
from casebus.trust.titles import History
from operations.verify.jobs import Share, alone
from operations.verify.report import VerifyReport
from operations.verify.signatures import SIGNATURES, Signatures
from operations.verify.topics import Span
from tests.unit.operations.test_verify import NOTHING, kafka, with_stamps
from tests.world import NOW, SCHEMAS, World, draft, with_headers

AMR, PSB, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-court"
DOOR = "events.administrative"
PLACE = f"{JOURNAL} 0/0"


class Desk:
    """A journal of one partition, beside a directory."""

    def __init__(self) -> None:
        self.report, self.world, self.history = VerifyReport(), World(), History()
        for entry in range(self.world.directory.position):
            self.history.note(self.world.directory, entry)

    def journaled(self, event: Record) -> Record:
        """As admission stamps it."""
        origin = f"{DOOR}/0/0/{int(NOW.timestamp() * 1000)}"
        known = str(self.world.directory.position)
        stamps = (("cb-origin", origin.encode()), ("cb-directory", known.encode()))
        return with_stamps(event, stamps)

    def event(self) -> Record:
        return self.journaled(self.world.event("referral.sent", AMR, to=(PSB,)))

    def said(self, *records: Record) -> list[str]:
        rows = [kafka(one, at) for at, one in enumerate(records)]
        Signatures(self.report, SCHEMAS, self.history).take(0, rows)
        return [place for one in self.report.problems.values() for place in one.places]


def test_what_its_author_signed_is_counted_and_no_problem() -> None:
    desk = Desk()
    signed = [desk.event() for _ in range(3)]
    together = desk.world.events([draft("case.noted", AMR) for _ in range(4)], AMR)
    assert desk.said(*signed, *map(desk.journaled, together)) == []
    assert desk.report.counts == {SIGNATURES: 7}


@pytest.mark.parametrize(
    "name", ["ce_to", "ce_type", "ce_subject", "ce_time", "ce_signature", "ce_sigproof", "ce_keyid"]
)
def test_a_signed_header_that_was_changed_everywhere_alike_is_named(name: str) -> None:
    desk = Desk()
    event = desk.event()
    raw = dict(event.headers)[name]
    changed = with_headers(event, **{name: raw[:-1] + bytes([raw[-1] ^ 1])})
    code = "unknown_key" if name == "ce_keyid" else "bad_signature"
    assert desk.said(changed) == [f"{PLACE}: {code}"]
    assert set(desk.report.problems) == {"not_signed"}


def test_a_body_that_was_changed_everywhere_alike_is_named() -> None:
    desk = Desk()
    event = desk.event()
    value = event.value or b""
    assert desk.said(replace(event, value=value[:-1] + bytes([value[-1] ^ 1]))) == [
        f"{PLACE}: bad_signature"
    ]


@pytest.mark.parametrize("name", ["ce_keyid", "ce_signature", "cb-directory", "cb-origin"])
def test_a_record_without_what_makes_it_checkable_is_named(name: str) -> None:
    desk = Desk()
    [said] = desk.said(with_headers(desk.event(), **{name: None}))
    assert said.startswith(f"{PLACE}: ")


def test_an_event_signed_by_another_agency_is_named() -> None:
    desk = Desk()
    [forged] = desk.world.events([draft("referral.sent", AMR, to=(PSB,))], COURT)
    assert desk.said(desk.journaled(forged)) == [f"{PLACE}: signer_not_entitled"]


def test_a_key_that_was_revoked_later_has_signed_what_was_admitted_before() -> None:
    desk = Desk()
    event = desk.event()
    desk.world.say("directory.key_revoked", keyid=desk.world.keys[AMR].keyid, reason="lost")
    desk.history.note(desk.world.directory, desk.world.directory.position - 1)
    assert desk.said(event) == []
    assert desk.said(desk.event()) == [f"{PLACE}: key_not_valid"]


async def test_a_share_with_a_history_checks_signatures_and_asks_no_table() -> None:
    desk = Desk()
    place = TopicPartition(JOURNAL, 0)
    forged = with_headers(desk.event(), ce_to=b"")

    class Kept:
        async def read(self, _spans: Any) -> AsyncIterator[Any]:
            yield place, [kafka(desk.event(), 0), kafka(forged, 1)]

    spans = {place: Span(0, 2)}
    share = Share(Settings(), "none", 1, {}, spans, spans, desk.history)
    reader: Any = Kept()
    batches = [one async for one in alone(desk.report, share, SCHEMAS, NOTHING, reader)]
    assert [one.records for one in batches] == [2]
    assert desk.report.problems["not_signed"].places == [f"{JOURNAL} 0/1: bad_signature"]
