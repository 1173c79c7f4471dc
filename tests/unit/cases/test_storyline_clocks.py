"""Every date of storyline 1, as the law has it."""

from __future__ import annotations

import datetime as dt

import pytest

from casebus.events.legaltime import CHINA
from tests.case_events import AMR, COURT, PRO, PSB, clock, folded, kinds, storyline

CASE = folded(storyline())


@pytest.mark.parametrize(
    ("clock_id", "due", "status", "actor"),
    [
        ("T02", "2026-03-05 23:59:59", "met", AMR),
        ("T03", "2026-03-05 15:00:00", "met", AMR),
        ("T04", "2026-03-10 23:59:59", "met", PSB),
        ("T05", "2026-03-07 23:59:59", "cancelled", PSB),
        ("T06", "2026-03-07 23:59:59", "met", PSB),
        ("T07", "2026-03-10 23:59:59", "met", AMR),
        ("T08", "2026-03-09 23:59:59", "met", PSB),
        ("T10", "2026-03-12 23:59:59", "met", AMR),
        ("T11", "2026-03-16 23:59:59", "met", PSB),
        ("T12", "2026-03-19 23:59:59", "met", AMR),
        ("T13", "2026-03-27 23:59:59", "met", PSB),
        ("T14", "2026-04-07 23:59:59", "cancelled", PRO),
        ("T15", "2026-04-16 23:59:59", "met", PSB),
        ("T16", "2026-04-16 23:59:59", "cancelled", PSB),
        ("T17", "2026-07-10 23:59:59", "met", PSB),
        ("T18", "2026-04-13 23:59:59", "met_late", AMR),
        ("T23", "2026-03-16 23:59:59", "cancelled", PSB),
        ("J01", "2026-07-15 23:59:59", "met", PRO),
        ("J02", "2026-09-10 23:59:59", "met", COURT),
        ("J03", "2026-10-10 23:59:59", "met", COURT),
        ("J04", "2026-09-11 23:59:59", "cancelled", PRO),
    ],
)
def test_each_clock_is_due_when_the_law_says(
    clock_id: str, due: str, status: str, actor: str
) -> None:
    found = clock(CASE, clock_id)
    assert found.due == dt.datetime.fromisoformat(due).replace(tzinfo=CHINA)
    assert (found.status, found.actor, found.historic, found.provisional) == (
        status,
        actor,
        False,
        False,
    )


def test_the_acknowledgement_has_a_due_date_that_says_whose_choice_it_is() -> None:
    assert "期限由本平台设定" in clock(CASE, "T04").citation
    assert "期限由本平台设定" not in clock(CASE, "T08").citation


def test_no_other_clock_ran() -> None:
    assert len(CASE.clocks) == 21


def test_the_case_ends_final_with_its_four_agencies() -> None:
    assert CASE.status == "final"
    assert CASE.opener == AMR
    assert CASE.roles == {
        "administrative": (AMR,),
        "police": (PSB,),
        "procuratorate": (PRO,),
        "court": (COURT,),
    }
    assert not any(item.is_open for item in CASE.work)


def test_only_the_missing_goods_are_found() -> None:
    assert kinds(CASE) == ["discrepancy"]
    [found] = CASE.findings
    assert found.detail == {
        "item": "手提包",
        "unit": "只",
        "listed": "1200",
        "received": "1196",
        "difference": "-4",
    }
    assert found.severity == "SERIOUS"
    assert found.tell == (PSB, AMR, PRO)


def test_every_clock_cites_its_law() -> None:
    for found in CASE.clocks:
        assert found.citation
        assert dt.date.fromisoformat(found.law_version) <= found.started.date
