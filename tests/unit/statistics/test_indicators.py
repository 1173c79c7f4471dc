from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from casebus.cases.facts import FactReader
from casebus.errors import CasebusError
from casebus.law.loader import LawError
from casebus.statistics.answers import dimensions
from casebus.statistics.indicators import Indicator, Indicators
from casebus.statistics.steps import steps_of
from tests.case_events import AMR, LAW, PSB, event
from tests.world import SCHEMAS

ROOT = Path(__file__).parents[3]
KNOWN = Indicators.load(ROOT / "policies/statistics")


@pytest.mark.parametrize("one", KNOWN.by_id.values(), ids=list(KNOWN.by_id))
def test_each_indicator_counts_what_the_catalogue_has(one: Indicator) -> None:
    known = one
    for name in (*known.events, *known.followed_by):
        SCHEMAS.latest(f"casebus.{name}.v1")
    fields = {
        row["name"]
        for name in known.events
        for row in SCHEMAS.latest(f"casebus.{name}.v1").body["fields"]
    }
    assert {*known.where, known.value, known.amount} - {""} <= fields


def test_the_minimum_of_the_mandate_is_there() -> None:
    minimum = """transfers_sent transfers_accepted transfers_filed transfers_not_filed
        supervision_requests supervision_reversals steps reverse_transfers reverse_transfer_replies
        goods_in_custody mediation_success confirmations takedowns counter_notices measures_lifted
        transfers_across_provinces listings removals seizures destructions fines punitive_damages
        publication_rate enforcement_in_15_days enforcement_in_30_days centre_intake centre_days
        centre_routes"""
    assert set(minimum.split()) <= set(KNOWN.by_id)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{kind: share, events: [referral.sent]}", "followed_by"),
        ("{kind: sum, events: [referral.sent]}", "amount"),
        ("{kind: count}", "events"),
        ("{kind: mean, events: [referral.sent]}", "kind"),
        ("{kind: count, events: [referral.sent], evnts: []}", "evnts"),
    ],
)
def test_a_definition_that_cannot_be_counted_is_refused(
    text: str, reason: str, tmp_path: Path
) -> None:
    rest = "id: x, title: {zh: x, en: x}, paragraph: （二）, "
    whole = f"shared_with: [court]\nindicators:\n  - {{{rest}{text[1:]}\n"
    (tmp_path / "indicators.yaml").write_text(whole, encoding="utf-8")
    with pytest.raises(LawError, match=reason):
        Indicators.load(tmp_path)


def test_an_indicator_that_is_not_there_is_named() -> None:
    with pytest.raises(CasebusError, match="nothing") as refused:
        KNOWN.named(["fines", "nothing"])
    assert refused.value.code == "unknown_indicator"


@pytest.mark.parametrize(
    ("by", "shared"),
    [
        (("weekday",), False),
        (("city", "division"), False),
        (("agency",), True),
        (("month", "offence", "right"), True),
    ],
)
def test_dimensions_that_cannot_be_had_are_refused(by: tuple[str, ...], *, shared: bool) -> None:
    with pytest.raises(CasebusError):
        dimensions(by, shared=shared)


def test_each_step_has_a_trigger_and_an_end_of_the_catalogue() -> None:
    steps = steps_of(LAW)
    assert "T08" in {one.clock for one in steps}
    for one in steps:
        assert one.title
        for name in (*one.starts, *one.stops):
            SCHEMAS.latest(f"casebus.{name}.v1")


READER = FactReader(SCHEMAS)


def test_a_fact_has_amounts_and_outcomes_and_no_name() -> None:
    decided = event(
        AMR,
        "penalty.decided",
        "2026-03-02",
        title="张三案",
        offence="214",
        fine={"fen": 500, "currency": "CNY"},
        repeat=True,
        heavier=False,
        display_severity="SERIOUS",
        parties=[{"name": "张三"}],
        rights=[{"kind": "TRADEMARK"}, {"kind": "TRADEMARK"}, {"kind": "OTHER"}],
    )
    [fact] = READER.facts(decided, [decided])
    assert fact.said == {"fine": 500, "repeat": True, "display_severity": "SERIOUS"}
    assert (fact.type, fact.offence, fact.rights) == ("penalty.decided", "214", ["TRADEMARK"])
    assert "张三" not in str(fact)


def test_hand_overs_and_most_words_of_the_bus_are_no_facts() -> None:
    names = ("intake.opened", "work.taken", "import.opened", "relay.checkpoint", "law.adopted")
    for source, name in (*((PSB, name) for name in names), ("bus", "case.copy_due")):
        one = event(source, name, "2026-03-02")
        assert not list(READER.facts(one, [one]))


def test_only_a_finding_of_missing_standing_takes_an_act_out() -> None:
    about: dict[str, Any] = {"event_source": PSB, "event_id": "x"}
    for kind, count in (("no_standing", 1), ("data_quality", 0)):
        one = event("bus", "finding.raised", "2026-03-02", kind=kind, **about)
        assert len(list(READER.facts(one, [one]))) == count


def test_a_correction_by_another_agency_changes_no_fact() -> None:
    sent = event(AMR, "referral.sent", "2026-03-02", offence="214", position=1)
    fix = event(
        PSB,
        "case.corrected",
        "2026-03-03",
        position=2,
        corrected_source=AMR,
        corrected_id=sent.id,
        changes={"offence": '"213"'},
    )
    assert [fact.type for fact in READER.facts(fix, [sent, fix])] == ["case.corrected"]


def test_the_reference_lists_each_indicator_with_its_paragraph() -> None:
    text = (ROOT / "docs/how-to/statistics.md").read_text(encoding="utf-8")
    for one in KNOWN.by_id.values():
        [line] = [row for row in text.splitlines() if row.startswith(f"| {one.id} |")]
        assert f"{one.title.zh} {one.title.en}" in line
        assert line.endswith(f"{one.paragraph} |")
        for name in (*one.events, *one.followed_by):
            assert name in line


def test_an_omission_is_counted_as_that_of_the_agency_whose_figures_show_it() -> None:
    decided = event(AMR, "penalty.decided", "2026-03-02", offence="214", position=1)
    about: dict[str, Any] = {"event_source": f"{AMR}/desk", "event_id": decided.id}
    for name in ("finding.raised", "finding.withdrawn"):
        one = event("bus", name, "2026-03-20", kind="omission", **about)
        [fact] = READER.facts(one, [decided, one])
        assert (fact.author, fact.sector, fact.said["kind"]) == (AMR, "administrative", "omission")
        # What it is about stays counted.
        assert (fact.about_source, fact.about_id) == ("", "")
