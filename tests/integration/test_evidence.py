"""Bundles as the gateway makes them for each viewer, checked by the pinned root alone."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from casebus.evidence import archive, lines
from casebus.evidence.checking import check_bundle
from casebus.evidence.lines import JournalLine
from casebus.evidence.report import BundleReport, FoldComparison
from gateway.cases import evidence
from tests.case_events import LAW
from tests.installation import READING
from tests.integration import test_log_api
from tests.integration.test_heads import AMR, PSB, signer
from tests.integration.test_log_api import COURT, PRO, Api

api = test_log_api.api
pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


async def referred(api: Api, **more: Any) -> str:
    """A referral that was sent, received and accepted; what the bus says of it was journaled."""
    await api.casework.keep_law(LAW)
    world, stream = api.casework.world, str(uuid4())
    data = {"title": "涉嫌假冒注册商标", **more}
    sent = world.event(
        "referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-02", data=data
    )
    await api.casework(sent)
    headers = {name: text.decode() for name, text in sent.headers}
    about = {
        "agency": PSB,
        "event_source": AMR,
        "event_id": headers["ce_id"],
        "event_type": headers["ce_type"],
    }
    await api.casework(world.event("intake.received", PSB, stream=stream, data=about))
    accepted = world.event("referral.accepted", PSB, stream=stream, to=(AMR,), legal="2026-03-04")
    await api.casework(accepted)
    # Delivered twice: a copy is a record too.
    await api.casework(accepted)
    await signer(api.casework).sign()
    return stream


async def bundle(api: Api, stream: str, agency: str) -> bytes:
    answer = await api.get(f"/v1/cases/{stream}/evidence", agency)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


def check(api: Api, raw: bytes) -> BundleReport:
    return check_bundle(raw, api.casework.world.directory.root_digest, READING)


def values(raw: bytes) -> list[bytes | None]:
    rows = archive.unpack(raw)[0][lines.RECORDS].splitlines()
    return [JournalLine.parse(one).value for one in rows]


async def test_an_agency_hands_over_a_whole_case_that_folds_again(api: Api) -> None:
    stream = await referred(api)
    raw = await bundle(api, stream, PSB)
    report = check(api, raw)
    assert report.problems == []
    assert report.case == stream
    assert (report.state, report.about_state) == (FoldComparison.SAME, "accepted")
    assert report.counts["events"] == 4
    steps = archive.unpack(raw)[0][lines.HAND_OVERS].decode()
    assert '"step":"submitted"' in steps
    assert '"step":"delivered"' in steps
    assert await bundle(api, stream, PSB) == raw


async def test_what_the_viewer_may_not_see_stands_as_a_leaf_and_is_still_checked(
    api: Api,
) -> None:
    """The court was sent a note: it sees the case up to its sector's level."""
    stream = await referred(api, facts="只给办案单位")
    world = api.casework.world
    await api.casework(world.event("case.noted", AMR, stream=stream, to=(COURT,)))
    await signer(api.casework).sign()
    raw = await bundle(api, stream, COURT)
    report = check(api, raw)
    assert (report.problems, report.state) == ([], FoldComparison.PARTIAL)
    assert report.counts["withheld events"] > 0
    assert "只给办案单位".encode() not in b"".join(one or b"" for one in values(raw))
    assert "只给办案单位".encode() in b"".join(
        one or b"" for one in values(await bundle(api, stream, AMR))
    )


async def test_of_a_secret_case_a_stranger_to_its_procedures_gets_what_it_was_sent(
    api: Api,
) -> None:
    stream = await referred(api, secrecy="TRADE_SECRET")
    world = api.casework.world
    await api.casework(world.event("case.noted", AMR, stream=stream, to=(COURT,)))
    await signer(api.casework).sign()
    raw = await bundle(api, stream, COURT)
    report = check(api, raw)
    assert (report.problems, report.state) == ([], FoldComparison.PARTIAL)
    assert [one is None for one in values(raw)] == [False]
    assert lines.STATE not in archive.unpack(raw)[0]


async def test_nobody_gets_evidence_of_a_case_that_is_not_theirs_and_each_look_is_written(
    api: Api,
) -> None:
    stream = await referred(api)
    await bundle(api, stream, AMR)
    for path in (stream, str(uuid4()), "no-id"):
        answer = await api.get(f"/v1/cases/{path}/evidence", COURT)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await api.get(f"/v1/cases/{stream}/evidence")).status_code == 401
    looks = await api.casework.rows(
        "select agency, status from own.access where stream = $1 and route like '%evidence'"
        " order by at, agency",
        stream,
    )
    assert sorted(tuple(row) for row in looks) == [(AMR, 200), (COURT, 404)]


async def test_while_no_head_covers_the_last_record_the_caller_is_told_to_wait(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "_PAUSE_SECONDS", 0)
    stream = await referred(api)
    await api.casework(api.casework.world.event("case.noted", PSB, stream=stream))
    answer = await api.get(f"/v1/cases/{stream}/evidence", AMR)
    assert (answer.status_code, answer.json()["code"]) == (503, "head_missing")
    await signer(api.casework).sign()
    assert check(api, await bundle(api, stream, AMR)).ok


async def test_no_bundle_leaves_of_a_record_that_was_altered(api: Api) -> None:
    stream = await referred(api)
    await api.casework.pool.execute(
        "update derived.journal set event_leaf = sha256(event_leaf) where log_index = 1"
    )
    answer = await api.get(f"/v1/cases/{stream}/evidence", AMR)
    assert (answer.status_code, answer.json()["code"]) == (500, "log_altered")


async def test_a_copy_with_another_body_is_shown_to_its_author_and_who_was_sent_it(
    api: Api,
) -> None:
    stream = await referred(api)
    world, note = api.casework.world, {"stream": stream, "id": "twice", "legal": "2026-03-05"}
    for text, to in (("一", (AMR, PRO)), ("二", (PRO,))):
        await api.casework(world.event("case.noted", PSB, to=to, data={"note": text}, **note))
    await signer(api.casework).sign()
    for agency, is_whole in ((PSB, True), (PRO, True), (AMR, False)):
        raw = await bundle(api, stream, agency)
        assert (values(raw)[-1] is not None) == is_whole, agency
        assert check(api, raw).ok
    assert check(api, await bundle(api, stream, PSB)).state is FoldComparison.SAME


async def test_what_its_author_took_back_stands_as_a_leaf_for_all_but_the_author(
    api: Api,
) -> None:
    stream = await referred(api)
    world = api.casework.world
    note = world.event("case.noted", PSB, stream=stream, to=(AMR,), data={"note": "误发的话"})
    await api.casework(note)
    await signer(api.casework).sign()
    assert "误发的话".encode() in b"".join(
        one or b"" for one in values(await bundle(api, stream, AMR))
    )
    about = {"recalled_source": PSB, "recalled_id": dict(note.headers)["ce_id"].decode()}
    await api.casework(
        world.event(
            "case.recalled", PSB, stream=stream, to=(AMR,), data={**about, "reasons": "误发"}
        )
    )
    await signer(api.casework).sign()
    for agency, is_whole in ((AMR, False), (PSB, True)):
        raw = await bundle(api, stream, agency)
        report = check(api, raw)
        assert report.problems == []
        assert (report.state is FoldComparison.SAME) == is_whole, agency
        assert ("误发的话".encode() in b"".join(one or b"" for one in values(raw))) == is_whole
