"""Where a matter belongs, by the rules of policies/law and the example directory."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from casebus.law.venues import VenueMatter
from tests.laws import LAW

DAY = dt.date(2026, 5, 6)


@dataclass(frozen=True)
class Office:
    id: str
    sector: str
    level: str
    division: str
    superior: str | None


OFFICES = {
    row["id"]: Office(*(row[name] for name in ("id", "sector", "level", "division", "superior")))
    for row in yaml.safe_load(Path("examples/agencies.yaml").read_text(encoding="utf-8"))
}


class Directory:
    def agency(self, name: str) -> Office | None:
        return OFFICES.get(name)

    def in_division(self, division: str, sector: str, level: str) -> list[Office]:
        wanted = (division, sector, level)
        return [one for one in OFFICES.values() if (one.division, one.sector, one.level) == wanted]


def find(event: str, author: str, body: dict[str, Any], day: dt.date = DAY) -> tuple[Any, str]:
    matter = VenueMatter(body, OFFICES[author], day, Directory())
    found = LAW.venues.find(f"casebus.{event}.v1", matter)
    return (found.agencies, found.rule) if found else ((), "")


def test_a_suspected_crime_goes_to_the_police_of_the_same_division_and_level() -> None:
    assert find("referral.sent", "cn-330106-amr", {}) == (("cn-330106-psb",), "T03")
    assert find("referral.sent", "cn-330100-amr", {})[0][0] == "cn-330100-psb"


def test_a_report_on_a_platform_s_seller_goes_where_the_seller_trades() -> None:
    body = {
        "on_platform": True,
        "seller_place": {"code": "330108"},
        "act_place": {"code": "330106"},
    }
    assert find("lead.reported", "cn-330106-amr", body) == (("cn-330108-amr",), "A01b")


def test_a_report_goes_to_the_place_of_the_act_in_the_division_of_today() -> None:
    # 330104 (江干区) went into 330102 in 2021.
    body = {"act_place": {"code": "330104"}}
    assert find("lead.reported", "cn-330106-amr", body)[0] == ("cn-330102-amr",)


def test_two_offices_that_dispute_go_to_the_superior_that_both_have() -> None:
    body = {"other_agency": "cn-330108-amr"}
    assert find("jurisdiction.disputed", "cn-330106-amr", body) == (("cn-330100-amr",), "A11")


def test_offices_of_two_provinces_go_to_the_national_superior() -> None:
    body = {"other_agency": "cn-440106-amr"}
    assert find("jurisdiction.disputed", "cn-330106-amr", body)[0] == ("cn-000000-amr",)


@pytest.mark.parametrize("body", [{}, {"other_agency": "nobody"}, {"other_agency": 7}])
def test_a_body_that_does_not_say_enough_finds_nobody(body: dict[str, Any]) -> None:
    assert find("jurisdiction.disputed", "cn-330106-amr", body) == ((), "")


def test_no_rule_holds_before_the_first_known_law() -> None:
    assert find("referral.sent", "cn-330106-amr", {}, dt.date(2001, 7, 8)) == ((), "")


def test_the_court_that_invited_the_mediation_confirms_its_agreement() -> None:
    body = {"invited_by": "cn-330106-court", "party_places": [{"code": "330108"}]}
    assert find("judicial_confirmation.applied", "cn-330100-med", body)[0] == ("cn-330106-court",)


def test_an_agreement_about_a_patent_is_confirmed_by_the_intermediate_court() -> None:
    body = {"rights": [{"kind": "INVENTION"}], "party_places": [{"code": "330108"}]}
    assert find("judicial_confirmation.applied", "cn-330100-med", body)[0][0] == "cn-330100-court"
    body["rights"] = [{"kind": "TRADEMARK"}]
    assert find("judicial_confirmation.applied", "cn-330100-med", body)[0] == ("cn-330108-court",)


@pytest.mark.parametrize(
    ("body", "court"),
    [
        ({"instrument": "AWARD", "debtor_place": {"code": "440106"}}, "cn-440100-court"),
        ({"instrument": "JUDGMENT", "instrument_court": "cn-330108-court"}, "cn-330108-court"),
        ({"instrument": "JUDGMENT", "property_place": {"code": "440106"}}, "cn-440106-court"),
        ({"instrument": "CONFIRMATION", "debtor_place": {"code": "330109"}}, "cn-330109-court"),
    ],
)
def test_who_enforces_goes_by_the_instrument(body: dict[str, Any], court: str) -> None:
    assert find("enforcement.requested", "cn-330106-court", body)[0][0] == court


def test_technical_cases_of_several_cities_are_tried_by_one_designated_court() -> None:
    body = {"rights": [{"kind": "UTILITY_MODEL"}], "defendant_place": {"code": "330402"}}
    assert find("civil_suit.received", "cn-330106-court", body)[0][0] == "cn-330100-court"


@pytest.mark.parametrize(
    ("event", "author", "body"),
    [
        ("penalty.pushed", "cn-330106-amr", {"home_place": {"code": "440106"}}),
        ("penalty.pushed", "cn-330106-amr", {"organisations": [{"division": {"code": "440106"}}]}),
        ("pledge.registered", "cn-000000-exa", {"pledgor": {"division": {"code": "440106"}}}),
        ("spot_check.result", "cn-330106-amr", {"organisation": {"division": {"code": "440106"}}}),
        ("pledge.changed", "cn-000000-exa", {"pledgor": {"uscc": "91440106MA59AAAA0W"}}),
        ("fair.referred", "cn-330100-amr", {"home_place": {"code": "440106"}}),
    ],
)
def test_what_concerns_an_enterprise_goes_to_the_regulator_of_its_home_province(
    event: str, author: str, body: dict[str, Any]
) -> None:
    assert find(event, author, body)[0] == ("cn-440000-amr",)


def test_a_patent_dispute_of_national_impact_goes_to_the_national_office() -> None:
    body = {"national_impact": True, "home_place": {"code": "440106"}}
    assert find("patent_ruling.requested", "cn-330100-amr", body) == (("cn-000000-exa",), "P02")
    body["national_impact"] = False
    assert find("patent_ruling.requested", "cn-330100-amr", body) == (("cn-440100-amr",), "P02a")
