"""A recall takes back words, not acts (design rule 19, ADR 53)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from casebus.cases import Case, CaseEvent, derive
from casebus.cases.facets import AssessmentsFacet, CopiesFacet, OrganisationsFacet, RecallsFacet
from casebus.cases.facets.recalls.words import Standing
from casebus.cases.facets.rights import RightsFacet, linked_with
from tests.case_events import (
    AMR,
    COURT,
    LAW,
    OTHER_PSB,
    PRO,
    PSB,
    clock,
    event,
    folded,
    kinds,
    storyline,
    until,
)

MARK = "mark7f3a"


def recall(of: str, *, source: str = AMR, author: str = "", **more: Any) -> CaseEvent:
    """`source` recalls an event `of` this id, its own unless another's is named."""
    values: dict[str, Any] = {
        "at": "2026-03-08",
        "id": "recall",
        "recalled_source": author or source,
        "recalled_id": of,
        **more,
    }
    return event(source, "case.recalled", values.pop("at"), **values)


def marked(events: list[CaseEvent], name: str) -> list[CaseEvent]:
    """The events; the one of this name gives numbers, names, figures and rights with a mark."""
    for one in events:
        if one.id == name:
            one.data.update(
                title=MARK,
                note=MARK,
                actor=MARK,
                cause=MARK,
                numbers=[{"kind": "letter_no", "value": MARK}],
                offence="214",
                suspects=[{"name": MARK, "organisation": {"uscc": MARK, "name": MARK}}],
                rights=[{"kind": "TRADEMARK", "number": MARK}],
                illegal_gain={"fen": 98765432},
                sales={"fen": 98765432},
            )
    return events


def text(case: Case) -> str:
    return json.dumps(
        [
            case.to_json(),
            [
                str(one)
                for one in (
                    *case.of(OrganisationsFacet).acts,
                    *case.of(OrganisationsFacet).punished,
                    *case.of(RightsFacet).said,
                )
            ],
            [one.data for one in derive(case)],
            case.of(RightsFacet).named,
            linked_with(case),
        ],
        ensure_ascii=False,
        default=str,
    )


def acts_of(case: Case) -> tuple[Any, ...]:
    """What an event does: states, roles, clocks, work, what is due."""
    return (
        case.status,
        case.regions,
        case.roles,
        [(one.id, one.status, one.due, one.missed) for one in case.clocks],
        [(one.duty, one.agency, one.is_open, one.due) for one in case.work],
        sorted(one.rule for one in case.of(CopiesFacet)),
        [one.assessment.verdict for one in case.of(AssessmentsFacet)],
        case.secrecy,
    )


def said(case: Case) -> set[str]:
    """What the bus says, but of identifiers, which are words, and that it tells the recall."""
    words = ("casebus.finding.", "casebus.case.recalled.")
    return {one.id for one in derive(case) if not one.type.startswith(words)}


@pytest.mark.parametrize("name", [one.id for one in storyline()])
def test_what_a_recalled_event_did_stands(name: str) -> None:
    """State, roles, clocks, breaches, work and verdicts are as they were, whatever is recalled."""
    events = marked(storyline(), name)
    author = next(one.source for one in events if one.id == name)
    before, after = folded(events), folded([*events, recall(name, source=author)])
    assert acts_of(after) == acts_of(before)
    assert said(after) == said(before)


@pytest.mark.parametrize("name", [one.id for one in storyline()])
def test_no_word_of_a_recalled_event_is_left_in_the_case(name: str) -> None:
    events = marked(storyline(), name)
    author = next(one.source for one in events if one.id == name)
    assert MARK in text(folded(events))
    after = text(folded([*events, recall(name, source=author)]))
    assert MARK not in after
    assert "98765432" not in after


def standing(case: Case) -> Standing:
    """As the gateway reads it from the case's tables."""
    return Standing(
        case.to_json()["numbers"],
        {one.key: one.cause for one in case.clocks},
        {one.key: one.detail for one in case.findings},
    )


def missed() -> list[CaseEvent]:
    """A referral that was refused too late, with an excuse, and two copies that nobody sent."""
    cause = event(PSB, "clock.cause_recorded", "2026-03-10", cause="other cause", to=(AMR,))
    refused = event(PSB, "referral.filing_refused", "2026-03-20", to=(AMR,))
    return [*until("referral.filing_refused")[:-1], cause, refused]


