from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from casebus.cases import CaseEvent
from casebus.cases.facets import CopiesFacet
from tests.case_events import AMR, PRO, PSB, clock, event, folded, kinds, storyline, until


def correction(changes: dict[str, Any], *, of: str = "referral.accepted", **more: Any) -> CaseEvent:
    values: dict[str, Any] = {
        "source": PSB,
        "name": "case.corrected",
        "at": "2026-03-08",
        "id": "fix",
        "corrected_source": PSB,
        "corrected_id": of,
        "changes": {path: json.dumps(value) for path, value in changes.items()},
        **more,
    }
    return event(values.pop("source"), values.pop("name"), values.pop("at"), **values)


def test_a_corrected_legal_time_moves_the_clock_and_the_order() -> None:
    case = folded(
        [*until("referral.accepted"), correction({"$legaltime": "2026-03-06T10:00:00+08:00"})]
    )
    assert clock(case, "T08").due.date().isoformat() == "2026-03-09"
    assert kinds(case) == []


@pytest.mark.parametrize("levels", [33, 300, 700, 100_000])
def test_a_correction_nested_too_deep_is_told_and_the_next_one_still_counts(levels: int) -> None:
    """It would end whoever copies the body, and with it the partition's worker."""
    sent = event(AMR, "referral.sent", "2026-03-02", to=(PSB, PRO), goods=[{"name": "茶"}])
    deep = correction({}, source=AMR, corrected_source=AMR, of="referral.sent", sequence=1)
    deep.data["changes"] = {"goods": "[" * levels + "]" * levels}
    later = correction(
        {"goods": []}, source=AMR, corrected_source=AMR, of="referral.sent", id="later", sequence=2
    )
    case = folded([sent, deep, later])
    assert [one.detail["reason"] for one in case.findings] == ["bad_change"]


def test_the_last_correction_by_the_authors_count_holds() -> None:
    first = correction({"$legaltime": "2026-03-10"}, id="one", sequence=1, at="2026-03-10")
    second = correction({"$legaltime": "2026-03-06"}, id="two", sequence=2, at="2026-03-06")
    case = folded([*until("referral.accepted"), second, first])
    assert clock(case, "T08").due.date().isoformat() == "2026-03-09"


def test_a_corrected_field_of_the_body_is_read_as_corrected() -> None:
    fix = correction({"goods.0.received": 1200}, of="referral.goods_received", at="2026-04-16")
    assert kinds(folded([*storyline(), fix])) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"no_such_field": 1},
        {"goods": "many"},
        {"goods.7.received": 1},
        {"goods.x": 1},
        {"$legaltime": "yesterday"},
        {"$legaltime": 5},
        {"$source": AMR},
    ],
)
def test_a_change_that_does_not_fit_is_a_finding_and_changes_nothing(
    changes: dict[str, Any],
) -> None:
    fix = correction(changes, of="referral.goods_received", at="2026-04-16")
    case = folded([*storyline(), fix])
    assert sorted(kinds(case)) == ["data_quality", "discrepancy"]


def test_a_change_that_is_no_json_is_a_finding() -> None:
    fix = event(
        PSB,
        "case.corrected",
        "2026-03-08",
        corrected_source=PSB,
        corrected_id="referral.accepted",
        changes={"note": "{"},
    )
    assert kinds(folded([*until("referral.accepted"), fix])) == ["data_quality"]


def test_nobody_corrects_another_agencys_event() -> None:
    fix = correction({"$legaltime": "2026-03-06"}, source=AMR)
    case = folded([*until("referral.accepted"), fix])
    assert clock(case, "T08").due.date().isoformat() == "2026-03-09"
    assert kinds(case) == ["no_standing"]


def test_a_correction_of_an_unknown_event_waits_for_it() -> None:
    fix = correction({"$legaltime": "2026-03-06T10:00:00+08:00"})
    before = [one for one in until("referral.accepted") if one.id != "referral.accepted"]
    assert kinds(folded([*before, fix])) == ["data_quality"]
    assert kinds(folded([*until("referral.accepted"), fix])) == []


def test_corrected_recipients_are_those_stamped_on_the_correction() -> None:
    sent = event(AMR, "referral.sent", "2026-03-05", to=(PSB,))
    fix = event(
        AMR,
        "case.corrected",
        "2026-03-06",
        to=("cn-330108-psb", PRO),
        corrected_source=AMR,
        corrected_id="referral.sent",
        changes={"$to": "[]"},
    )
    case = folded([sent, fix])
    assert case.roles["police"] == ("cn-330108-psb",)
    assert case.of(CopiesFacet) == ()


def test_a_correction_leaves_the_recorded_event_as_it_was_sent() -> None:
    events = storyline()
    recorded = {one.id: json.dumps(one.data) for one in events}
    folded([*events, correction({"goods.0.received": 1}, of="referral.goods_received")])
    assert {one.id: json.dumps(one.data) for one in events} == recorded


def test_a_body_is_copied_once_for_all_changes_of_a_correction(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copied: list[int] = []
    whole = copy.deepcopy

    def counted(body: Any) -> Any:
        copied.append(1)
        return whole(body)

    monkeypatch.setattr(copy, "deepcopy", counted)
    numbers = [{"kind": "a", "value": str(at)} for at in range(200)]
    sent = event(AMR, "referral.sent", "2026-03-05", to=(PSB, PRO), numbers=numbers)
    changes = {f"numbers.{at}.value": f"n{at}" for at in range(200)}
    fix = correction(changes, source=AMR, corrected_source=AMR, of="referral.sent")
    assert {value for _, value in folded([sent, fix]).numbers} == {f"n{at}" for at in range(200)}
    assert len(copied) == 1


def test_numbers_too_long_to_be_written_do_not_end_the_fold() -> None:
    goods = [{"name": "x", "unit": "y", "received": 1}] * 2
    counted = event(PSB, "referral.goods_received", "2026-04-16", id="more", goods=goods)
    changes = {f"goods.{at}.received": "9" * 4300 for at in range(2)}
    fix = event(
        PSB,
        "case.corrected",
        "2026-04-16",
        corrected_source=PSB,
        corrected_id="more",
        changes=changes,
    )
    assert folded([*storyline(), counted, fix]).status == folded([*storyline(), counted]).status
