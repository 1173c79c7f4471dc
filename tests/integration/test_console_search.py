"""查询 on a whole stack: the box, the fields, what is kept, and what leaves as a file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from openpyxl import load_workbook

from onebox.testing import Stack
from tests.integration.person import Person, csrf
from tests.integration.street import AMR, DOORS, PSB, Bus

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

STRANGER = "cn-330108-psb"


class Case(NamedTuple):
    stream: str
    event: str
    trace: str
    mark: str


@pytest.fixture(scope="module")
def case(bus: Bus) -> Case:
    """A referral to the police, with a title that tries to be a formula."""
    mark = uuid4().hex[:12]
    stream, trace = str(uuid4()), uuid4().hex
    record = bus.event(
        "referral.sent",
        AMR,
        stream=stream,
        to=(PSB,),
        legal="2026-03-05",
        data={"title": f"=HYPERLINK({mark})"},
    )
    parent = ("traceparent", f"00-{trace}-00f067aa0ba902b7-01".encode())
    bus.send([replace(record, headers=(*record.headers, parent))], DOORS[AMR])
    bus.status(stream, "sent")
    return Case(stream, dict(record.headers)["ce_id"].decode(), trace, mark)


@pytest.fixture(scope="module")
def officer(stack: Stack) -> Iterator[Person]:
    person = Person(stack)
    person.signs_in("officer", PSB, "王警官")
    yield person
    person.http.close()


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Iterator[Person]:
    person = Person(stack)
    person.signs_in("officer", STRANGER)
    yield person
    person.http.close()


def test_an_id_leads_to_its_case_or_its_event_and_a_trace_to_its_case(
    case: Case, officer: Person
) -> None:
    for typed, expected in (
        (case.stream, f"/console/cases/{case.stream}"),
        (case.event, f"/console/cases/{case.stream}/events/{AMR}/{case.event}"),
        (case.trace, f"/console/cases/{case.stream}"),
        (f"00-{case.trace.upper()}-00f067aa0ba902b7-01", f"/console/cases/{case.stream}"),
    ):
        answer = officer.gets("/console/search", params={"text": f" {typed} "})
        assert (answer.status_code, answer.url.path) == (200, expected), typed
    # And the event's own page leads to all that was sent under its trace.
    shown = officer.gets(f"/console/cases/{case.stream}/events/{AMR}/{case.event}").text
    found = f"/console/search?trace={case.trace}"
    assert f'href="{found}"' in shown
    assert case.mark in officer.gets(found).text


def test_what_a_viewer_may_not_see_is_answered_as_what_is_not_there(
    case: Case, stranger: Person
) -> None:
    for there, nowhere in (
        (case.stream, str(uuid4())),
        (case.event, str(uuid4())),
        (case.trace, uuid4().hex),
    ):
        for path in ("/console/search", "/console/search.csv"):
            seen, unseen = (
                stranger.http.get(path, params={"text": one}, follow_redirects=False)
                for one in (there, nowhere)
            )
            assert seen.status_code == unseen.status_code == 200
            assert seen.text.replace(there, "?") == unseen.text.replace(nowhere, "?")


def test_an_agency_is_found_by_its_name_and_words_by_the_title(case: Case, officer: Person) -> None:
    [row] = [one for one in names_on(officer) if one[1] == AMR]
    found = officer.gets("/console/search", params={"text": row[0], "columns": "opener"})
    assert "按机构查询" in found.text
    assert case.stream in found.text
    by_field = officer.gets("/console/search", params={"agency": row[0]})
    assert case.stream in by_field.text
    words = officer.gets("/console/search", params={"text": case.mark})
    assert "按案由查询" in words.text
    assert case.stream in words.text


def names_on(person: Person) -> list[tuple[str, str]]:
    page = person.gets("/console/search").text
    return re.findall(r"<option value=\"([^\"]+)\">(cn-[^<]+)</option>", page)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_wrong_value_is_explained_beside_its_field_and_stays_there(
    stack: Stack, language: str
) -> None:
    person = Person(stack)
    person.signs_in("officer", PSB)
    person.gets(f"/console/language/{language}?next=/console/search")
    wrong = {
        "opened_from": "2026-02-30",
        "due_within_days": "soon",
        "division": "33",
        "agency": "没有的机构",
        "status": "flied",
        "organisation": "12",
        "trace": "xyz",
    }
    for name, value in wrong.items():
        page = person.gets("/console/search", params={name: value}).text
        [told] = re.findall(rf"id=\"wrong-{name}\">([^<]+)</p>", page)
        assert (bool(re.search(r"[一-鿿]", told))) == (language == "zh")
        assert f'aria-describedby="wrong-{name}"' in page
        if name != "status":
            assert f'value="{value}"' in page
        assert "data-row" not in page


def test_empty_fields_leave_the_address_and_every_condition_can_be_sent(officer: Person) -> None:
    page = officer.gets("/console/search").text
    [form] = re.findall(r"<form class=\"search\".*?</form>", page, re.DOTALL)
    names = set(re.findall(r"<(?:input|select)[^>]* name=\"(\w+)\"", form))
    assert {"offence", "due_to", "due_within_days", "finding", "division", "columns"} <= names
    given = [(name, "") for name in sorted(names - {"sort", "columns", "status"})]
    answer = officer.gets(f"/console/search?{urlencode([*given, ('status', 'sent')])}")
    assert str(answer.url.query, "ascii") == "status=sent"


def test_columns_are_chosen_in_the_address_and_stay_on_the_next_page(
    case: Case, officer: Person
) -> None:
    query = urlencode({"text": case.mark, "columns": ["due", "turn"]}, doseq=True)
    page = officer.gets(f"/console/search?{query}").text
    heads = re.findall(r"<th scope=\"col\"[^>]*>(?:<a[^>]*>)?([^<]+)", page)
    assert heads == ["案件", "现应办理", "期限"]
    assert 'class="due ' in page
    links = re.findall(r"href=\"(/console/search\?[^\"]*sort=[^\"]*)\"", page)
    assert links
    assert all("columns=due&amp;columns=turn" in one for one in links)


def test_a_kept_search_is_its_officer_s_and_a_shared_one_the_agency_s(
    stack: Stack, officer: Person, stranger: Person
) -> None:
    colleague = Person(stack)
    colleague.signs_in("officer", PSB, "赵警官")
    name = f"<b>常用</b>{uuid4().hex[:6]}"
    query = "status=sent&columns=due&sort=due"
    for shared in (False, True):
        given = {"name": name, "query": f"{query}&cursor=x&next=//x"} | (
            {"shared": "true"} if shared else {}
        )
        kept = officer.sends("/console/search/views", given | token(officer))
        assert str(kept.url.query, "ascii") == query
        assert "<b>常用" not in kept.text
        assert name[-6:] in kept.text
        seen = colleague.gets("/console/search").text
        assert (name[-6:] in seen) is shared
    assert name[-6:] not in stranger.gets("/console/search").text
    # Kept twice under one name it is one, and only its own officer takes it away.
    [address] = re.findall(r"action=\"(/console/search/views/[^\"]+/delete)\"", kept.text)
    assert "/delete" not in colleague.gets("/console/search").text
    colleague.sends(address, token(colleague))
    assert name[-6:] in officer.gets("/console/search").text
    officer.sends(address, token(officer))
    assert name[-6:] not in officer.gets("/console/search").text


def token(person: Person) -> dict[str, str]:
    return {"csrf": csrf(person.gets("/console/search").text)}


def test_what_is_found_leaves_as_csv_and_workbook_and_each_look_is_written_down(
    bus: Bus, case: Case, officer: Person
) -> None:
    query = urlencode({"text": case.mark, "columns": ["state", "due"]}, doseq=True)
    table = officer.gets(f"/console/search.csv?{query}")
    assert table.content.startswith(b"\xef\xbb\xbf")
    assert "attachment" in table.headers["content-disposition"]
    heads, row = csv.reader(io.StringIO(table.content.decode("utf-8-sig"), newline=""))
    assert heads == ["案由", "案件状态", "期限", "是否逾期", "案件标识"]
    assert row[0].startswith(f"'=HYPERLINK({case.mark}")
    assert row[-1] == case.stream
    book = officer.gets(f"/console/search.xlsx?{query}")
    sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
    told, cells = sheet.iter_rows()
    assert [one.value for one in told] == heads
    assert (cells[0].data_type, cells[0].value) == ("s", row[0].removeprefix("'"))
    looks: Any = bus.rows(
        "select distinct route from own.access where stream = $1 and agency = $2", case.stream, PSB
    )
    assert {"/console/search.csv", "/console/search.xlsx"} <= {one["route"] for one in looks}


def test_a_file_with_a_wrong_condition_leads_to_the_page_that_says_so(officer: Person) -> None:
    answer = officer.gets("/console/search.csv?division=33")
    assert answer.url.path == "/console/search"
    assert 'id="wrong-division"' in answer.text
