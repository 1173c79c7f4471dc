"""Storyline 1 on the embedded stack after a year of imported history: what its YAML cannot say.

Import, receipts, inboxes by the command, numbers as people type them, and agreement of the stores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from casebus.errors import CasebusError
from onebox.agencies import AGENCIES
from onebox.testing import Stack
from operations.provision.agencies import read_agencies
from rehearsal.scenario import storyline
from rehearsal.scenario.player import Played as Play
from rehearsal.scenario.playground import EXAMPLES, IMPORTER, Playground

# Starting everything, importing 233 cases and playing 38 steps takes a minute on idle cores.
pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(900)]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
COURT, ARB, CITY = "cn-330106-court", "cn-330100-arb", "cn-330100-amr"
DISTRICTS = [one for one in read_agencies(AGENCIES) if one.delivery != "none"]
REGULATORS = [one.id for one in DISTRICTS if one.sector == "administrative"]
HOSTED = [one.id for one in DISTRICTS if one.delivery == "hosted"]
BREACHED = "casebus.clock.breached.v1"


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


@pytest.fixture(scope="module")
def played() -> Iterator[Played]:
    one = storyline.read(EXAMPLES / "storyline-1.yaml")
    with Stack() as stack, Playground(stack) as ground:
        imported = ground.import_history()
        ground.await_cases(REGULATORS, imported["rows_taken"])
        [play] = ground.player([one]).play()
        history = ground.user(AMR).casebus("history", play.case)
        yield Played(ground, play, play.case, imported, history)


def test_it_comes_out_as_the_storyline_says(played: Played) -> None:
    assert played.play.problems == []


def test_every_agency_of_the_case_sees_the_same_order(played: Played) -> None:
    order = [one["id"] for one in played.events]
    for agency in (PSB, PRO, COURT, ARB, CITY):
        seen = played.ground.user(agency).gateway.history(played.case)
        assert [one["id"] for one in seen] == order


def test_the_late_hand_over_is_told_when_due_and_grace_are_over(played: Played) -> None:
    [breach] = [one for one in played.events if one["type"] == BREACHED]
    assert breach["recipients"] == breach["data"]["told"] == [CITY, PRO]
    # Not when the goods came at last.
    assert breach["recorded_at"] == "2026-04-14T04:30:00Z"


@pytest.mark.parametrize("agency", [AMR, PSB, PRO, COURT, ARB, CITY])
def test_the_inbox_has_what_was_sent_to_the_agency_once_and_nothing_else(
    played: Played, agency: str
) -> None:
    """By `casebus inbox`, which reads the regulator's from its own topic."""
    sent = [one["id"] for one in played.events if agency in one["recipients"]]
    got = [one["id"] for one in played.ground.inbox(agency, played.case)]
    assert sorted(got) == sorted(sent)
    assert sent


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
