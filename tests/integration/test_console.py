"""The console over HTTP on a whole stack: who gets in, what an officer does, what others see."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from onebox.testing import Stack
from tests.integration.person import Person, csrf
from tests.integration.street import AMR, DOORS, PRO, PSB, Bus, opened

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

STRANGER = "cn-330108-psb"


@pytest.fixture
def officer(stack: Stack) -> Person:
    person = Person(stack)
    person.signs_in("officer", PSB, "王警官")
    return person


def item_of(bus: Bus, stream: str, duty: str) -> Any:
    query = "select * from derived.work_item where stream = $1 and duty = $2 and is_open"
    return bus.until(query, stream, duty)[0]


@pytest.mark.parametrize(
    ("role", "agency", "room"),
    [("officer", PSB, "todo"), ("supervisor", PRO, "oversight"), ("ops", "", "ops")],
)
def test_whoever_signs_in_comes_to_the_first_of_its_rooms(
    stack: Stack, role: str, agency: str, room: str
) -> None:
    person = Person(stack)
    answer = person.signs_in(role, agency)
    assert answer.url.path == f"/console/{room}"
    [cookie] = [
        one for one in answer.history[-2].headers.get_list("set-cookie") if "way" not in one
    ]
    assert {"HttpOnly", "SameSite=lax"} <= set(cookie.split("; "))


def test_who_has_no_session_is_sent_to_sign_in_and_comes_back(stack: Stack) -> None:
    person = Person(stack)
    asked = person.http.get("/console/done", follow_redirects=False)
    assert asked.status_code == 303
    assert asked.headers["location"] == "/console/sign-in?next=%2Fconsole%2Fdone"
    assert person.signs_in("officer", PSB, back="/console/done").url.path == "/console/done"
    # htmx is told to leave the page; a stream ends.
    other = Person(stack)
    part = other.gets("/console/todo", headers={"HX-Request": "true"})
    assert part.headers["hx-redirect"].startswith("/console/sign-in")
    live = other.gets("/console/live?of=work", headers={"Accept": "text/event-stream"})
    assert live.status_code == 204


@pytest.mark.parametrize(
    "back", ["https://example.org/", "//example.org", "/v1/cases", "/\\example.org"]
)
def test_nobody_is_sent_elsewhere_after_signing_in(stack: Stack, back: str) -> None:
    answer = Person(stack).signs_in("officer", PSB, back=back)
    assert str(answer.url).startswith(f"{stack.gateway_url}/console/")


def test_a_sign_in_that_did_not_begin_here_is_refused(stack: Stack) -> None:
    first, other = Person(stack), Person(stack)
    asked = first.http.get("/console/sign-in")
    fields = dict(
        re.findall(r"name=\"(state|nonce|code_challenge)\" value=\"([^\"]*)\"", asked.text)
    )
    given = {**fields, "role": "officer", "agency": PSB, "name": "x"}
    back = first.http.post("/console/development/chosen", data=given, follow_redirects=False)
    # Another browser with this address has no part in it, nor has who comes with another state.
    assert other.gets(back.headers["location"]).status_code == 403
    altered = back.headers["location"].replace("state=", "state=x")
    assert first.gets(altered).status_code == 403
    assert first.gets(back.headers["location"]).url.path == "/console/todo"
    # A code counts once.
    assert first.gets(back.headers["location"]).status_code == 403


def test_a_form_of_another_site_changes_nothing(officer: Person) -> None:
    token = csrf(officer.gets("/console/todo").text)
    for headers, given in (
        ({"Origin": officer.origin}, {}),
        ({"Origin": officer.origin}, {"csrf": "0" * 64}),
        ({"Origin": "https://example.org"}, {"csrf": token}),
        ({"Sec-Fetch-Site": "cross-site"}, {"csrf": token}),
        ({}, {"csrf": token}),
    ):
        answer = officer.http.post("/console/sign-out-everywhere", data=given, headers=headers)
        assert answer.status_code == 403
        assert "foreign_form" in answer.text
    assert officer.gets("/console/todo").url.path == "/console/todo"


def test_signed_out_everywhere_no_session_of_the_person_lives(stack: Stack) -> None:
    here, there = Person(stack), Person(stack)
    for one in (here, there):
        one.signs_in("officer", PSB, "李警官")
    token = csrf(here.gets("/console/todo").text)
    here.http.post(
        "/console/sign-out-everywhere", data={"csrf": token}, headers={"Origin": here.origin}
    )
    for one in (here, there):
        assert one.http.get("/console/todo", follow_redirects=False).status_code == 303


def test_a_room_of_another_role_is_refused_in_words(stack: Stack) -> None:
    supervisor = Person(stack)
    supervisor.signs_in("supervisor", PRO)
    answer = supervisor.gets("/console/todo")
    assert answer.status_code == 403
    assert "role_needed" in answer.text
    assert "您的角色" in answer.text


def test_an_officer_acts_and_the_pseudonym_stands_in_what_was_signed(
    bus: Bus, officer: Person
) -> None:
    stream, _ = opened(bus)
    item = item_of(bus, stream, "sign_receipt")
    page = officer.gets(f"/console/work/{item['key']}")
    assert page.status_code == 200
    assert stream in page.text
    form = f"/console/work/{item['key']}/receipt"
    done = officer.sends(form, {"legal_time": "2026-03-06"})
    assert done.url.params["sent"], done.text
    bus.status(stream, "receipted")
    assert "已签发并记录" in officer.gets(str(done.url)).text
    # What an address says is no proof.
    for other in ("0" * 8, str(uuid4())):
        assert "已签发" not in officer.gets(f"/console/work/{item['key']}?sent={other}").text
    event = bus.rows("select * from derived.event where stream = $1 and source = $2", stream, PSB)
    assert "casebus.referral.receipted.v1" in {one["type"] for one in event}
    names = bus.rows("select name, pseudonym from own.console_officer where agency = $1", PSB)
    known = {row["name"]: row["pseudonym"] for row in names}
    closed = bus.rows("select view from derived.work_item where key = $1", item["key"])
    assert "王警官" not in str(closed)
    assert known["王警官"].startswith("P-")


def test_what_the_law_asks_for_is_asked_for_and_nothing_typed_is_lost(
    bus: Bus, stack: Stack, officer: Person
) -> None:
    stream, _ = opened(bus)
    for name in ("receipted", "accepted"):
        record = bus.event(f"referral.{name}", PSB, stream=stream, legal="2026-03-06", to=(AMR,))
        bus.send([record], DOORS[PSB])
    bus.status(stream, "accepted")
    item = item_of(bus, stream, "decide_filing")
    form = f"/console/work/{item['key']}/refuse"
    asked = officer.sends(form, {"note": "<b>数额未达</b>\u202e"})
    assert asked.status_code == 422
    assert 'class="notice late"' in asked.text
    assert "&lt;b&gt;数额未达&lt;/b&gt;" in asked.text
    # The draft is there in another browser, and after whatever happened here.
    again = Person(stack)
    again.signs_in("officer", PSB, "王警官")
    assert "&lt;b&gt;数额未达&lt;/b&gt;" in again.gets(form).text


def test_who_comes_second_is_told_and_keeps_what_was_typed(bus: Bus, stack: Stack) -> None:
    stream, _ = opened(bus)
    item = item_of(bus, stream, "sign_receipt")
    first, second = Person(stack), Person(stack)
    first.signs_in("officer", PSB, "王警官")
    second.signs_in("officer", PSB, "赵警官")
    first.gets(f"/console/work/{item['key']}/present")
    seen = second.gets(f"/console/work/{item['key']}/present")
    assert "P-" in seen.text
    form = f"/console/work/{item['key']}/receipt"
    page = second.gets(form)
    first.sends(form, {"legal_time": "2026-03-06"})
    bus.status(stream, "receipted")
    given = dict(
        re.findall(r"<input type=\"hidden\" name=\"(csrf|version)\" value=\"([^\"]*)\">", page.text)
    )
    late = second.http.post(
        form, data={**given, "note": "我的备注"}, headers={"Origin": second.origin}
    )
    assert late.status_code == 422
    assert "我的备注" in late.text


def test_another_agency_finds_no_item_and_no_live_news(bus: Bus, stack: Stack) -> None:
    stream, _ = opened(bus)
    item = item_of(bus, stream, "sign_receipt")
    stranger = Person(stack)
    stranger.signs_in("officer", STRANGER)
    for path in (
        f"/console/work/{item['key']}",
        f"/console/work/{item['key']}/receipt",
        f"/console/work/{item['key']}/present",
        f"/console/live?of=case:{stream}",
    ):
        answer = stranger.gets(path)
        assert answer.status_code == 404, path
        if stream not in path:
            assert stream not in answer.text


@pytest.fixture
def news(stack: Stack, officer: Person) -> Iterator[Any]:
    """What a page that shows the officer's lists hears: (event, id)."""
    heard: list[tuple[str, str]] = []
    woken = threading.Condition()
    ended = threading.Event()

    def listen(after: str = "") -> None:
        with officer.http.stream("GET", f"/console/live?of=work&after={after}") as answer:
            kind = place = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    place = value
                if name == "event":
                    kind = value
                    with woken:
                        heard.append((kind, place))
                        woken.notify_all()
                if ended.is_set():
                    return

    def wait(kind: str) -> str:
        with woken:
            assert woken.wait_for(lambda: any(one == kind for one, _ in heard), 30), heard
            return next(place for one, place in heard if one == kind)

    def begin(after: str = "") -> None:
        heard.clear()
        threading.Thread(target=listen, args=(after,), daemon=True).start()

    yield begin, wait
    ended.set()


