from __future__ import annotations

from typing import Any

from casebus.cases import Case, CaseEvent
from tests.case_events import AMR, OTHER_PSB, PSB, event, folded, kinds, until


def item(case: Case, duty: str) -> Any:
    [found] = [one for one in case.work if one.duty == duty]
    return found


def act(name: str, at: str, key: str, version: int, **more: Any) -> CaseEvent:
    more.setdefault("id", f"{name}@{at}")
    return event(PSB, name, at, work_item=key, work_version=version, to=(AMR,), **more)


OPEN = until("referral.accepted")
KEY = item(folded(OPEN), "decide_filing").key


def test_an_item_offers_words_that_publish_events() -> None:
    found = item(folded(OPEN), "decide_filing")
    assert found.agency == PSB
    assert found.actions["file"] == "casebus.referral.filed.v1"
    assert found.actions["take"] == "casebus.work.taken.v1"
    assert (found.version, found.is_open, found.taken_by) == (1, True, None)
    assert found.due.isoformat() == "2026-03-09T23:59:59+08:00"


def test_taking_an_item_names_the_officer_and_counts_a_version() -> None:
    case = folded([*OPEN, act("work.taken", "2026-03-07 10:00", KEY, 1, actor="officer-7")])
    assert (item(case, "decide_filing").taken_by, item(case, "decide_filing").version) == (
        "officer-7",
        2,
    )
    assert kinds(case) == []


def test_an_act_that_names_and_closes_an_item_counts_once() -> None:
    case = folded([*OPEN, act("referral.filed", "2026-03-09", KEY, 1, id="filed")])
    found = item(case, "decide_filing")
    assert (found.version, found.closed_by) == (2, (PSB, "filed"))


def test_an_act_closes_its_item_without_naming_it() -> None:
    case = folded([*OPEN, event(PSB, "referral.filed", "2026-03-09", to=(AMR,))])
    assert not item(case, "decide_filing").is_open


def test_of_two_acts_on_one_version_the_second_is_superseded_and_not_folded() -> None:
    refused = act("referral.filing_refused", "2026-03-09", KEY, 1)
    filed = act("referral.filed", "2026-03-09 10:00", KEY, 1)
    case = folded([*OPEN, filed, refused])
    assert case.status == "not_filed"
    [found] = case.findings
    assert (found.kind, found.event, found.tell) == ("superseded", filed.identity, (PSB,))
    assert (found.detail["version_seen"], found.detail["version"]) == ("1", "2")


def test_the_next_version_may_be_acted_on() -> None:
    taken = act("work.taken", "2026-03-08", KEY, 1, actor="officer-7")
    filed = act("referral.filed", "2026-03-09", KEY, 2)
    assert (folded([*OPEN, taken, filed]).status, kinds(folded([*OPEN, taken, filed]))) == (
        "filed",
        [],
    )


def test_an_author_who_saw_no_version_is_not_superseded() -> None:
    taken = act("work.taken", "2026-03-08", KEY, 1, actor="officer-7")
    filed = act("referral.filed", "2026-03-09", KEY, 0)
    assert kinds(folded([*OPEN, taken, filed])) == []


def test_naming_a_foreign_or_unknown_item_is_a_data_finding() -> None:
    foreign = item(folded(until("referral.supplement_requested")), "supplement").key
    events = [
        *until("referral.supplement_requested"),
        act("case.noted", "2026-03-08", foreign, 1),
        act("case.noted", "2026-03-08 09:00", "no-such-key", 1),
    ]
    case = folded(events)
    assert kinds(case) == ["data_quality", "data_quality"]
    assert item(case, "supplement").version == 1


def test_a_forwarded_case_is_the_new_polices_work() -> None:
    events = [
        *until("referral.receipted"),
        event(PSB, "referral.forwarded", "2026-03-06 10:00", to=(OTHER_PSB, AMR)),
    ]
    open_items = [(one.duty, one.agency) for one in folded(events).work if one.is_open]
    assert open_items == [("sign_receipt", OTHER_PSB)]


def test_keys_are_the_same_in_every_fold() -> None:
    assert item(folded(list(reversed(OPEN))), "decide_filing").key == KEY


def test_work_that_an_import_opened_is_history() -> None:
    case = folded([event(AMR, "referral.proposed", "2026-03-02", imported=True)])
    assert [one.historic for one in case.work] == [True]
