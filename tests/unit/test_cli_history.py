"""What `casebus history` shows of a case, as it reads on a terminal."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from casebus.cli.case_tables import show_parts

CLOCK = {"id": "T08", "title": "决定是否立案", "state": "running", "citation": "第310号令"}
ASSESSED = {
    "on": "2026-03-02",
    "verdict": "MUST_TRANSFER",
    "offence": "214",
    "title": "销售假冒注册商标的商品罪",
    "rule": "base+unsold",
    "metric": "goods_value",
    "value": 16_800_050,
    "needed": 15_000_000,
    "citation": "法释〔2025〕5号 第五条",
}


def shown(about: dict[str, Any], *clocks: dict[str, Any]) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    show_parts(console, about, list(clocks))
    return console.export_text()


def test_nothing_known_shows_no_table() -> None:
    assert shown({"regions": [], "findings": []}) == ""


def test_every_procedure_is_shown_with_its_state_and_who_holds_which_role() -> None:
    leading = {"procedure": "penalty", "status": "decided", "title": "已决定", "roles": {}}
    beside = {
        "procedure": "referral",
        "status": "sent",
        "title": "已移送",
        "roles": {"administrative": ["cn-330106-amr"], "police": ["cn-330106-psb"]},
    }
    text = shown({"regions": [leading, beside]})
    for word in ("penalty", "已决定", "referral", "sent", "police: cn-330106-psb"):
        assert word in text


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"due": "2026-03-09T15:59:59+00:00", "nominal": "2026-03-07"}, ("03-09", "2026-03-07")),
        ({"state": "paused", "paused_since": "2026-03-05"}, ("paused", "paused since 2026-03-05")),
        ({"counted_from": "2026-03-07", "counted_by": "received"}, ("from 2026-03-07, received",)),
        ({"extended": 2, "cause": "LINK_DOWN"}, ("extended 2 x", "cause: LINK_DOWN")),
        ({"provisional": True, "historic": True}, ("provisional 暂定", "historic")),
        (
            {"provisional": True, "certain": "2027-01-11T15:59:59+00:00"},
            ("notice of that year's", "told no earlier", "2027-01-11"),
        ),
    ],
)
def test_a_clock_tells_what_moved_it_and_why(more: dict[str, Any], words: tuple[str, ...]) -> None:
    text = shown({}, {**CLOCK, **more})
    assert all(word in text for word in ("T08", "决定是否立案", "第310号令", *words))


def test_a_day_that_nothing_moved_is_not_shown_twice() -> None:
    text = shown({}, {**CLOCK, "due": "2026-03-09T15:59:59+00:00", "nominal": "2026-03-09"})
    assert text.count("2026-03-09") == 1


def test_an_assessment_shows_verdict_rule_figure_and_citation() -> None:
    text = shown({"assessments": [{**ASSESSED, "accumulated": True}]})
    for word in ("MUST_TRANSFER", "214 销售", "base+unsold (accumulated)", "第五条"):
        assert word in text
    assert "goods_value 168000.50 / 150000.00" in text
    assert "item_count 500 / 250" in shown(
        {"assessments": [{**ASSESSED, "metric": "item_count", "value": 500, "needed": 250}]}
    )


def test_a_proposal_shows_the_track_and_what_is_offered_first() -> None:
    proposal = {
        "track": "fast",
        "rule": "small_claim",
        "first": [{"way": "mediation", "rule": "mediation_first"}],
        "citations": ["民事诉讼法 第一百六十五条"],
    }
    text = shown({"proposals": [proposal]})
    assert all(word in text for word in ("fast", "small_claim", "mediation (mediation_first)"))
    assert "第一百六十五条" in text


def test_other_cases_are_shown_with_how_they_stand_to_this_one() -> None:
    link = {"stream": "s-1", "source": "cn-330106-amr", "number": "", "relation": "SAME_RIGHT"}
    merged, into = {**link, "stream": "s-2", "relation": ""}, {**link, "stream": "s-3"}
    text = shown({"links": [link], "origins": [merged], "absorbed_into": into})
    for word in ("linked SAME_RIGHT", "s-1", "merged in", "s-2", "goes on in", "s-3"):
        assert word in text


def test_a_finding_shows_what_it_is_about_and_why() -> None:
    finding = {
        "kind": "right_invalid",
        "severity": "SERIOUS",
        "event": {"source": "bus/scheduler", "id": "e-1"},
        "detail": {"right": "201710601862.3", "outcome": "INVALID"},
    }
    text = shown({"findings": [finding]})
    for word in ("right_invalid", "SERIOUS", "e-1", "right: 201710601862.3", "outcome: INVALID"):
        assert word in text


def test_brackets_in_what_agencies_wrote_are_no_markup() -> None:
    number = "[/bold]〔2026〕[red]1号"
    assert number in shown({"links": [{"stream": "", "source": "", "number": number}]})
