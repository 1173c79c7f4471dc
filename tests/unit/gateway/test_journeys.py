"""Why a case is stuck: what holds it inside the bus comes before what an agency owes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.console.languages import texts
from gateway.monitoring.journeys import SENTENCES, Facts, stages, why

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)
OPEN = {"status": "sent", "suspended": None}
STEP: dict[str, Any] = {
    "id": "e1",
    "recipients": ["psb"],
    "recorded_at": NOW,
    "routed_at": NOW,
    "hosted": {"psb": True},
    "delivered": {"psb": NOW},
    "opened": {"psb": NOW},
}
PLACE = {"service": "casework", "topic": "case.journal", "partition": 1, "done": 5, "ends": 9}
OWED = {"agency": "psb", "duty": "decide", "title": "决定", "due": NOW - timedelta(days=1)}
UNSENT = {"event_id": "e2", "source": "amr", "created_at": NOW, "refused": None}
REFUSAL = {"event_id": "e3", "source": "amr", "reason": "unknown_key", "rejected_at": NOW}
#: What holds a case, the innermost first.
CAUSES: list[tuple[str, dict[str, Any]]] = [
    ("law", {"law": "no bundle"}),
    ("suspended", {"standing": {**OPEN, "suspended": "boom"}}),
    ("stands", {"stalled": frozenset({("casework", "case.journal", 1)}), "places": [PLACE]}),
    ("unsent", {"unsent": [UNSENT]}),
    ("rejected", {"refusals": [REFUSAL]}),
    ("behind", {"places": [PLACE]}),
    ("not_routed", {"steps": [{**STEP, "routed_at": None}]}),
    ("overdue", {"owed": [OWED]}),
]


def facts(**known: Any) -> Facts:
    return replace(Facts(partition=1, now=NOW, standing=OPEN), **known)


@pytest.mark.parametrize(("code", "known"), CAUSES, ids=[code for code, _ in CAUSES])
def test_each_cause_alone_is_the_one_that_is_told(code: str, known: dict[str, Any]) -> None:
    assert why(facts(**known)).code == code


def test_of_two_causes_the_inner_one_is_told() -> None:
    for at in range(len(CAUSES)):
        known: dict[str, Any] = {}
        for _, more in reversed(CAUSES[at:]):
            known |= more
        assert why(facts(**known)).code == CAUSES[at][0]


@pytest.mark.parametrize(
    ("code", "step"),
    [
        ("not_delivered", {"delivered": {}, "opened": {}}),
        ("not_opened", {"opened": {}}),
        # Its own system's inbox is the delivery: nothing more is known of it.
        ("nothing", {"hosted": {"psb": False}, "delivered": {}, "opened": {}}),
        ("nothing", {}),
    ],
)
def test_what_was_handed_over_is_looked_after(code: str, step: dict[str, Any]) -> None:
    assert why(facts(steps=[{**STEP, **step}])).code == code


def test_a_refused_record_an_unopened_case_and_what_is_not_due_yet() -> None:
    assert why(facts(unsent=[{**UNSENT, "refused": "too_large"}])).code == "refused"
    assert why(facts(standing={"status": "unopened", "suspended": None})).code == "unopened"
    later = {**OWED, "due": NOW + timedelta(days=1)}
    assert why(facts(owed=[later])).code == "owed"
    # Who is late is told before who is not.
    assert why(facts(owed=[later, OWED])).code == "overdue"
    assert why(facts(owed=[{**OWED, "due": None}])).code == "owed"


def test_every_cause_has_a_sentence_in_the_api_and_in_both_languages() -> None:
    for code in SENTENCES:
        assert f"ops.stuck.{code}" in texts()
    for code, known in CAUSES:
        said = why(facts(**known)).in_words()
        assert "{" not in said, code
        assert said.endswith("."), code


def test_the_stages_say_how_long_each_took_and_none_runs_back() -> None:
    step = {
        "stored_at": NOW,
        "sent_at": NOW + timedelta(seconds=2),
        "appended_at": NOW + timedelta(seconds=3),
        "recorded_at": NOW + timedelta(seconds=3),
        "routed_at": NOW + timedelta(seconds=10),
        # Of another machine's clock.
        "delivered": {"psb": NOW + timedelta(seconds=9)},
        "opened": {"psb": NOW + timedelta(hours=1)},
    }
    found = stages(step, folded=True)
    names = [one["stage"] for one in found]
    assert names == ["stored", "sent", "recorded", "folded", "routed", "delivered", "opened"]
    assert [one["waited_seconds"] for one in found] == [None, 2.0, 1.0, 0.0, 7.0, 0.0, 3590.0]
    assert "folded" not in [one["stage"] for one in stages(step, folded=False)]
