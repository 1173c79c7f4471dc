from __future__ import annotations

from typing import Any

import pytest

from casebus.cases.visibility import Access, Viewer, shown
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
        seen = shown(SENT.body, whole, level)
        assert before <= set(seen.data)
        assert set(whole) - set(seen.data) <= set(seen.withheld)
        before = set(seen.data)
    assert shown(SENT.body, whole, "RESTRICTED") == (whole, ())


def test_fields_inside_of_lists_of_records_are_left_out_too() -> None:
    seen = shown(SENT.body, body(), "CASE_TEAM")
    (suspect,) = seen.data["suspects"]
    assert "id_number" not in suspect
    assert "suspects.id_number" in seen.withheld


@pytest.mark.parametrize("schema", list(SCHEMAS), ids=lambda one: f"{one.subject}-{one.version}")
def test_every_registered_schema_can_be_shown_at_every_level(schema: Any) -> None:
    fields = {field["name"]: field.get("default") for field in schema.body["fields"]}
    assert shown(schema.body, fields, "RESTRICTED").data == fields
    assert set(shown(schema.body, fields, "PUBLIC").data) <= set(fields)


def test_a_field_that_names_no_audience_is_for_author_and_recipients_alone() -> None:
    """The most closed, in whatever level of records it stands."""
    inner = {"type": "record", "name": "I", "fields": [{"name": "y", "type": "string"}]}
    fields = [{"name": "x", "type": "string"}, {"name": "r", "type": inner, "visibility": "PUBLIC"}]
    schema = {"type": "record", "name": "T", "fields": fields}
    body = {"x": "1", "r": {"y": "2"}}
    assert shown(schema, body, "CASE_TEAM") == ({"r": {}}, ("x", "r.y"))
    assert shown(schema, body, "RESTRICTED").data == body
