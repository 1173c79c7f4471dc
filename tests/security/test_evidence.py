"""What an agency says of itself, and where it stands, gives no right: on real tables (ADR 40)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.events.envelope import Envelope, Record
from onebox.testing import Stack
from storage import reads, searching
from storage.searching import CaseFilter, Page, Viewing
from tests.integration.casework import Casework, altered, casework_on
from tests.world import NOW

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro", "cn-330106-court"
NUMBER = "杭西市监移(2026)7号"


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def sent(casework: Casework, stream: str) -> Record:
    numbers = [{"kind": "letter_no", "value": NUMBER}]
    given = {"stream": stream, "to": (PSB,), "legal": "2026-03-05", "data": {"numbers": numbers}}
    return casework.world.event("referral.sent", AMR, **given)


def id_of(record: Record) -> str:
    return Envelope.from_headers(record.headers).id


def claims(casework: Casework, agency: str, about: Record) -> list[Record]:
    """The agency says, under its own key, that it received and opened the event."""
    data = {
        "agency": agency,
        "event_source": AMR,
        "event_id": id_of(about),
        "event_type": "casebus.referral.sent.v1",
        "position": "1/0/0",
    }
    stream = (about.key or b"").decode()
    return [
        casework.world.event(f"intake.{step}", agency, stream=stream, data=data)
        for step in ("received", "opened")
    ]


async def handed(casework: Casework, about: Record) -> set[tuple[str, str]]:
    stream = UUID((about.key or b"").decode())
    rows = await reads.hand_overs(casework.pool, stream, AMR, id_of(about))
    return {(row["agency"], row["step"]) for row in rows}


async def inbox(casework: Casework, agency: str, about: Record) -> list[Any]:
    """What the agency's list and its own page of the event show."""
    page = await reads.inbox(casework.pool, agency, seen=[], limit=9)
    one = await reads.inbox_item(casework.pool, agency, AMR, id_of(about))
    return [*page, *([] if one is None else [one])]


@pytest.mark.parametrize("first", ["the event", "the lie"])
async def test_who_says_that_it_received_a_foreign_event_reads_nothing_and_is_no_receipt(
    casework: Casework, first: str
) -> None:
    about = sent(casework, str(uuid4()))
    lies = claims(casework, COURT, about)
    for record in [about, *lies] if first == "the event" else [*lies, about]:
        await casework(record)
    assert await inbox(casework, COURT, about) == []
    assert await handed(casework, about) == set()
    await casework(*claims(casework, PSB, about))
    assert len(await inbox(casework, PSB, about)) == 2
    assert await handed(casework, about) == {(PSB, "delivered"), (PSB, "retrieved")}


async def test_evidence_counts_from_the_copy_on_that_names_its_agency_whenever_it_came(
    casework: Casework,
) -> None:
    about = sent(casework, str(uuid4()))
    await casework(*claims(casework, COURT, about), about)
    assert await inbox(casework, COURT, about) == []
    copy = altered(casework.log[2], cb_recipients=COURT.encode(), cb_sectors=b"court")
    casework.log.append(replace(copy, offset=3))
    await casework.record(casework.log[3:])
    assert len(await inbox(casework, COURT, about)) == 2
    assert await handed(casework, about) == {(COURT, "delivered"), (COURT, "retrieved")}


async def test_a_copy_with_another_body_makes_nobody_a_recipient_of_the_first(
    casework: Casework,
) -> None:
    about = sent(casework, str(uuid4()))
    other = casework.world.event(
        "referral.sent", AMR, stream=(about.key or b"").decode(), id=id_of(about), to=(COURT,),
        legal="2026-03-04",
    )  # fmt: skip
    await casework(about, other, *claims(casework, COURT, about))
    assert await inbox(casework, COURT, about) == []


async def test_who_says_that_it_received_gets_no_part_in_what_nothing_has_opened(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    note = casework.world.event("referral.accepted", PSB, stream=stream, legal="2026-03-07")
    data = {"agency": COURT, "event_source": PSB, "event_id": id_of(note), "event_type": "x"}
    await casework(note, casework.world.event("intake.received", COURT, stream=stream, data=data))
    assert await reads.case(casework.pool, PSB, UUID(stream)) is not None
    assert await reads.case(casework.pool, COURT, UUID(stream)) is None
    assert await listed(casework, COURT, CaseFilter()) == []


async def test_of_what_nothing_has_opened_each_sees_what_it_wrote_or_was_sent(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    numbers = {"numbers": [{"kind": "docket_no", "value": NUMBER}]}
    act = casework.world.event(
        "referral.accepted", PSB, stream=stream, legal="2026-03-07", to=(PRO,), data=numbers
    )
    await casework(act, casework.world.event("case.noted", COURT, stream=stream))

    async def authors(agency: str) -> list[str]:
        rows = await reads.history(casework.pool, agency, UUID(stream))
        return sorted(row["author"] for row in rows)

    assert (await authors(PSB), await authors(PRO)) == ([PSB], [PSB])
    assert await authors(COURT) == [COURT]
    assert await reads.event(casework.pool, COURT, PSB, id_of(act)) is None
    assert await reads.event(casework.pool, PRO, PSB, id_of(act)) is not None
    for agency, shown in ((PSB, 1), (COURT, 0), (PRO, 0)):
        found = await reads.numbers(casework.pool, agency, [NUMBER], figures=True)
        cases = await listed(casework, agency, CaseFilter(number=NUMBER))
        assert (len(found), len(cases)) == (shown, shown), agency


async def test_who_writes_into_the_stream_of_an_import_reads_nothing_of_it(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    about = {"import_id": stream, "title": "旧系统"}
    own = casework.world.event("import.opened", AMR, stream=stream, data=about)
    await casework(own, casework.world.event("import.opened", COURT, stream=stream, data=about))
    rows = await reads.history(casework.pool, COURT, UUID(stream))
    assert [row["author"] for row in rows] == [COURT]
    assert await reads.event(casework.pool, COURT, AMR, id_of(own)) is None
    assert await reads.event(casework.pool, AMR, AMR, id_of(own)) is not None


async def listed(casework: Casework, agency: str, wanted: CaseFilter) -> list[Any]:
    viewing = Viewing(agency, figures=True, now=NOW)
    return await searching.page(casework.pool, viewing, wanted, Page("-changed", None, 9))