@pytest.mark.parametrize("name", [one.id for one in missed()])
def test_what_the_bus_said_keeps_its_words_but_those_of_the_recalled_event(name: str) -> None:
    events = marked(missed(), name)
    author = next(one.source for one in events if one.id == name)
    before = derive(folded(events))
    case = folded([*events, recall(name, source=author, at="2026-03-21")])
    assert any(one.data.get("numbers") or one.data.get("detail") for one in before)
    for one in before:
        hidden = standing(case).quoted("bus", one.data)
        for word in ("numbers", "detail", "cause"):
            is_its = MARK in json.dumps(one.data.get(word, ""))
            assert (word in hidden) == is_its, (one.type, word, one.data)


def test_no_recall_hides_what_the_bus_said_of_another_event() -> None:
    """A late agency veils nothing of its breach by taking back an idle note."""
    note = event(PSB, "case.noted", "2026-03-09", note="x", to=(AMR,))
    events = [*missed(), note]
    case = folded([*events, recall(note.id, source=PSB, at="2026-03-21")])
    said = [one.data for one in derive(folded(events))]
    assert [standing(case).quoted("bus", one) for one in said] == [frozenset()] * len(said)


def test_a_cause_is_shown_if_the_bus_gave_it_or_the_clock_still_has_it() -> None:
    words = Standing((), {"k": "flood"}, {})
    for cause, is_hidden in (("flood", False), ("open", False), ("mourning", True)):
        data = {"clock_key": "k", "cause": cause}
        assert bool(words.quoted("bus", data)) == is_hidden


def test_a_correction_of_what_was_recalled_says_no_word_of_it_either() -> None:
    fix = event(
        AMR,
        "case.corrected",
        "2026-03-06",
        to=(COURT,),
        corrected_source=AMR,
        corrected_id="referral.sent",
        numbers=[{"kind": "letter_no", "value": MARK}],
        changes={"title": json.dumps(MARK), MARK: "1"},
    )
    events = [*until("referral.accepted"), fix]
    assert MARK in text(folded(events))
    case = folded([*events, recall("referral.sent")])
    assert MARK not in text(case)
    # Whom the correction reached is told too.
    assert [one.untold for one in case.of(RecallsFacet)] == [(COURT, PRO, PSB)]


def test_who_was_sent_it_is_told_by_the_bus_unless_the_recall_names_them() -> None:
    case = folded([*until("referral.accepted"), recall("referral.sent", to=(PSB,), reasons="错送")])
    (told,) = [one for one in derive(case) if one.type == "casebus.case.recalled.v1"]
    assert (told.to, told.data["recalled_id"], told.data["reasons"]) == (
        (PRO,),
        "referral.sent",
        "错送",
    )


def test_told_once_whoever_is_found_later_to_have_been_sent_it() -> None:
    events = [*until("referral.accepted"), recall("referral.sent", to=(PSB,))]
    (first,) = [one for one in derive(folded(events)) if "recalled" in one.type]
    said = event("bus", "case.recalled", "2026-03-08", id=first.id, to=(PRO,))
    assert [one for one in derive(folded([*events, said])) if "recalled" in one.type] == []
    more = event(
        AMR,
        "case.corrected",
        "2026-03-07",
        id="later",
        to=(COURT,),
        corrected_source=AMR,
        corrected_id="referral.sent",
        changes={},
    )
    (second,) = [one for one in derive(folded([*events, said, more])) if "recalled" in one.type]
    assert second.to == (COURT,)


def test_whom_only_a_recalled_event_named_has_no_part_any_more() -> None:
    note = event(AMR, "case.noted", "2026-03-08", id="astray", to=(OTHER_PSB,))
    events = [*until("referral.accepted"), note]
    assert OTHER_PSB in folded(events).participants
    gone = [*events, recall("astray", to=(OTHER_PSB,))]
    assert OTHER_PSB not in folded(gone).participants
    # To be told of the recall gives no part, nor does the bus's word.
    told = event("bus", "case.recalled", "2026-03-08", id="told", to=(OTHER_PSB,))
    assert OTHER_PSB not in folded([*gone, told]).participants
    again = event(AMR, "case.noted", "2026-03-09", id="again", to=(OTHER_PSB,))
    assert OTHER_PSB in folded([*gone, again]).participants


@pytest.mark.parametrize("agency", [PSB, PRO])
def test_who_holds_a_role_or_acted_by_a_recalled_event_keeps_its_part(agency: str) -> None:
    case = folded([*until("referral.accepted"), recall("referral.sent")])
    assert (agency in case.participants) == (agency in folded(until("referral.accepted")).team)


