from __future__ import annotations

from typing import Any

import pytest

from casebus.cases import Finding, fold
from tests.case_events import AMR, LAW, event

CODE = "91110000600037341L"


def told(**data: Any) -> list[Finding]:
    case = fold([event(AMR, "referral.proposed", "2026-03-02", **data)], LAW)
    return [one for one in case.findings if "identifier" in one.detail]


@pytest.mark.parametrize(
    ("data", "identifier", "reason"),
    [
        ({"suspects": [{"organisation": {"uscc_raw": CODE[:-1] + "X"}}]}, "uscc", "check_digit"),
        ({"rights": [{"kind": "INVENTION", "number_raw": "97101765.5"}]}, "patent", "check_digit"),
        ({"rights": [{"kind": "TRADEMARK", "number": "翠屿"}]}, "trademark", "form"),
        ({"numbers": [{"kind": "case_no", "value": "12号"}]}, "case_no", "form"),
        ({"place": {"code": "339999"}}, "division", "unknown"),
    ],
)
def test_a_wrong_identifier_is_a_finding_for_its_author_and_the_event_counts(
    data: dict[str, Any], identifier: str, reason: str
) -> None:
    found = told(**data)
    assert [(one.detail["identifier"], one.detail["reason"]) for one in found] == [
        (identifier, reason)
    ]
    assert [(one.kind, one.tell) for one in found] == [("data_quality", (AMR,))]


def test_a_natural_person_s_number_is_not_repeated() -> None:
    (found,) = told(suspects=[{"id_kind": "ric", "id_number": "110105194912310021"}])
    assert "value" not in found.detail
    assert "110105" not in str(found.to_json())


def test_right_and_missing_identifiers_and_odd_forms_of_a_body_are_no_findings() -> None:
    data = {
        "suspects": [{"organisation": {"uscc": CODE}}, {"organisation": None}, "text", None],
        "rights": [{"kind": "DESIGN", "number": ""}, {"kind": 7}],
        "numbers": [{"kind": "letter_no", "value": "任意文号"}],
        "place": {"code": "330106"},
    }
    assert told(**data) == []
