"""What is left of a case, a link and an event before a caller sees them, rule by rule."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest

from casebus.cases.visibility import Access, Viewer
from casebus.events.avro_types import record_of
from casebus.events.schemas import Schema
from casebus.events.topics import ADMIN
from gateway.access import redaction
from gateway.access.redaction import ALL, LISTS, Seen, TakenBack

ACCESS = Access.load(Path(__file__).parents[3] / "policies")
AUTHOR, RECIPIENT, OTHER = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
#: A part in the case by each way that makes a difference.
ORGAN = Viewer(OTHER, "procuratorate", has_role=False, is_secret=False)
PLATFORM = Viewer("cn-platform-a", "platform", has_role=False, is_secret=False)
HOLDER = Viewer("cn-platform-a", "platform", has_role=True, is_secret=True)
STRANGER = Viewer(OTHER, "procuratorate", has_role=False, is_secret=True)
OPERATOR = Viewer(ADMIN, "", has_role=False, is_secret=False)
OPERATOR_OF_SECRET = OPERATOR._replace(is_secret=True)

OPENED = datetime(2026, 3, 17, 10, 41, 3, 5, tzinfo=UTC)
MONTH = datetime(2026, 3, 1, tzinfo=UTC)
SUMMARY: dict[str, Any] = {
    "procedure": "referral",
    "status": "filed",
    "numbers": ["杭西市监移〔2026〕1号"],
    "title": "假冒",
    "title_en": "counterfeit",
    "regions": [{"procedure": "referral"}],
    "opened_at": OPENED,
    "updated_at": OPENED,
}
TITLES = [
    {"title": "one", "agency": AUTHOR, "recipients": [RECIPIENT]},
    {"title": "two", "agency": OTHER, "recipients": []},
    {"title": "three", "agency": AUTHOR, "recipients": [OTHER, "cn-platform-a"]},
    {"title": "one", "agency": RECIPIENT, "recipients": []},
]
KNOWN, UNKNOWN = UUID(int=1), UUID(int=2)
BODY = {
    "type": "record",
    "name": "Noted",
    "fields": [
        {"name": "note", "type": "string", "visibility": "PUBLIC"},
        {"name": "prior_case", "type": "string", "visibility": "PUBLIC"},
        {"name": "links", "type": "string", "visibility": "PUBLIC"},
        {"name": "evidence", "type": "string", "visibility": "RESTRICTED"},
    ],
}
SCHEMA = cast("Schema", SimpleNamespace(tree=record_of(BODY)))
ROW = {"author": AUTHOR, "recipients": [RECIPIENT]}
DATA = {"note": "n", "evidence": "e"}
LEGAL = "2026-03-17T10:41+08"


def event(viewer: Viewer, data: dict[str, Any] | None = None, **more: Any) -> Seen:
    return redaction.of_event(viewer, ACCESS, SCHEMA, data or DATA, row=ROW, legal=LEGAL, **more)


def case(viewer: Viewer, **changes: Any) -> dict[str, Any]:
    return redaction.of_case(viewer, ACCESS, {**SUMMARY, **changes}, TITLES)


# How somebody looks at a case.


@pytest.mark.parametrize(
    ("view", "role", "secret"),
    [
        ({"team": [AUTHOR], "regions": [1]}, True, False),
        ({"team": [OTHER], "regions": [1]}, False, False),
        ({"regions": [1]}, False, False),
        ({"secrecy": ["secret"], "regions": [1]}, False, True),
        ({"secrecy": [], "regions": []}, False, True),
        ({"team": [AUTHOR]}, True, True),
    ],
)
def test_a_case_that_nothing_opened_is_looked_at_like_a_secret_one(
    view: dict[str, Any], role: bool, secret: bool
) -> None:
    assert redaction.viewer_of(AUTHOR, "administrative", view) == Viewer(
        AUTHOR, "administrative", role, secret
    )


@pytest.mark.parametrize(
    ("viewer", "closed"), [(STRANGER, True), (HOLDER, False), (ORGAN, False), (PLATFORM, False)]
)
def test_closed_is_a_secret_case_to_whoever_has_no_role_in_it(viewer: Viewer, closed: bool) -> None:
    assert redaction.is_closed(viewer) is closed


@pytest.mark.parametrize(
    ("viewer", "sees", "lists"),
    [
        (ORGAN, True, LISTS),
        (HOLDER, True, LISTS),
        (PLATFORM, False, ("regions",)),
        (STRANGER, False, ()),
        (OPERATOR, True, ("regions", "findings", "work")),
        (OPERATOR_OF_SECRET, False, ()),
    ],
)
def test_figures_are_for_organs_holders_of_a_role_and_operators_but_not_of_a_secret_case(
    viewer: Viewer, sees: bool, lists: tuple[str, ...]
) -> None:
    assert redaction.sees_figures(viewer, ACCESS) is sees
    assert redaction.lists_of(viewer, ACCESS) == lists


# A case's summary.


@pytest.mark.parametrize("viewer", [ORGAN, HOLDER])
def test_whoever_sees_figures_has_the_summary_whole(viewer: Viewer) -> None:
    assert case(viewer) == {**SUMMARY, "matter_titles": ["one", "two", "three"]}


def test_a_platform_without_a_role_sees_no_numbers_and_only_titles_of_its_own_events() -> None:
    assert case(PLATFORM) == {**SUMMARY, "numbers": [], "matter_titles": ["three"]}


def test_of_a_secret_case_a_stranger_sees_that_it_is_there_its_kind_and_its_month() -> None:
    assert case(STRANGER) == {
        "procedure": "referral",
        "status": "restricted",
        "numbers": [],
        "title": "",
        "title_en": "",
        "matter_titles": [],
        "regions": [],
        "opened_at": MONTH,
        "updated_at": MONTH,
    }


def test_of_a_case_that_no_procedure_opened_a_stranger_sees_why_and_when_it_changed() -> None:
    seen = case(STRANGER, procedure="", status="unopened", opened_at=None)
    assert (seen["status"], seen["updated_at"], seen["opened_at"]) == ("unopened", OPENED, None)
    assert (seen["title"], seen["numbers"], seen["regions"]) == ("", [], [])


def test_a_secret_case_without_a_day_of_opening_tells_no_day_at_all() -> None:
    seen = case(STRANGER, opened_at=None)
    assert (seen["opened_at"], seen["updated_at"]) == (None, datetime(1970, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("viewer", [STRANGER, OPERATOR])
def test_no_title_of_a_matter_is_told_to_a_stranger_of_a_secret_case_or_to_an_operator(
    viewer: Viewer,
) -> None:
    assert redaction.titles_of(viewer, ACCESS, TITLES) == []


def test_a_title_is_told_to_its_author_and_its_recipients_among_those_without_figures() -> None:
    for agency, titles in [(AUTHOR, ["one", "three"]), (RECIPIENT, ["one"]), ("x", [])]:
        viewer = PLATFORM._replace(agency=agency)
        assert redaction.titles_of(viewer, ACCESS, TITLES) == titles


def test_what_a_finding_says_in_detail_is_not_for_operators() -> None:
    finding = {"kind": "late", "detail": {"why": "w"}}
    assert redaction.of_finding(ADMIN, finding) == {"kind": "late", "detail": {}}
    assert redaction.of_finding(AUTHOR, finding) is finding


# Links.


def link(stream: object, source: str = f"{AUTHOR}/desk") -> dict[str, Any]:
    named = {"stream": stream, "source": "s", "number": "1号"}
    return {**named, "event": {"source": source}, "kind": "prior"}


@pytest.mark.parametrize(
    ("stream", "agency", "shown"),
    [
        (str(KNOWN), OTHER, True),
        (str(UNKNOWN), OTHER, False),
        (str(UNKNOWN), AUTHOR, True),
        ("", OTHER, True),
        (None, OTHER, True),
        ("no uuid", OTHER, False),
    ],
)
def test_a_link_to_a_case_that_is_not_known_is_named_to_its_author_alone(
    stream: object, agency: str, shown: bool
) -> None:
    given = link(stream)
    hidden = {**given, "stream": "", "source": "", "number": ""}
    assert redaction.links_of([given], agency, {KNOWN}) == [given if shown else hidden]


def test_the_streams_of_links_are_those_that_are_ids() -> None:
    links: list[dict[str, Any]] = [
        {"stream": str(KNOWN)},
        {"stream": "no uuid"},
        {"stream": None},
        {},
        {"stream": KNOWN},
    ]
    assert redaction.streams_of(links) == {KNOWN}


def test_what_a_body_links_to_is_found_alone_and_in_lists_and_nowhere_else() -> None:
    one, two, three = {"stream": "1"}, {"stream": "2"}, {"stream": "3"}
    name = next(one for one in redaction._LINKING if one != "links")
    body = {name: one, "links": [two, "text", three], "note": {"stream": "4"}}
    assert [*redaction.linked(body)] == [one, two, three]
    assert [*redaction.linked({name: "text", "note": one})] == []


# An event's body.


@pytest.mark.parametrize("agency", [AUTHOR, RECIPIENT])
def test_author_and_recipients_see_the_whole_body_even_of_a_secret_case(agency: str) -> None:
    assert event(STRANGER._replace(agency=agency)) == Seen(DATA, LEGAL, [])


def test_a_field_above_the_callers_level_is_left_out_and_named() -> None:
    assert event(ORGAN) == Seen({"note": "n"}, LEGAL, ["evidence"])


def test_of_a_secret_cases_event_a_stranger_sees_the_month_and_no_field() -> None:
    assert event(STRANGER) == Seen({}, "2026-03", [ALL])


@pytest.mark.parametrize("viewer", [OPERATOR, OPERATOR_OF_SECRET])
def test_an_operator_sees_no_field_and_the_whole_time(viewer: Viewer) -> None:
    assert event(viewer) == Seen({}, LEGAL, [ALL])
    assert event(viewer, taken=TakenBack(whole=True)) == Seen({}, LEGAL, [ALL], recalled=True)


def test_what_was_taken_back_whole_only_its_author_still_sees() -> None:
    taken = TakenBack(whole=True)
    for viewer in (ORGAN, ORGAN._replace(agency=RECIPIENT)):
        assert event(viewer, taken=taken) == Seen({}, LEGAL, [ALL], recalled=True)
    assert event(ORGAN._replace(agency=AUTHOR), taken=taken) == Seen(DATA, LEGAL, [], recalled=True)


def test_fields_that_were_taken_back_are_left_out_and_named_where_they_are_there() -> None:
    taken = TakenBack(fields=frozenset({"note", "absent"}))
    reader = ORGAN._replace(agency=RECIPIENT)
    assert event(reader, taken=taken) == Seen({"evidence": "e"}, LEGAL, ["note"])
    assert event(ORGAN, taken=taken) == Seen({}, LEGAL, ["evidence", "note"])


def test_a_field_that_names_a_case_unknown_to_the_caller_is_for_author_and_recipients() -> None:
    data = {"note": "n", "links": [{"stream": str(KNOWN)}, {"stream": str(UNKNOWN)}]}
    assert event(ORGAN, data) == Seen({"note": "n"}, LEGAL, ["links"])
    assert event(ORGAN, data, known={KNOWN}) == Seen({"note": "n"}, LEGAL, ["links"])
    assert event(ORGAN, data, known={KNOWN, UNKNOWN}) == Seen(data, LEGAL, [])
    assert event(ORGAN._replace(agency=RECIPIENT), data) == Seen(data, LEGAL, [])
