from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from casebus.cases.visibility import Access, Viewer, shown
from casebus.events.avro_types import record_of
from tests.case_events import AMR, COURT, PRO, PSB, ROOT
from tests.world import SCHEMAS

ACCESS = Access.load(ROOT / "policies")
SENT = SCHEMAS.latest("casebus.referral.sent.v1")
PLATFORM = "cn-330110-pla-a"


def body() -> dict[str, Any]:
    suspect = {
        "role": "SUSPECT",
        "name": "张某",
        "id_kind": "ric",
        "id_number": "1",
        "organisation": None,
    }
    value = SCHEMAS.encode(SENT.ce_type, {"title": "案", "facts": "事实", "suspects": [suspect]})
    return SCHEMAS.decode(value)[1]


def viewer(agency: str, sector: str, *, role: bool = False, secret: bool = False) -> Viewer:
    return Viewer(agency, sector, role, secret)


@pytest.mark.parametrize(
    ("who", "level"),
    [
        (viewer(AMR, "administrative"), "RESTRICTED"),
        (viewer(PSB, "police", secret=True), "RESTRICTED"),
        (viewer(PRO, "procuratorate", role=True, secret=True), "CASE_TEAM"),
        (viewer(COURT, "court"), "AGENCY"),
        (viewer(PLATFORM, "platform"), "PARTY"),
        (viewer("x", "unheard_of"), "PUBLIC"),
        (viewer(COURT, "court", secret=True), None),
        (viewer(PLATFORM, "platform", secret=True), None),
    ],
)
def test_author_and_recipients_see_all_the_team_most_and_others_by_sector(
    who: Viewer, level: str | None
) -> None:
    assert ACCESS.level(who, author=AMR, recipients=[PSB]) == level


def test_a_narrower_level_never_shows_more_and_says_what_it_leaves_out() -> None:
    whole = body()
    before: set[str] = set()
    for level in ("PUBLIC", "PARTY", "AGENCY", "CASE_TEAM", "RESTRICTED"):
        seen = shown(SENT.tree, whole, level)
        assert before <= set(seen.data)
        assert set(whole) - set(seen.data) <= set(seen.withheld)
        before = set(seen.data)
    assert shown(SENT.tree, whole, "RESTRICTED") == (whole, ())


def test_fields_inside_of_lists_of_records_are_left_out_too() -> None:
    seen = shown(SENT.tree, body(), "CASE_TEAM")
    (suspect,) = seen.data["suspects"]
    assert "id_number" not in suspect
    assert "suspects.id_number" in seen.withheld


@pytest.mark.parametrize("schema", list(SCHEMAS), ids=lambda one: f"{one.subject}-{one.version}")
def test_every_registered_schema_can_be_shown_at_every_level(schema: Any) -> None:
    fields = {field["name"]: field.get("default") for field in schema.body["fields"]}
    assert shown(schema.tree, fields, "RESTRICTED").data == fields
    assert set(shown(schema.tree, fields, "PUBLIC").data) <= set(fields)


def test_a_field_that_names_no_audience_is_for_author_and_recipients_alone() -> None:
    """The most closed, in whatever level of records it stands."""
    inner = {"type": "record", "name": "I", "fields": [{"name": "y", "type": "string"}]}
    fields = [{"name": "x", "type": "string"}, {"name": "r", "type": inner, "visibility": "PUBLIC"}]
    schema = {"type": "record", "name": "T", "fields": fields}
    body = {"x": "1", "r": {"y": "2"}}
    assert shown(record_of(schema), body, "CASE_TEAM") == ({"r": {}}, ("x", "r.y"))
    assert shown(record_of(schema), body, "RESTRICTED").data == body


