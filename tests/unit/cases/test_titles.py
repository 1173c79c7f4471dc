"""What a case's matter is called, by whom, and who was sent these words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from casebus.cases import CaseEvent
from casebus.cases.facets import TitlesFacet
from casebus.cases.facets.titles import FIELD, LONGEST, MOST
from casebus.events.doors import BUS
from tests.case_events import AMR, COURT, OTHER_PSB, PRO, PSB, ROOT, event, folded

TITLE, OTHER = "涉嫌销售假冒注册商标的商品", "涉嫌假冒专利"


def sent(title: str = TITLE, **more: Any) -> CaseEvent:
    return event(AMR, "referral.sent", "2026-03-02", to=(PSB,), title=title, **more)


def corrected(name: str = "fix", title: str = OTHER, **more: Any) -> CaseEvent:
    changes = {"title": json.dumps(title)}
    about: dict[str, Any] = {
        "corrected_source": AMR,
        "corrected_id": "referral.sent",
        "changes": changes,
    }
    return event(AMR, "case.corrected", "2026-03-03", id=name, **about, **more)


def recalled(name: str) -> CaseEvent:
    about: dict[str, Any] = {"recalled_source": AMR, "recalled_id": name}
    return event(AMR, "case.recalled", "2026-03-04", id=f"no {name}", **about)


def titles(*events: CaseEvent) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(one.agency, one.text, one.recipients) for one in folded([*events]).of(TitlesFacet)]


def test_each_text_of_an_agency_counts_once_for_all_who_were_sent_it() -> None:
    again = event(AMR, "penalty.decided", "2026-03-03", to=(PRO,), title=f" {TITLE}\n")
    other = event(PSB, "proceeding.step_recorded", "2026-03-04", title=TITLE)
    assert titles(sent(), again, other) == [
        (AMR, TITLE, tuple(sorted((PRO, PSB)))),
        (PSB, TITLE, ()),
    ]


def test_who_has_no_part_in_the_case_gives_it_no_title() -> None:
    strange = event(OTHER_PSB, "evidence.registered", "2026-03-03", title="外人", to=(COURT,))
    told = event(BUS, "clock.warned", "2026-03-03", title="期限", to=(PSB,))
    assert titles(sent(), strange, told) == [(AMR, TITLE, (PSB,))]


def test_a_corrected_title_was_sent_to_nobody_in_these_words() -> None:
    assert titles(sent(), corrected()) == [(AMR, OTHER, ())]
    assert titles(sent(), corrected(title=TITLE)) == [(AMR, TITLE, (PSB,))]
    assert titles(sent(), corrected(title="")) == []


def test_a_recall_takes_a_title_back() -> None:
    assert titles(sent(), recalled("referral.sent")) == []
    assert titles(sent(), corrected(), recalled("referral.sent")) == []


def test_of_a_recalled_correction_the_words_are_no_title() -> None:
    """What it did stands; what it said is its author's alone."""
    assert titles(sent(), corrected(), recalled("fix")) == [(AMR, TITLE, (PSB,))]
    third = corrected("third", "第三个")
    assert titles(sent(), corrected(), third, recalled("third")) == [(AMR, OTHER, ())]


def test_titles_are_bounded_in_number_and_length() -> None:
    many = [
        event(AMR, "penalty.decided", "2026-03-03", id=str(at), title=f"{at}" * 300)
        for at in range(3 * MOST)
    ]
    found = titles(sent(), *many)
    assert len(found) == MOST
    assert max(len(text) for _, text, _ in found) == LONGEST


def test_a_title_is_no_part_of_a_cases_state() -> None:
    assert folded([sent()]).digest() == folded([sent("另一")]).digest()


def test_who_sees_bodies_of_others_sees_each_title_that_an_agency_may_give() -> None:
    """`gateway.access.redaction.titles_of` and the search ask for no other level."""
    seen: dict[str, str] = {}
    for path in Path(ROOT / "schemas").glob("*/*.v*/*.avsc"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        found = [one for one in schema.get("fields", ()) if one["name"] == FIELD]
        if found and path.parent.parent.name != "clock":
            seen[str(path)] = found[0]["visibility"]
    assert set(seen.values()) == {"AGENCY"}
    assert len(seen) > 30