def test_a_breach_is_told_though_what_started_its_clock_is_recalled() -> None:
    late = [*until("referral.filing_refused")]
    late[-1] = event(PSB, "referral.filing_refused", "2026-03-20", to=(AMR,))
    before = [one.id for one in derive(folded(late)) if one.type == "casebus.clock.breached.v1"]
    assert before
    for name, author in (("referral.accepted", PSB), ("referral.filing_refused", PSB)):
        case = folded([*late, recall(name, source=author, at="2026-03-21")])
        after = [one.id for one in derive(case) if one.type == "casebus.clock.breached.v1"]
        assert after == before
        assert clock(case, "T08").missed == clock(folded(late), "T08").missed


def test_a_recall_does_not_open_a_secret_case() -> None:
    events = until("referral.accepted")
    events[2].data["secrecy"] = "TRADE_SECRET"
    assert folded([*events, recall("referral.sent")]).secrecy == ("TRADE_SECRET",)


@pytest.mark.parametrize(
    ("wrong", "kind", "reason", "tell"),
    [
        (
            recall("referral.sent", source=PSB, author=AMR),
            "no_standing",
            "not_its_event",
            (PSB, AMR),
        ),
        (recall("nothing"), "data_quality", "no_such_event", (AMR,)),
        (recall("right"), "data_quality", "recall_of_recall", (AMR,)),
        (recall("breach", author="bus"), "no_standing", "not_its_event", (AMR,)),
    ],
)
def test_what_one_may_not_recall_is_kept_and_told(
    wrong: CaseEvent, kind: str, reason: str, tell: tuple[str, ...]
) -> None:
    breach = event("bus", "clock.breached", "2026-03-07", id="breach", clock_key="none")
    right = recall("referral.proposed", id="right")
    events = marked([*until("referral.accepted"), breach], "referral.sent")
    case = folded([*events, right, wrong])
    (found,) = [one for one in case.findings if one.event == wrong.identity]
    assert (found.kind, found.detail, found.tell) == (kind, {"reason": reason}, tell)
    assert [one.event for one in case.of(RecallsFacet)] == [(AMR, "referral.proposed")]
    assert MARK in text(case)


def test_a_recall_by_one_without_a_part_takes_back_its_own() -> None:
    stray = event(OTHER_PSB, "case.noted", "2026-03-07", id="stray", to=(AMR,))
    gone = recall("stray", source=OTHER_PSB)
    case = folded([*until("referral.accepted"), stray, gone])
    assert [one.event for one in case.of(RecallsFacet)] == [(OTHER_PSB, "stray")]
    assert not [one for one in case.findings if one.event == gone.identity]


def test_a_correction_moves_no_recall() -> None:
    fix = event(
        AMR,
        "case.corrected",
        "2026-03-09",
        corrected_source=AMR,
        corrected_id="recall",
        changes={"recalled_id": '"referral.proposed"'},
    )
    case = folded([*until("referral.accepted"), recall("referral.sent"), fix])
    assert [one.event for one in case.of(RecallsFacet)] == [(AMR, "referral.sent")]


def test_recalled_twice_is_recalled_once() -> None:
    events = until("referral.accepted")
    once = folded([*events, recall("referral.sent")])
    twice = folded([*events, recall("referral.sent"), recall("referral.sent", id="zz")])
    assert twice.of(RecallsFacet) == once.of(RecallsFacet)
    assert kinds(twice) == kinds(once)


def test_an_imported_event_is_recalled_like_any_other() -> None:
    old = event(AMR, "case.noted", "2020-03-07", id="old", imported=True, to=(PSB,))
    old.data["numbers"] = [{"kind": "letter_no", "value": MARK}]
    case = folded([*until("referral.accepted"), old, recall("old")])
    assert MARK not in text(case)
    assert [one.untold for one in case.of(RecallsFacet)] == [(PSB,)]


def test_of_what_nothing_opened_words_and_parts_go_too() -> None:
    note = event(AMR, "case.noted", "2026-03-07", id="astray", to=(PSB,))
    note.data["numbers"] = [{"kind": "letter_no", "value": MARK}]
    assert folded([note]).participants == (AMR, PSB)
    case = folded([note, recall("astray", to=(PSB,))])
    assert (case.participants, case.numbers) == ((AMR,), ())
    assert folded([note, recall("astray")]).of(RecallsFacet)[0].untold == (PSB,)


def test_a_case_without_a_recall_says_nothing_new() -> None:
    assert folded(storyline()).of(RecallsFacet) == ()
    assert "case.recalled" in LAW.common