@pytest.mark.parametrize(
    ("who", "widest"),
    [
        (viewer(AMR, "administrative"), "AGENCY"),
        (viewer(PLATFORM, "platform"), "PARTY"),
        (viewer("x", "unheard_of"), "PUBLIC"),
        (viewer(PSB, "police", role=True), "CASE_TEAM"),
        (viewer(PSB, "police", role=True, secret=True), "CASE_TEAM"),
        (viewer(AMR, "administrative", secret=True), None),
    ],
)
def test_what_a_case_itself_says_reaches_as_wide_as_its_viewer_may_see(
    who: Viewer, widest: str | None
) -> None:
    levels = ["PUBLIC", "PARTY", "AGENCY", "CASE_TEAM", "RESTRICTED"]
    seen = levels[: levels.index(widest) + 1] if widest else []
    assert [one for one in levels if ACCESS.reaches(who, one)] == seen  # type: ignore[arg-type]


def test_the_policy_says_what_a_sector_sees_and_a_word_of_its_own_stops_the_start(
    tmp_path: Path,
) -> None:
    file = tmp_path / "access/visibility.yaml"
    file.parent.mkdir()
    file.write_text("sectors: {police: PARTY}  # 公安\n", encoding="utf-8")
    access = Access.load(tmp_path)
    assert access.level(viewer("x", "police"), author=AMR, recipients=[]) == "PARTY"
    assert access.level(viewer("x", "court"), author=AMR, recipients=[]) == "PUBLIC"
    file.write_text("sectors: {police: EVERYBODY}\n", encoding="utf-8")
    with pytest.raises(ValidationError, match="sectors"):
        Access.load(tmp_path)


def record(name: str, *fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields), **more}


def public(name: str, kind: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "visibility": "PUBLIC"}


#: A person's name is for everybody, a person's number for the author and recipients.
PERSON = record(
    "Person", public("name", "string"), {"name": "number", "type": "string"}, namespace="shared.v1"
)
LOCAL = record("Local", public("name", "string"), {"name": "number", "type": "string"})
SOMEBODY = {"name": "张某", "number": "1"}


@pytest.mark.parametrize(
    "kind",
    [
        PERSON,
        "shared.v1.Person",
        ["null", "shared.v1.Person"],
        {"type": "shared.v1.Person"},
        {"type": ["null", "shared.v1.Person"]},
        ["null", "Local"],
    ],
    ids=str,
)
def test_a_record_hides_the_same_wherever_it_is_named_again(kind: Any) -> None:
    first = record("First", {"name": "unsaid", "type": ["null", PERSON]}, public("also", LOCAL))
    schema = record("T", {"name": "unsaid", "type": ["null", first]}, public("again", kind))
    seen = shown(record_of(schema), {"again": SOMEBODY}, "PUBLIC")
    assert seen == ({"again": {"name": "张某"}}, ("again.number",))


@pytest.mark.parametrize("wrap", ["array", "map"])
def test_of_records_in_a_list_or_a_map_nothing_restricted_is_shown(wrap: str) -> None:
    items = {"array": "items", "map": "values"}[wrap]
    schema = record("T", public("many", {"type": wrap, items: PERSON}))
    value: Any = [SOMEBODY] if wrap == "array" else {"first": SOMEBODY}
    seen = shown(record_of(schema), {"many": value}, "PUBLIC")
    assert "1" not in str(seen.data)
    assert shown(record_of(schema), {"many": [SOMEBODY]}, "RESTRICTED").data == {"many": [SOMEBODY]}


def test_a_map_of_plain_values_is_shown_whole_and_in_its_own_audience() -> None:
    schema = record("T", public("many", {"type": "map", "values": "string"}))
    assert shown(record_of(schema), {"many": {"a": "b"}}, "PUBLIC").data == {"many": {"a": "b"}}


def test_a_field_for_an_audience_that_nobody_knows_is_shown_to_nobody() -> None:
    schema = record("T", {"name": "x", "type": "string", "visibility": "FRIENDS"})
    assert shown(record_of(schema), {"x": "1"}, "RESTRICTED") == ({}, ("x",))
