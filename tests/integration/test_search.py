"""What finds a case is what is shown of it: to each viewer, by each word, in each order.

Every answer of the search is compared with what the case itself shows to the same viewer.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from unicodedata import normalize
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest

from casebus.events.legaltime import CHINA
from casebus.events.topics import ADMIN
from onebox.testing import Stack
from storage.packing import pack_headers
from tests.integration.casework import casework_on
from tests.integration.test_secrecy import OTHERWISE, differing
from tests.integration.worlds import (
    AMR,
    COURT,
    NUMBER,
    OTHER_AMR,
    OTHER_USCC,
    OURS,
    PSB,
    SECRET,
    SORTS,
    USCC,
    Hidden,
    TwinWorld,
)
from tests.world import NOW, World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

PLATFORM = "platform-1"
SENT, UNOPENED = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e91", "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e92"
TITLE = "涉嫌销售假冒注册商标的商品案 Tea ２"
LETTER = "杭市监移〔2026〕3号"
#: The label of the operator's key says who it is.
OPERATOR = f"{ADMIN}/test"
VIEWERS = (AMR, OTHER_AMR, PSB, COURT, PLATFORM, ADMIN)
NEVER = "1970-01-01T00:00:00+00:00"
Detail = dict[str, Any]


@pytest.fixture
async def world(brokers: Stack) -> AsyncIterator[TwinWorld]:
    """A secret case, an open one beside it, a referral, and a stream that nothing opened."""
    async with casework_on(brokers) as casework:
        world = TwinWorld(casework, Hidden())
        world.world.say(
            "directory.agency_registered",
            agency=PLATFORM,
            name="某平台",
            sector="platform",
            level="county",
            division="330106",
            superior="",
            delivery="kafka",
        )
        await world.play(closed=(COURT, PLATFORM))
        await world.say("named", "case.noted", AMR, SECRET, note="x", to=(PSB,))
        await world.say(
            *("sent", "referral.sent", OTHER_AMR, SENT),
            to=(PSB, PLATFORM),
            title=TITLE,
            numbers=[{"kind": "letter_no", "value": LETTER}],
            suspects=[{"organisation": {"name": "某公司", "uscc_raw": USCC}}],
        )
        # To nobody: who sees no bodies of others does not see what this one calls the matter.
        await world.say(
            *("punished_too", "penalty.decided", OTHER_AMR, SENT),
            title="行政处罚（龙井）",
            decided_on="2026-03-03",
        )
        await world.say("told_court", "case.noted", OTHER_AMR, SENT, to=(COURT,), note="存在此案")
        # Of one without a part in the case: these are no words of the case.
        await world.say("strange", "evidence.registered", AMR, SENT, title="外人所称")
        await world.say("alone", "referral.accepted", PSB, UNOPENED, day="2026-01-07", to=(COURT,))
        yield world


def states_of(detail: Detail, key: str) -> set[str]:
    return {detail[key] or "", *(one[key] for one in detail["regions"])}


def holders(detail: Detail) -> set[str]:
    roles = [detail["roles"], *(one.get("roles", {}) for one in detail["regions"])]
    return {one for role in roles for held in role.values() for one in held}


def is_overdue(clock: dict[str, Any]) -> bool:
    runs = clock["status"] == "running" and not clock["historic"]
    return bool(runs and clock["due"] and clock["due"] < NOW.isoformat())


def titles_of(detail: Detail) -> list[str]:
    shown = [f"{detail['title']} {detail.get('title_en', '')}", *detail["matter_titles"]]
    return [normalize("NFKC", one).lower() for one in shown]


def day_of(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(CHINA).date().isoformat()


#: States of a clock that are asked for and not shown by this name.
STATE_SAYS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "overdue": is_overdue,
    "late": lambda one: one["status"] == "met_late" and not one["historic"],
}
#: By the query: whether what is shown of a case is what was asked for.
SAYS: dict[str, Callable[[Detail, str], bool]] = {
    "status": lambda shown, value: value in states_of(shown, "status"),
    "procedure": lambda shown, value: value in states_of(shown, "procedure"),
    "agency": lambda shown, value: value in {shown["opener"], *holders(shown)},
    "division": lambda shown, value: (shown["opener"] or "").startswith(f"cn-{value[:4]}"),
    "clock": lambda shown, value: value in {one["id"] for one in shown["clocks"]},
    "finding": lambda shown, value: value in {one["kind"] for one in shown["findings"]},
    "offence": lambda shown, value: value in {one.get("offence") for one in shown["assessments"]},
    "title": lambda shown, value: any(
        all(word in title for word in value.lower().split()) for title in titles_of(shown)
    ),
    "opened_from": lambda shown, value: day_of(shown["opened_at"] or NEVER) >= value,
    "changed_from": lambda shown, value: day_of(shown["updated_at"]) >= value,
    "clock_state": lambda shown, value: any(
        STATE_SAYS.get(value, lambda it: it["state"] == value)(one) for one in shown["clocks"]
    ),
    "owes": lambda shown, value: value in {one["actor"] for one in shown["clocks"]},
}
ASKED: dict[str, tuple[str, ...]] = {
    "status": ("restricted", "filed", "sent", "unopened", "opened", "decided", "accepted"),
    "procedure": ("administrative_case", "referral", "mediation"),
    "agency": (AMR, OTHER_AMR, PSB, COURT, PLATFORM),
    "division": ("330100", "330200"),
    "clock": ("A04", "T01", "T08", "T18"),
    "finding": ("counts_elsewhere", "linked_elsewhere", "data_quality", "gap", "omission"),
    "offence": ("213", "214", "217"),
    "title": (
        "涉嫌",
        "商标",
        "标",
        "TEA",
        "tea 假冒",
        "标商",
        "茶",
        "2",
        "龙井",
        "某公司",
        "立案",
        "外人",
    ),
    "opened_from": ("1971-01-01", "2026-03-02", "2026-03-06"),
    "changed_from": ("1971-01-01", "2026-03-02", "2026-03-06"),
    "clock_state": ("running", "overdue", "unconfirmed", "breached", "met", "late"),
    "owes": (AMR, OTHER_AMR, PSB),
}


async def get(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


async def found(client: httpx.AsyncClient, query: str, limit: int = 500) -> list[str]:
    """Ids in the order given, page by page."""
    ids: list[str] = []
    cursor = ""
    while True:
        page = await get(client, f"/v1/cases?{query}&limit={limit}{cursor}")
        ids += [one["id"] for one in page["items"]]
        if page["next"] is None:
            return ids
        cursor = f"&cursor={page['next']}"


async def details(client: httpx.AsyncClient) -> dict[str, Detail]:
    return {one: await get(client, f"/v1/cases/{one}") for one in await found(client, "")}


async def test_what_finds_a_case_is_what_is_shown_of_it(world: TwinWorld) -> None:
    # A quick run looks by every other one's eyes.
    for viewer in VIEWERS[:: 2 if os.environ.get("CASEBUS_QUICK") else 1]:
        await finds_what_is_shown(world, viewer)
        await finds_numbers_and_organisations(world, viewer)
        await sorts_and_pages(world, viewer)


async def finds_what_is_shown(world: TwinWorld, viewer: str) -> None:
    async with world.client(viewer) as (client, _):
        shown = await details(client)
        assert shown
        hits = 0
        for name, values in ASKED.items():
            for value in values:
                ids = await found(client, f"{name}={quote(value)}")
                says = SAYS[name]
                assert set(ids) == {one for one, it in shown.items() if says(it, value)}, value
                hits += len(ids)
                counted = await get(client, f"/v1/cases/counts?{name}={quote(value)}")
                assert counted["total"] == len(ids), (name, value)
        assert hits > 10


async def finds_numbers_and_organisations(world: TwinWorld, viewer: str) -> None:
    async with world.client(viewer) as (client, _):
        shown = await details(client)
        for number in (NUMBER, LETTER, "另号"):
            gave = {
                one["case"] for one in (await get(client, f"/v1/numbers/{quote(number)}"))["items"]
            }
            assert set(await found(client, f"number={quote(number)}")) == gave
            seen = {one for one, it in shown.items() if number in str(it["numbers"])}
            own = {SECRET} if (viewer, number) == (AMR, NUMBER) else set()
            assert gave == seen | own
        teams = {SECRET: {AMR}, OURS: {OTHER_AMR}, SENT: {OTHER_AMR, PSB}}
        open_to = {one for one in (OURS, SENT) if viewer in {*teams[one], ADMIN}}
        assert set(await found(client, f"organisation={USCC}")) == open_to | (
            {SECRET} if viewer == AMR else set()
        )
        assert await found(client, f"organisation={OTHER_USCC}") == []


async def sorts_and_pages(world: TwinWorld, viewer: str) -> None:
    """Each order is one of what is shown; pages lose and double nothing."""
    async with world.client(viewer) as (client, _):
        shown = await details(client)
        for sort in SORTS:
            ids = await found(client, f"sort={sort}", limit=1)
            assert sorted(ids) == sorted(shown)
            assert ids == await found(client, f"sort={sort}")
            if sort != "due":
                name = {"changed": "updated_at", "opened": "opened_at"}[sort.lstrip("-")]
                places = [shown[one][name] or NEVER for one in ids]
                assert places == sorted(places, reverse=sort.startswith("-"))
        page = await get(client, "/v1/cases?limit=1&count=true")
        assert page["total"] == len(shown)
        by_status = await get(client, "/v1/cases/counts?by=status")
        counted = {one["value"]: one["count"] for one in by_status["items"]}
        statuses = [it["status"] for it in shown.values()]
        assert counted == {one: statuses.count(one) for one in statuses}


@pytest.mark.long
async def test_an_event_and_its_trace_find_the_cases_in_whose_history_the_viewer_reads_it(
    world: TwinWorld,
) -> None:
    pool = world.casework.pool
    events = await pool.fetch("select stream::text, source, id from derived.event")
    traces = {one["id"]: uuid4().hex for one in events}
    for one in events:
        parent = f"00-{traces[one['id']]}-{uuid4().hex[:16]}-01".encode()
        await pool.execute(
            "update derived.journal set headers = headers || $3"
            " where source = $1 and event_id = $2",
            *(one["source"], one["id"], pack_headers([("traceparent", parent)])),
        )
    read_by: dict[str, set[str]] = {}
    for viewer in VIEWERS:
        async with world.client(viewer) as (client, _):
            read: dict[str, set[str]] = {one["id"]: set() for one in events}
            for case in await found(client, ""):
                history = (await get(client, f"/v1/cases/{case}/history"))["items"]
                for one in history:
                    # Of a month that is not told the item has a name of its own.
                    read.setdefault(one["id"], set()).add(case)
            for event, trace in traces.items():
                assert set(await found(client, f"event={quote(event)}")) == read[event], viewer
                for text in (trace, f"00-{trace.upper()}-{'1' * 16}-01"):
                    assert set(await found(client, f"trace={text}")) == read[event], viewer
            read_by[viewer] = {event for event in traces if read[event]}
            assert await found(client, f"event={uuid4()}") == []
            assert await found(client, f"trace={uuid4().hex}") == []
    assert read_by[COURT]
    assert read_by[AMR] - read_by[COURT]


async def test_a_listed_case_says_what_is_due_and_from_whom_as_the_case_does(
    world: TwinWorld,
) -> None:
    said = set()
    for viewer in VIEWERS:
        async with world.client(viewer) as (client, _):
            for one in (await get(client, "/v1/cases"))["items"]:
                case = await get(client, f"/v1/cases/{one['id']}")
                dues = [
                    (datetime.fromisoformat(clock["due"]), clock["provisional"])
                    for clock in case["clocks"]
                    if clock["status"] == "running" and not clock["historic"] and clock["due"]
                ]
                due = one["due"] and datetime.fromisoformat(one["due"])
                assert (due, one["provisional"]) == min(dues, default=(None, False))
                awaits = [(it["agency"], it["duty"]) for it in case["work"] if not it["closed_by"]]
                assert [(it["agency"], it["duty"]) for it in one["awaited"]] == awaits
                said.add((bool(dues), bool(awaits)))
    assert {(True, True), (False, False)} <= said


async def test_an_operator_sees_every_case_and_no_body(world: TwinWorld) -> None:
    async with world.client(ADMIN) as (client, description):
        shown = await details(client)
        assert {SECRET, OURS, SENT, UNOPENED} <= set(shown)
        assert shown[SECRET]["status"] == "restricted"
        assert (shown[SENT]["title"], shown[SENT]["numbers"][0]["value"]) != ("", "")
        for case, detail in shown.items():
            history = (await get(client, f"/v1/cases/{case}/history"))["items"]
            assert history
            assert {str(one["data"]) for one in history} == {"{}"}
            assert {tuple(one["withheld"]) for one in history} == {("*",)}
            kept = [*detail["findings"], *(found for one in history for found in one["findings"])]
            assert all(one["detail"] == {} for one in kept)
            assert not detail["assessments"] + detail["links"] + detail["proposals"]
        secret = [await get(client, f"/v1/cases/{SECRET}"), await found(client, "")]
        assert NUMBER not in str(secret)
        refused = []
        for path, operations in description["paths"].items():
            for method, operation in operations.items():
                if "security" not in operation or "{case}" in path or "{source}" in path:
                    continue
                answer = await client.request(method, path.replace("{value}", "x"), json={})
                if answer.status_code == 403:
                    assert answer.json()["code"] == "agencies_only"
                    refused.append(path)
        assert {"/v1/inbox", "/v1/work", "/v1/stats", "/v1/events"} <= set(refused)
        for part in ("matches", "evidence", "accesses"):
            assert (await client.get(f"/v1/cases/{OURS}/{part}")).status_code == 403


async def test_a_look_of_the_operator_is_written_down_and_no_reading_of_a_body(
    world: TwinWorld,
) -> None:
    async with world.client(ADMIN) as (client, _):
        await get(client, f"/v1/cases/{OURS}/history")
        await get(client, "/v1/cases?title=nothing")
        await found(client, f"number={quote(LETTER)}")
    async with world.client(OTHER_AMR) as (client, _):
        looks = (await get(client, f"/v1/cases/{OURS}/accesses"))["items"]
        assert OPERATOR in {one["agency"] for one in looks}
        looks = (await get(client, f"/v1/cases/{SENT}/accesses"))["items"]
        assert [one["route"] for one in looks if one["agency"] == OPERATOR] == ["/v1/cases"]


async def test_a_count_by_what_a_few_cases_hold_is_a_look_at_each(world: TwinWorld) -> None:
    async with world.client(ADMIN) as (client, _):
        assert (await get(client, "/v1/cases/counts?status=sent"))["total"]
        assert (await get(client, f"/v1/cases/counts?organisation={USCC}&by=agency"))["total"] == 2
        assert (await get(client, f"/v1/cases?organisation={USCC}&limit=1&count=true"))["total"]
    async with world.client(OTHER_AMR) as (client, _):
        for case in (OURS, SENT):
            looks = (await get(client, f"/v1/cases/{case}/accesses"))["items"]
            routes = {one["route"] for one in looks if one["agency"] == OPERATOR}
            assert routes == {"/v1/cases", "/v1/cases/counts"}


async def test_the_operators_answers_say_nothing_of_what_a_secret_case_holds(
    brokers: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = World()
    monkeypatch.setattr("tests.integration.casework.World", lambda: shared)
    async with casework_on(brokers) as left, casework_on(brokers) as right:
        one, other = TwinWorld(left, Hidden()), TwinWorld(right, OTHERWISE)
        await one.play(closed=(COURT,))
        await other.play(closed=(COURT,))
        assert await differing(one, other, ADMIN) == []


async def test_values_that_nobody_knows_are_refused_with_the_known_ones(world: TwinWorld) -> None:
    async with world.client(AMR) as (client, _):
        for name, value, known in (
            ("status", "flied", "filed"),
            ("procedure", "refferal", "referral"),
            ("clock", "T99", "T08"),
            ("finding", "gaps", "gap"),
            ("clock_state", "belated", "overdue"),
            ("owes", "cn-330106-nobody", "directory"),
            ("sort", "newest", "-changed"),
            ("agency", "cn-330106-nobody", "directory"),
            ("organisation", "123", "18"),
            ("division", "33", "six"),
            ("title", "  ", "empty"),
            ("opened_to", "9999-12-31", "later"),
            ("due_to", "9999-12-31", "later"),
            ("offence", "999", "214"),
            ("event", "  ", "empty"),
            ("trace", "0" * 32, "32"),
            ("trace", "4bf92f3577b34da6a3ce929d0e0e473", "32"),
        ):
            for path in ("/v1/cases", "/v1/cases/counts"):
                if path.endswith("counts") and name == "sort":
                    continue
                answer = await client.get(path, params={name: value})
                assert (answer.status_code, answer.json()["code"]) == (400, "invalid_parameter")
                [error] = answer.json()["errors"]
                assert error["pointer"] == f"/query/{name}"
                assert known in error["detail"], error
        first = await get(client, "/v1/cases?limit=1")
        if first["next"]:
            answer = await client.get(f"/v1/cases?sort=opened&cursor={first['next']}")
            assert answer.json()["code"] == "malformed_cursor"


@pytest.mark.long
async def test_a_case_is_found_by_what_an_agency_called_the_matter_and_nobody_else_finds_it(
    world: TwinWorld,
) -> None:
    # The court holds no role there and sees bodies of others; AMR has no part in the case.
    seen = {AMR: False, OTHER_AMR: True, PSB: True, PLATFORM: True, COURT: True, ADMIN: False}
    for viewer, sees in seen.items():
        async with world.client(viewer) as (client, _):
            assert await found(client, f"title={quote('注册商标 tea')}") == [SENT] * sees, viewer
            page = await get(client, "/v1/cases")
            titles = {one["id"]: one["matter_titles"] for one in page["items"]}
            assert (TITLE in titles.get(SENT, ())) is sees, viewer
            assert await found(client, "title=外人") == []
            # The platform sees what was sent to it, and no other body of others.
            sees_all = sees and viewer != PLATFORM
            assert await found(client, "title=龙井") == [SENT] * sees_all
            assert (SECRET in await found(client, "title=某公司")) is (viewer == AMR)


async def test_a_title_that_was_recalled_or_corrected_finds_nothing_more(world: TwinWorld) -> None:
    async with world.client(OTHER_AMR) as (client, _):
        sent = next(
            one
            for one in (await get(client, f"/v1/cases/{SENT}/history"))["items"]
            if one["type"] == "casebus.referral.sent.v1"
        )
    names = {"corrected_source": OTHER_AMR, "corrected_id": sent["id"]}
    changes = {"title": '"涉嫌假冒专利案"'}
    await world.say("fixed", "case.corrected", OTHER_AMR, SENT, changes=changes, **names)
    async with world.client(PSB) as (client, _):
        assert await found(client, "title=tea") == []
        assert await found(client, "title=假冒专利") == [SENT]
    # It has the old words; the new ones were not sent to it.
    async with world.client(PLATFORM) as (client, _):
        assert await found(client, "title=tea") == await found(client, "title=假冒专利") == []
    names = {"recalled_source": OTHER_AMR, "recalled_id": sent["id"]}
    await world.say("back", "case.recalled", OTHER_AMR, SENT, to=(PSB, PLATFORM), **names)
    for viewer in (PSB, OTHER_AMR):
        async with world.client(viewer) as (client, _):
            assert await found(client, "title=假冒专利") == []
            assert (await get(client, f"/v1/cases/{SENT}"))["matter_titles"] == ["行政处罚（龙井）"]