def test_an_open_page_hears_of_what_concerns_it_and_of_what_it_missed(bus: Bus, news: Any) -> None:
    begin, wait = news
    begin()
    wait("at")
    opened(bus)
    place = wait("changed")
    opened(bus)
    # Whoever comes back behind that place is told at once.
    begin(place)
    assert wait("changed") != place


def test_no_page_carries_script_or_style_of_its_own(bus: Bus, officer: Person) -> None:
    stream, _ = opened(bus)
    item = item_of(bus, stream, "sign_receipt")
    key = item["key"]
    for path in (
        "/",
        "/console/todo",
        "/console/done",
        f"/console/work/{key}",
        f"/console/work/{key}/receipt",
        "/console/api",
    ):
        answer = officer.gets(path)
        assert answer.status_code == 200, path
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]* src=)|\sstyle=|\son\w+=|javascript:", answer.text), (
            path
        )
        assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", answer.text), path


@pytest.mark.parametrize(
    "who",
    [
        ("officer", PSB, ("todo", "done", "search", "figures")),
        ("supervisor", PRO, ("oversight", "search", "figures")),
        ("ops", "", ("ops", "search")),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_room_of_a_role_opens_and_leads_to_a_case(
    bus: Bus, stack: Stack, who: tuple[str, str, tuple[str, ...]], language: str
) -> None:
    role, agency, rooms = who
    stream, _ = opened(bus, data={"title": "涉嫌假冒<b>注册商标</b>\u202e案"})
    person = Person(stack)
    person.signs_in(role, agency)
    person.gets(f"/console/language/{language}?next=/console/search")
    for room in rooms:
        answer = person.gets(f"/console/{room}")
        assert answer.status_code == 200, room
        assert answer.url.path == f"/console/{room}"
        assert "<b>注册商标" not in answer.text
    found = person.gets("/console/search", params={"text": stream})
    if role == "supervisor":
        # It has a part only where the law gives it one; what it has none in is not there.
        assert found.status_code in {200, 404}
        return
    assert found.url.path == f"/console/cases/{stream}"
    assert found.status_code == 200
    assert ("涉嫌假冒" in found.text) == (role == "officer")
    assert "<b>注册商标" not in found.text


def test_a_form_whose_fields_were_left_empty_asks_for_everything(stack: Stack) -> None:
    supervisor = Person(stack)
    supervisor.signs_in("supervisor", PRO)
    for room in ("search", "figures", "oversight"):
        page = supervisor.gets(f"/console/{room}").text
        [form] = re.findall(r"<form class=\"(?:search|filters)\".*?</form>", page, re.DOTALL)
        names = set(re.findall(r"<(?:input|select)[^>]* name=\"(\w+)\"", form))
        assert names
        chosen = {"by": "month", "view": "own", "sort": "-changed"}
        chosen |= {"group": "transfers", "days": "3"}
        given = {name: chosen.get(name, "") for name in names}
        answer = supervisor.gets(f"/console/{room}", params=given)
        assert answer.status_code == 200, (room, given)
        assert "notice late" not in answer.text, (room, given)


def test_a_stranger_finds_nothing_of_a_case_by_any_page(bus: Bus, stack: Stack) -> None:
    mark = f"MARK{uuid4().hex}"
    stream, record = opened(bus, data={"title": mark})
    event = dict(record.headers)["ce_id"].decode()
    stranger = Person(stack)
    stranger.signs_in("officer", STRANGER)
    for path in (
        f"/console/search?title={mark}",
        f"/console/search?text={stream}",
        "/console/search",
        "/console/todo",
        "/console/done",
        f"/console/cases/{stream}",
        f"/console/cases/{stream}/events/{AMR}/{event}",
        f"/console/print/receipt/{AMR}/{event}",
        f"/console/print/letter/{AMR}/{event}",
        f"/console/print/case/{stream}",
    ):
        answer = stranger.gets(path)
        shown = answer.text if mark in path or stream in path else answer.text + str(answer.headers)
        if mark not in path:
            assert mark not in shown, path
        assert answer.status_code in {200, 404}, path
        if path.startswith(("/console/cases", "/console/print")):
            assert answer.status_code == 404, path


def test_a_history_prints_what_moved_the_case_and_on_request_what_was_noted_too(
    bus: Bus, officer: Person
) -> None:
    stream, _ = opened(bus)
    noted = "select 1 from derived.event where stream = $1 and type like 'casebus.intake.%'"
    bus.until(noted, stream)
    path = f"/console/print/case/{stream}"
    moved, every = (officer.gets(f"{path}{one}").text for one in ("", "?view=full"))
    assert ("移送涉嫌犯罪案件" in moved, "送达</th>" in moved) == (True, False)
    assert ("移送涉嫌犯罪案件" in every, "送达</th>" in every) == (True, True)
    assert f'href="{path}?view=full"' in moved


def test_both_languages_and_both_themes_without_losing_the_page(officer: Person) -> None:
    english = officer.gets("/console/language/en?next=/console/done")
    assert english.url.path == "/console/done"
    assert '<html lang="en"' in english.text
    dark = officer.gets("/console/theme/dark?next=/console/done")
    assert 'data-theme="dark"' in dark.text
    assert '<html lang="zh-CN"' in officer.gets("/console/language/zh?next=/console/done").text
