"""Why a case is stuck: what holds it inside the bus comes before what an agency owes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from gateway.console.languages import texts
from gateway.monitoring.journeys import SENTENCES, EventWay, Facts, stages, why
from storage.operating import (
    CaseStanding,
    OpenDuty,
    RecordedStep,
    RefusedEvent,
    ServicePlace,
    UnsentEvent,
)

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)
OPEN = CaseStanding(UUID(int=1), "two_way", "sent", closed=False, suspended=None, updated_at=NOW)
STEP = RecordedStep(
    source="amr",
    id="e1",
    type="casebus.referral.sent.v1",
    author="amr",
    recipients=["psb"],
    recorded_at=NOW,
    epoch=1,
    partition=1,
    log_index=4,
    appended_at=NOW,
    kafka_offset=4,
    stored_at=NOW,
    sent_at=NOW,
    routed_at=NOW,
)
WAY = EventWay(STEP, hosted={"psb": True}, delivered={"psb": NOW}, opened={"psb": NOW})
PLACE = ServicePlace("casework", "case.journal", 1, 5, 9, rate=0.0, waits_since=None, oldest=0.0)
OWED = OpenDuty("psb", "decide", "决定", NOW - timedelta(days=1))
UNSENT = UnsentEvent("outbox", "case.journal", "amr", "e2", NOW, refused=None)
REFUSAL = RefusedEvent(1, 2, "events.police", "amr", "e3", "unknown_key", NOW)
#: What holds a case, the innermost first.
CAUSES: list[tuple[str, dict[str, Any]]] = [
    ("law", {"law": "no bundle"}),
    ("suspended", {"standing": OPEN._replace(suspended="boom")}),
    ("stands", {"stalled": frozenset({("casework", "case.journal", 1)}), "places": [PLACE]}),
    ("unsent", {"unsent": [UNSENT]}),
    ("rejected", {"refusals": [REFUSAL]}),
    ("behind", {"places": [PLACE]}),
    ("not_routed", {"steps": [WAY._replace(step=STEP._replace(routed_at=None))]}),
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
    assert why(facts(steps=[WAY._replace(**step)])).code == code


def test_a_refused_record_an_unopened_case_and_what_is_not_due_yet() -> None:
    assert why(facts(unsent=[UNSENT._replace(refused="too_large")])).code == "refused"
    assert why(facts(standing=OPEN._replace(status="unopened"))).code == "unopened"
    later = OWED._replace(due=NOW + timedelta(days=1))
    assert why(facts(owed=[later])).code == "owed"
    # Who is late is told before who is not.
    assert why(facts(owed=[later, OWED])).code == "overdue"
    assert why(facts(owed=[OWED._replace(due=None)])).code == "owed"


def test_every_cause_has_a_sentence_in_the_api_and_in_both_languages() -> None:
    for code in SENTENCES:
        assert f"ops.stuck.{code}" in texts()
    for code, known in CAUSES:
        said = why(facts(**known)).in_words()
        assert "{" not in said, code
        assert said.endswith("."), code


def test_the_stages_say_how_long_each_took_and_none_runs_back() -> None:
    step = STEP._replace(
        stored_at=NOW,
        sent_at=NOW + timedelta(seconds=2),
        appended_at=NOW + timedelta(seconds=3),
        recorded_at=NOW + timedelta(seconds=3),
        routed_at=NOW + timedelta(seconds=10),
    )
    # Delivered by another machine's clock.
    delivered, opened = {"psb": NOW + timedelta(seconds=9)}, {"psb": NOW + timedelta(hours=1)}
    way = WAY._replace(step=step, delivered=delivered, opened=opened)
    found = stages(way, folded=True)
    names = [one["stage"] for one in found]
    assert names == ["stored", "sent", "recorded", "folded", "routed", "delivered", "opened"]
    assert [one["waited_seconds"] for one in found] == [None, 2.0, 1.0, 0.0, 7.0, 0.0, 3590.0]
    assert "folded" not in [one["stage"] for one in stages(way, folded=False)]
