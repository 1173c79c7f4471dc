"""督办, 统计 and 月报 over HTTP on a whole stack: numbers agree with their lists."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import httpx
import pytest

from casebus.events.legaltime import CHINA
from onebox.testing import Stack
from tests.integration.person import Person
from tests.integration.street import AMR, DOORS, PRO, PSB, Bus, gateway_clients

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

STRANGER = "cn-330108-psb"
#: Whatever day it is, something that begins today falls due.
DAYS = 90


@pytest.fixture
def supervisor(stack: Stack) -> Person:
    person = Person(stack)
    person.signs_in("supervisor", PRO)
    return person


@pytest.fixture(scope="module")
def clients(stack: Stack) -> Iterator[dict[str, httpx.Client]]:
    with gateway_clients(stack, (AMR, PSB, PRO, STRANGER)) as found:
        yield found


def today(ago: int = 0) -> str:
    return (datetime.now(CHINA).date() - timedelta(days=ago)).isoformat()


def soon() -> str:
    """A moment by which what is recorded now counts: by default a whole second is asked for."""
    return (datetime.now(CHINA) + timedelta(minutes=1)).isoformat()


def said(
    bus: Bus, name: str, source: str, *to: str, stream: str = "", days: int = 0, **data: Any
) -> str:
    """An event of today, or of so many days ago; the case it is in."""
    stream = stream or str(uuid4())
    record = bus.event(name, source, stream=stream, to=to, legal=today(days), data=data)
    bus.send([record], DOORS[source])
    query = "select 1 from derived.event where stream = $1 and type like '%' || $2 || '%'"
    bus.until(query, stream, name)
    return stream


def get(client: httpx.Client, path: str, **params: Any) -> Any:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def links(page: str, path: str) -> list[str]:
    found = re.findall(rf'href="({re.escape(path)}\?[^"]*)"[^>]*>', page)
    return [unescape(one) for one in found]


def test_each_count_of_who_owes_what_leads_to_as_many_cases(
    bus: Bus, clients: dict[str, httpx.Client], supervisor: Person
) -> None:
    mark = f"案{uuid4().hex}"
    stream = said(bus, "referral.sent", AMR, PSB, PRO, title=mark)
    bus.until("select 1 from derived.clock where stream = $1 and actor = $2", stream, PSB)
    page = supervisor.gets("/console/oversight", params={"agency": PSB, "days": DAYS}).text
    cells = [dict(parse_qsl(urlsplit(one).query)) for one in links(page, "/console/search")]
    soon = [one for one in cells if one.get("due_within_days")]
    assert any("clock" in one for one in soon), page
    assert {one["owes"] for one in cells if "owes" in one} == {PSB}
    owed = get(clients[PRO], "/v1/oversight/owed", agency=PSB, due_within_days=DAYS)
    [by] = owed["items"]
    counted = 0
    for row in (by, *by["steps"]):
        only = {"owes": PSB} | ({"clock": row["clock"]} if "clock" in row else {})
        for name, state in (
            ("overdue", {"clock_state": "overdue"}),
            ("soon", {"due_within_days": DAYS}),
            ("late", {"clock_state": "late"}),
        ):
            listed = get(clients[PRO], "/v1/cases", count=True, limit=500, **only, **state)
            assert listed["total"] == row[name], (row, name)
            counted += row[name]
    assert counted
    first = next(one for one in links(page, "/console/search") if "clock=" in one)
    assert supervisor.gets(first).status_code == 200
    # Who has no part in the case learns of none of it.
    other = get(clients[STRANGER], "/v1/oversight/owed", agency=PSB)
    assert other["items"] == []
    assert mark not in str(get(clients[STRANGER], "/v1/oversight/omissions"))


def test_a_returned_case_waits_for_its_answer_and_is_gone_with_it(
    bus: Bus, clients: dict[str, httpx.Client], supervisor: Person
) -> None:
    stream = said(bus, "reverse_referral.sent", PSB, AMR, PRO, days=1, title="退回行政机关处理")
    query = "select 1 from derived.work_item where stream = $1 and agency = $2 and is_open"
    bus.until(query, stream, AMR)

    def waiting(client: httpx.Client) -> list[Any]:
        found = get(client, "/v1/oversight/unanswered", agency=AMR, limit=500)
        return [one for one in found["items"] if one["case"]["id"] == stream]

    [row] = waiting(clients[PRO])
    assert (row["agency"], row["asker"], row["overdue"]) == (AMR, PSB, False)
    assert stream in supervisor.gets("/console/oversight", params={"agency": AMR}).text
    assert waiting(clients[STRANGER]) == []
    said(bus, "reverse_referral.replied", AMR, PSB, PRO, stream=stream, outcome="PENALISED")
    bus.until(f"select 1 where not exists ({query})", stream, AMR)
    assert waiting(clients[PRO]) == []


def test_what_is_shown_comes_as_a_file_with_the_same_heads(supervisor: Person) -> None:
    for table in ("owed", "omissions", "unanswered"):
        answer = supervisor.gets(f"/console/oversight/export?table={table}&form=csv")
        assert answer.status_code == 200
        assert answer.content.startswith(b"\xef\xbb\xbf")
        assert "责任单位" in answer.text
        book = supervisor.gets(f"/console/oversight/export?table={table}&form=xlsx")
        assert book.content[:2] == b"PK"
    assert supervisor.gets("/console/figures/export?form=csv").status_code == 200


def test_each_number_of_an_indicator_leads_to_its_cases(
    bus: Bus, stack: Stack, clients: dict[str, httpx.Client]
) -> None:
    stream = said(bus, "referral.sent", AMR, PSB, title="统计案件")
    asked = {"indicator": "transfers_sent", "by": "month"}
    found = get(clients[AMR], "/v1/stats", **asked, as_of=soon())
    rows = found["indicators"][0]["rows"]
    at = {"indicator": "transfers_sent", "as_of": found["as_of"], "limit": 500}
    for row in rows:
        cell = {"month": row["month"]} if "month" in row else {}
        listed = get(clients[AMR], "/v1/stats/cases", **at, **cell)
        assert listed["total"] == row["count"], row
    month = today()[:7]
    mine = get(clients[AMR], "/v1/stats/cases", **at, month=month)
    assert stream in {one["id"] for one in mine["items"]}
    assert get(clients[STRANGER], "/v1/stats/cases", **at, month=month)["total"] == 0
    officer = Person(stack)
    officer.signs_in("officer", AMR)
    # The page is of the last whole second.
    time.sleep(1)
    page = officer.gets("/console/figures", params=asked).text
    leads = [one for one in links(page, "/console/figures/cases") if f"month={month}" in one]
    assert stream in officer.gets(leads[0]).text


def test_a_step_that_is_not_done_is_listed_apart(
    bus: Bus, clients: dict[str, httpx.Client]
) -> None:
    done = said(bus, "referral.sent", AMR, PSB)
    said(bus, "referral.receipted", PSB, AMR, stream=done)
    undone = said(bus, "referral.sent", AMR, PSB)
    asked = {"indicator": "steps", "value_of": "T04", "limit": 500, "as_of": soon()}
    for part, wanted, other in (("met", done, undone), ("unmet", undone, done)):
        found = get(clients[PSB], "/v1/stats/cases", **asked, part=part)
        ids = {one["id"] for one in found["items"]}
        assert wanted in ids, part
        assert other not in ids, part


def test_a_past_month_is_the_same_paper_whatever_is_recorded_later(bus: Bus, stack: Stack) -> None:
    officer = Person(stack)
    officer.signs_in("officer", AMR)
    month = today()[:7]
    before, now = (officer.gets(f"/console/print/month/{one}") for one in ("2026-03", month))
    assert (before.status_code, now.status_code) == (200, 200)
    late = bus.event("referral.sent", AMR, stream=str(uuid4()), to=(PSB,), legal="2026-03-05")
    bus.send([late], DOORS[AMR])
    said(bus, "referral.sent", AMR, PSB)
    # The page is of the last whole second.
    time.sleep(1)
    assert officer.gets("/console/print/month/2026-03").content == before.content
    # Of the month that is not over the number grows.
    row = re.compile(r"移送案件数</th><td class=\"figure\">([\d,]+)<")
    sent = [row.search(one) for one in (now.text, officer.gets(str(now.url)).text)]
    counts = [int(one[1].replace(",", "")) if one else 0 for one in sent]
    assert counts[1] > counts[0]
    assert officer.gets("/console/print/month/2099-12").status_code == 404
    assert officer.gets("/console/print/month/2026-13").status_code in {400, 422}
