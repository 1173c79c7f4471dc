"""What the front door admits with a flag."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from casebus.admission import judge as judging_module
from casebus.admission import recipients
from casebus.admission.judge import (
    Judge,
)
from casebus.events.partition import partition_for
from casebus.rejections import Flag
from casebus.trust.keys import SigningKey
from tests.laws import LAW
from tests.unit.admission.judging import AMR, HOSTED, PRO, PSB, arrival, judge, sent
from tests.world import NOW, SCHEMAS, World


def test_an_unknown_recipient_is_flagged_and_the_event_admitted(world):
    admitted = judge(world, sent(world, to=(PSB, "cn-000000-none")))
    assert admitted.flags == (Flag.UNKNOWN_RECIPIENT,)
    assert admitted.delivery.unknown == ("cn-000000-none",)
    assert PSB in admitted.delivery.recipients


def test_another_partitioner_is_flagged_and_the_event_admitted(world):
    record = sent(world)
    wrong = (partition_for(record.key or b"", 4) + 1) % 4
    assert judge(world, record, partition=wrong).flags == (Flag.WRONG_PARTITION,)


@pytest.mark.parametrize("years", [-20, 20])
def test_a_clock_years_off_is_flagged_and_the_event_admitted(world, years):
    record = sent(world, time=NOW + timedelta(days=365 * years))
    assert judge(world, record).flags == (Flag.ABSURD_TIME,)


def test_what_an_import_minted_bears_the_time_of_what_happened_however_long_ago(world):
    old = sent(world, time=NOW - timedelta(days=365 * 20), importid=str(uuid4()))
    assert judge(world, old).flags == ()
    ahead = sent(world, time=NOW + timedelta(days=365 * 20), importid=str(uuid4()))
    assert judge(world, ahead).flags == (Flag.ABSURD_TIME,)


def test_in_a_scenario_the_scenarios_time_is_no_clock_years_off(world):
    scenario = NOW + timedelta(days=365 * 20)
    judging = Judge(SCHEMAS, world.directory, LAW, HOSTED, lambda: scenario)
    assert judging(arrival(sent(world, time=scenario))).flags == ()
    beside = scenario + timedelta(days=365 * 20)
    assert judging(arrival(sent(world, time=beside))).flags == (Flag.ABSURD_TIME,)


def register(world: World, agency: str, sector: str, level: str, above: str = "") -> None:
    entry = {"agency": agency, "name": agency, "sector": sector, "level": level}
    more = {"division": agency.split("-")[1], "superior": above, "delivery": "hosted"}
    world.say("directory.agency_registered", **entry, **more)
    world.keys[agency] = SigningKey.generate()
    world.add_key(agency, world.keys[agency])


CITY_AMR, PROVINCE_AMR, RIVAL = "cn-330100-amr", "cn-330000-amr", "cn-330108-amr"


@pytest.mark.parametrize(
    ("author", "flags"),
    [(CITY_AMR, ()), (PROVINCE_AMR, (Flag.NOT_THE_COMMON_SUPERIOR,))],
)
def test_who_designates_and_is_not_the_common_superior_is_flagged_and_admitted(
    world, author, flags
):
    register(world, PROVINCE_AMR, "administrative", "province")
    register(world, RIVAL, "administrative", "county", CITY_AMR)
    body = {"agency": AMR, "other_agency": RIVAL}
    record = world.event("jurisdiction.designated", author, to=(AMR, RIVAL), data=body)
    assert judge(world, record).flags == flags


@pytest.mark.parametrize("body", [{}, {"agency": AMR}, {"agency": AMR, "other_agency": "cn-0-x"}])
def test_a_designation_that_does_not_name_two_known_agencies_is_not_judged(world, body):
    register(world, PROVINCE_AMR, "administrative", "province")
    record = world.event("jurisdiction.designated", PROVINCE_AMR, to=(AMR,), data=body)
    assert judge(world, record).flags == ()


@pytest.mark.parametrize(
    ("police", "level"),
    [("cn-330100-psb", "city"), ("cn-330108-psb", "county")],
)
def test_a_transfer_to_police_of_another_level_or_division_is_flagged_and_admitted(
    world, police, level
):
    register(world, police, "police", level)
    admitted = judge(world, sent(world, to=(police,)))
    assert admitted.flags == (Flag.NOT_THE_SAME_LEVEL,)
    assert police in admitted.delivery.recipients
    assert judge(world, sent(world)).flags == ()


def test_customs_transfer_to_their_own_police_which_are_of_no_division(world):
    register(world, "cn-330100-cus", "customs", "city")
    register(world, "cn-330100-psb", "police", "city")
    register(world, "cn-000000-asb", "police", "city")
    record = world.event("referral.sent", "cn-330100-cus", to=("cn-000000-asb",))
    assert judge(world, record, "events.customs").flags == ()


def test_where_there_are_no_police_of_the_level_a_transfer_is_not_judged(world):
    assert judge(world, world.event("referral.sent", CITY_AMR, to=(PSB,))).flags == ()


def test_whom_no_topic_reaches_is_flagged_and_nobody_else_waits(world):
    """The bus takes no delivery, and of a sector whose intake is not here nothing is read."""
    record = sent(world, to=("bus", PSB))
    admitted = judge(world, record)
    assert (admitted.delivery.unknown, admitted.flags) == (("bus",), (Flag.UNKNOWN_RECIPIENT,))
    assert admitted.delivery.recipients == (PSB, PRO)
    elsewhere = Judge(SCHEMAS, world.directory, LAW, HOSTED - {"police"})
    assert elsewhere(arrival(record)).delivery.unknown == ("bus", PSB)


@pytest.mark.parametrize(
    ("ahead", "flags"),
    [
        (timedelta(days=1), (Flag.ABSURD_TIME,)),
        (timedelta(days=1) - timedelta(seconds=1), ()),
        (-timedelta(days=3653), (Flag.ABSURD_TIME,)),
        (-timedelta(days=3653) + timedelta(seconds=1), ()),
    ],
)
def test_a_clock_is_off_by_a_day_ahead_or_ten_years_behind(world, ahead, flags):
    assert judge(world, sent(world, time=NOW + ahead)).flags == flags


def test_a_clock_years_behind_the_brokers_and_the_scenarios_is_flagged(world):
    judging = Judge(SCHEMAS, world.directory, LAW, HOSTED, lambda: NOW + timedelta(days=1))
    old = sent(world, time=NOW - timedelta(days=365 * 20))
    assert judging(arrival(old)).flags == (Flag.ABSURD_TIME,)


@pytest.mark.parametrize(
    ("imported", "scenario", "counts"),
    [
        (False, None, "2026-03-05"),
        (False, NOW + timedelta(days=2), "2026-03-07"),
        (False, NOW + timedelta(days=9), "2026-03-09"),
        (True, None, "2026-03-09"),
    ],
)
def test_a_date_ahead_counts_for_whose_venue_it_is_as_of_the_day_of_its_admission(
    world, monkeypatch, imported, scenario, counts
):
    days = []

    def resolves(event, *rest):
        days.append(str(event.legal.date))
        return recipients.resolve(event, *rest)

    monkeypatch.setattr(judging_module, "resolve", resolves)
    record = sent(world, legal="2026-03-09", **({"importid": str(uuid4())} if imported else {}))
    now = None if scenario is None else lambda: scenario
    Judge(SCHEMAS, world.directory, LAW, HOSTED, now)(arrival(record))
    assert days == [counts]
