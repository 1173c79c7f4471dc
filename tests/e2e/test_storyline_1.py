"""Storyline 1 on the embedded stack, through the CLI and the gateway, as its people would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from casebus.errors import CasebusError
from onebox.provision.directory import read_agencies
from onebox.provision.installation import AGENCIES
from onebox.scenario import storyline
from onebox.scenario.player import Played as Play
from onebox.scenario.playground import EXAMPLES, IMPORTER, Playground
from onebox.testing import Stack

# Starting everything, importing 233 cases and playing 26 steps takes a minute on idle cores.
pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(900)]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
COURT, ARB, CITY = "cn-330106-court", "cn-330100-arb", "cn-330100-amr"
DISTRICTS = [one for one in read_agencies(AGENCIES) if one.delivery != "none"]
REGULATORS = [one.id for one in DISTRICTS if one.sector == "administrative"]
HOSTED = [one.id for one in DISTRICTS if one.delivery == "hosted"]
BREACHED = "casebus.clock.breached.v1"
#: Words of the transfer, whose order is told; the raid and the list have words of their own.
TRANSFER = ("referral.", "case.", "clock.")


@dataclass
class Played:
    """The stack after the play, and the case as its opener sees it."""

    ground: Playground
    play: Play
    case: str
    imported: dict[str, Any]
    history: dict[str, Any]

    @property
    def events(self) -> list[dict[str, Any]]:
        return list(self.history["events"])

    @property
    def streams(self) -> set[str]:
        """Every stream of the play: the case, and the list beside it."""
        return {self.play.names.stream(one) for one in self.play.storyline.streams}

    def received(self, agency: str) -> list[str]:
        """What came of the case, but for early warnings."""
        types = [short(one["type"]) for one in self.ground.inbox(agency, self.case)]
        return [one for one in types if one != "clock.warned"]


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    one = storyline.read(EXAMPLES / "storyline-1.yaml")
    with Stack() as stack, Playground(stack) as ground:
        imported = ground.import_history()
        ground.await_cases(REGULATORS, imported["rows_taken"])
        [play] = ground.player([one]).play()
        history = ground.user(AMR).casebus("history", play.case)
        yield Played(ground, play, play.case, imported, history)


def short(ce_type: str) -> str:
    return ce_type.removeprefix("casebus.").removesuffix(".v1")


def test_what_people_did_stands_in_one_order_the_law_s(played: Played) -> None:
    told = [short(one["type"]) for one in played.events]
    done = [name for name in told if name.startswith(TRANSFER)]
    acts = [step.type for step in played.play.storyline.acts]
    steps = [name for name in acts if name.startswith(TRANSFER)]
    steps.insert(steps.index("referral.goods_handed_over"), "clock.breached")
    assert [name for name in done if name != "clock.warned"] == steps


def test_it_comes_out_as_the_storyline_says(played: Played) -> None:
    assert played.play.problems == []


def test_every_agency_of_the_case_sees_the_same_order(played: Played) -> None:
    order = [one["id"] for one in played.events]
    for agency in (PSB, PRO, COURT, ARB, CITY):
        seen = played.ground.user(agency).gateway.history(played.case)
        assert [one["id"] for one in seen] == order


def test_the_case_ends_final_with_each_role_filled(played: Played) -> None:
    case = played.history["case"]
    assert case["status"] == "final"
    assert case["opener"] == AMR
    assert case["suspended"] is None
    assert case["roles"] == {
        "administrative": [AMR],
        "police": [PSB],
        "procuratorate": [PRO],
        "court": [COURT],
    }


def test_each_clock_has_its_due_moment_and_its_end(played: Played) -> None:
    clocks = {one["id"]: (one["due"], one["state"]) for one in played.history["clocks"]}
    assert len(played.history["clocks"]) == len(clocks)
    assert clocks == {
        "A04": ("2026-05-28T23:59:59+08:00", "met"),
        # Extended once: the goods were seized on 02-27.
        "A06": ("2026-04-28T23:59:59+08:00", "met"),
        "O01": ("2026-03-09T23:59:59+08:00", "met"),
        "O02": ("2026-03-19T23:59:59+08:00", "met"),
        "T01": (None, "met"),
        "T02": ("2026-03-05T23:59:59+08:00", "met"),
        "T03": ("2026-03-05T15:00:00+08:00", "met"),
        "T04": (None, "met"),
        "T05": ("2026-03-07T10:00:00+08:00", "cancelled"),
        "T06": ("2026-03-08T09:00:00+08:00", "met"),
        "T07": ("2026-03-10T23:59:59+08:00", "met"),
        "T08": ("2026-03-10T23:59:59+08:00", "met"),
        "T10": ("2026-03-13T23:59:59+08:00", "met"),
        # 03-15 is a Sunday.
        "T11": ("2026-03-16T23:59:59+08:00", "met"),
        "T12": ("2026-03-19T23:59:59+08:00", "met"),
        "T13": ("2026-03-27T23:59:59+08:00", "met"),
        # 04-06 is the Qingming holiday.
        "T14": ("2026-04-07T23:59:59+08:00", "cancelled"),
        "T15": ("2026-04-16T23:59:59+08:00", "met"),
        "T16": ("2026-04-16T23:59:59+08:00", "cancelled"),
        "T17": ("2026-07-10T23:59:59+08:00", "met"),
        "T18": ("2026-04-13T23:59:59+08:00", "breached"),
        "T23": ("2026-03-17T23:59:59+08:00", "cancelled"),
        "J01": ("2026-07-15T23:59:59+08:00", "met"),
        "J02": ("2026-09-10T23:59:59+08:00", "met"),
        "J03": ("2026-10-10T23:59:59+08:00", "met"),
        "J04": ("2026-09-11T23:59:59+08:00", "cancelled"),
    }
    assert not any(one["historic"] or one["provisional"] for one in played.history["clocks"])


def test_the_late_hand_over_is_the_only_breach_and_is_told_twice(played: Played) -> None:
    [breach] = [one for one in played.events if one["type"] == BREACHED]
    said = breach["data"]
    assert (said["clock"], said["actor"]) == ("T18", AMR)
    assert said["due"] == "2026-04-13T23:59:59+08:00"
    assert "第十二条" in said["citation"]
    assert breach["recipients"] == said["told"] == [CITY, PRO]
    # It was said on the day after due and grace, not when the goods came at last.
    assert breach["recorded_at"] == "2026-04-14T04:30:00Z"


def test_nobody_is_told_of_a_breach_in_imported_history(played: Played) -> None:
    told = {
        (agency, one["case"])
        for agency in HOSTED
        for one in played.ground.user(agency).gateway.inbox()
        if one["type"] == BREACHED
    }
    assert told == {(CITY, played.case), (PRO, played.case)}


def test_imported_clocks_are_shown_as_historic(played: Played) -> None:
    gateway = played.ground.user(AMR).gateway
    cases = played.ground.cases_opened_by([AMR]) - played.streams
    clocks = [clock for case in cases for clock in gateway.clocks(case)]
    assert len(clocks) > len(cases)
    assert all(one["historic"] and one["breach"] is None for one in clocks)
    assert {"met_late"} <= {one["state"] for one in clocks}
    assert not {"breached", "unconfirmed"} & {one["state"] for one in clocks}


def test_each_row_taken_is_one_case_and_each_row_refused_has_a_reason(played: Played) -> None:
    imported = played.imported
    assert imported["rows_read"] == imported["rows_taken"] + imported["rows_refused"]
    assert imported["rows_taken"] >= 200
    assert sum(imported["codes"].values()) == imported["rows_refused"] + imported["notes"]
    cases = played.ground.cases_opened_by(REGULATORS) - played.streams
    assert len(cases) == imported["rows_taken"]


def test_importing_the_spreadsheet_again_changes_nothing(played: Played) -> None:
    before = played.ground.cases_opened_by(REGULATORS)
    again = played.ground.import_history()
    assert (again["events"], again["corrections"]) == (0, 0)
    assert again["rows_unchanged"] == played.imported["rows_taken"]
    assert played.ground.cases_opened_by(REGULATORS) == before


def test_the_missing_bags_are_on_record(played: Played) -> None:
    [finding] = played.history["case"]["findings"]
    assert (finding["kind"], finding["severity"]) == ("discrepancy", "SERIOUS")
    assert finding["detail"] == {
        "item": "翠屿牌绿茶（250克袋装）",
        "unit": "袋",
        "listed": "1200",
        "received": "1196",
        "difference": "-4",
    }
    [raised] = [one for one in played.events if one["type"] == "casebus.finding.raised.v1"]
    assert raised["data"]["key"] == finding["key"]
    assert sorted(raised["recipients"]) == sorted([AMR, PSB, PRO])


def test_the_regulator_got_every_answer_in_its_own_inbox(played: Played) -> None:
    assert played.received(AMR) == [
        "referral.receipted",
        "referral.accepted",
        "referral.supplement_requested",
        "referral.filing_refused",
        "referral.refusal_upheld",
        "referral.explanation_demanded",
        "referral.filing_ordered",
        "referral.filed",
        "referral.goods_received",
        "finding.raised",
        "referral.investigation_started",
        "referral.judged",
        "referral.finalised",
        "referral.fine_offset",
    ]


def test_the_police_got_the_case_and_what_concerned_them(played: Played) -> None:
    assert sorted(played.received(PSB)) == sorted(
        [
            "referral.sent",
            "referral.supplemented",
            "referral.reconsideration_requested",
            "referral.explanation_demanded",
            "referral.filing_ordered",
            "referral.goods_handed_over",
            "finding.raised",
            "referral.indicted",
            "referral.judged",
            "referral.finalised",
        ]
    )


def test_the_procuratorate_got_its_copy_the_breach_and_the_case(played: Played) -> None:
    assert sorted(played.received(PRO)) == sorted(
        [
            # Nobody addressed it: the law owes it this copy.
            "referral.sent",
            "referral.supervision_requested",
            "referral.explanation_given",
            "referral.filed",
            "clock.breached",
            "finding.raised",
            "referral.prosecution_requested",
            "referral.trial_opened",
            "referral.judged",
            "referral.finalised",
        ]
    )


def test_court_and_arbitration_got_what_concerned_them_and_no_more(played: Played) -> None:
    assert played.received(COURT) == ["referral.indicted"]
    assert played.received(ARB) == ["referral.finalised"]
    assert played.received(CITY) == ["clock.breached"]


def test_the_hand_over_of_the_letter_is_proved_step_by_step(played: Played) -> None:
    [sent] = [one for one in played.events if one["type"] == "casebus.referral.sent.v1"]
    proved = played.ground.user(AMR).casebus("receipts", sent["id"])
    [proved] = proved if isinstance(proved, list) else [proved]
    assert proved["submitted"]
    assert proved["relayed"]
    assert {one["agency"] for one in proved["delivered"]} == {PSB, PRO}
    # The police read it before they signed; the procuratorate has a copy that nobody opened.
    assert [one["agency"] for one in proved["retrieved"]] == [PSB]


def test_local_numbers_find_the_case_however_they_are_typed(played: Played) -> None:
    for agency, number in (
        (AMR, "杭西市监移〔2026〕3号"),
        (PSB, "杭西市监移[2026]3号"),
        (COURT, "(2026)浙0106刑初215号"),
    ):
        found = played.ground.user(agency).casebus("history", number)
        assert found["case"]["id"] == played.case


def test_who_takes_no_part_sees_no_case(played: Played) -> None:
    stranger = played.ground.user("cn-330108-psb").gateway
    with pytest.raises(CasebusError) as refused:
        stranger.case(played.case)
    assert refused.value.code == "not_found"
    assert stranger.cases_with_number("杭西市监移〔2026〕3号") == []


def test_nothing_was_rejected(played: Played) -> None:
    for agency in (*REGULATORS, PSB, PRO, COURT, IMPORTER):
        assert played.ground.user(agency).gateway.rejected() == []


def test_kafka_and_postgresql_agree_to_the_last_record(played: Played) -> None:
    report = played.ground.await_agreement()
    assert report["problems"] == []
    assert report["ok"]
    assert report["counts"]["sequence numbers"] >= played.imported["events"]
