from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from casebus.errors import CasebusError
from casebus.events.envelope import Header, Record
from casebus.events.topics import Topics
from casebus.events.types import INTAKE_RECEIVED, event_name
from casebus.signing.signers import Signers
from services.intake.checks import run_checks
from services.intake.receiving import (
    InboxArrival,
    Reception,
    hosted_recipients,
    received_id,
)
from services.intake.rules import CheckRule, SectorRules, load_rules
from tests.world import NOW, SCHEMAS, World, draft, signed

ROOT = Path(__file__).parents[3]
RULES = load_rules(ROOT / "policies/intake")
AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
LETTER = {"kind": "TRANSFER_LETTER"}
WHOLE = [LETTER, {"kind": "INVESTIGATION_REPORT"}, {"kind": "GOODS_INVENTORY"}]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def inbox_record(record: Record, *recipients: str) -> Record:
    stamps = (("cb-recipients", " ".join(recipients).encode()), ("cb-position", b"1/2/7"))
    return replace(record, headers=(*record.headers, *stamps, ("cb-directory", b"3")))


def arrival_of(world: World, ce_type: str = "referral.sent", **changes: Any) -> InboxArrival:
    record = inbox_record(world.event(ce_type, AMR, **changes), PSB, PRO, AMR)
    return InboxArrival.read(record.value, record.headers)


def reception(world: World) -> Reception:
    return Reception(SCHEMAS, world.directory, RULES, lambda: NOW)


def body_of(world: World, arrival: InboxArrival, agency: str) -> dict[str, Any]:
    known = world.directory.agency(agency)
    assert known is not None
    return SCHEMAS.decode(reception(world).draft(arrival, known).value)[1]


def outcomes(world: World, arrival: InboxArrival, agency: str = PSB) -> dict[str, bool]:
    return {one["name"]: one["passed"] for one in body_of(world, arrival, agency)["checks"]}


def test_every_hosted_sector_has_rules() -> None:
    assert set(Topics.load(ROOT / "schemas").hosted) == set(RULES)


@pytest.mark.parametrize("sector", sorted(RULES))
def test_rules_name_only_events_fields_and_documents_that_exist(sector: str) -> None:
    known = {event_name(one.ce_type): one for one in SCHEMAS}
    for check in RULES[sector].checks:
        for name in check.events:
            fields = {field["name"] for field in known[name].body["fields"]}
            assert {*(check.given or ()), *([check.when] if check.when else ())} <= fields
            if check.enclosed is not None:
                assert fields & {"documents", "document"}
                assert all(kind in known[name].text for kind in check.enclosed)


@pytest.mark.parametrize("sector", sorted(RULES))
def test_every_event_has_a_unit(sector: str) -> None:
    assert all(RULES[sector].unit_for(one.ce_type) for one in SCHEMAS)


def test_a_check_asks_for_exactly_one_thing() -> None:
    with pytest.raises(ValidationError):
        CheckRule(name="x", title="x", citation="x", events=("*",))


def test_unreadable_rules_name_their_file(tmp_path: Path) -> None:
    (tmp_path / "police.yaml").write_text("units: 3\nchecks: []\n")
    with pytest.raises(CasebusError, match=r"police\.yaml"):
        load_rules(tmp_path)


def test_an_incomplete_package_is_warned_of_and_delivered(world: World) -> None:
    arrival = arrival_of(world, data={"documents": [LETTER]})
    [found] = [
        one for one in body_of(world, arrival, PSB)["checks"] if one["name"] == "package_complete"
    ]
    assert not found["passed"]
    assert "调查报告" in found["detail"]
    assert "移送书、" not in found["detail"]


def test_a_whole_package_passes(world: World) -> None:
    arrival = arrival_of(world, data={"documents": WHOLE})
    assert outcomes(world, arrival)["package_complete"]


def test_a_penalty_decision_is_asked_for_only_where_there_was_a_penalty(world: World) -> None:
    assert "penalty_decision_enclosed" not in outcomes(world, arrival_of(world))
    punished = arrival_of(world, data={"penalty_no": "杭西市监处罚〔2026〕1号"})
    assert not outcomes(world, punished)["penalty_decision_enclosed"]


def test_a_transfer_to_another_level_is_warned_of(world: World) -> None:
    rule = [one for one in RULES["police"].checks if one.level]
    police = world.directory.agency(PSB)
    assert police is not None
    [same] = run_checks(rule, {}, world.directory.agency(AMR), police)
    [other] = run_checks(rule, {}, world.directory.agency("cn-330100-amr"), police)
    assert (same["passed"], other["passed"]) == (True, False)


def test_a_sector_without_rules_receives_without_checks(world: World) -> None:
    bare = Reception(SCHEMAS, world.directory, {}, lambda: NOW)
    police = world.directory.agency(PSB)
    assert police is not None
    body = SCHEMAS.decode(bare.draft(arrival_of(world), police).value)[1]
    assert (body["unit"], body["checks"]) == ("", [])


def test_a_body_of_an_unknown_schema_is_delivered_and_said_to_be_unreadable(world: World) -> None:
    arrival = replace(arrival_of(world), value=b"\x00\x00\x01\x00\x00xx")
    assert outcomes(world, arrival) == {"readable": False}


def test_what_is_said_names_the_event_and_where_it_stands(world: World) -> None:
    arrival = arrival_of(world)
    body = body_of(world, arrival, PSB)
    assert (body["agency"], body["event_source"], body["event_id"], body["position"]) == (
        PSB,
        AMR,
        arrival.envelope.id,
        "1/2/7",
    )
    assert body["unit"] == RULES["police"].unit_for("casebus.referral.sent.v1")


def test_it_is_addressed_to_nobody_and_caused_by_what_came(world: World) -> None:
    arrival = arrival_of(world, testdata=True)
    police = world.directory.agency(PSB)
    assert police is not None
    envelope = reception(world).draft(arrival, police).envelope
    assert (envelope.source, envelope.to, envelope.causationid, envelope.testdata) == (
        PSB,
        (),
        (arrival.envelope.id,),
        True,
    )


def test_the_same_delivery_has_the_same_id_and_another_agency_another(world: World) -> None:
    envelope = arrival_of(world).envelope
    assert received_id(envelope, PSB) == received_id(envelope, PSB)
    assert received_id(envelope, PSB) != received_id(envelope, PRO)
    assert received_id(replace(envelope, source=PRO), PSB) != received_id(envelope, PSB)


def test_only_hosted_agencies_of_the_inbox_s_sector_are_received_for(world: World) -> None:
    arrival = arrival_of(world)
    assert [one.id for one in hosted_recipients(arrival, "police", world.directory)] == [PSB]
    # It has a system of its own.
    assert not list(hosted_recipients(arrival, "administrative", world.directory))


@pytest.mark.parametrize("ce_type", ["intake.received", "relay.checkpoint"])
def test_hand_overs_are_never_answered(world: World, ce_type: str) -> None:
    arrival = InboxArrival.read(*_parts(signed(draft(ce_type, PSB), world.keys[PSB])))
    assert not arrival.is_answered


def test_an_agency_without_a_key_is_signed_for_by_its_delegate_or_not_at_all(
    tmp_path: Path,
) -> None:
    world = World()
    world.keys["bus"].save(tmp_path / "bus.pem")
    world.keys[PSB].save(tmp_path / f"{PSB}.pem")
    keys = Signers(tmp_path, world.directory)
    assert keys.signer(PSB, INTAKE_RECEIVED)[1] is None
    with pytest.raises(CasebusError, match="no_key"):
        keys.signer(PRO, INTAKE_RECEIVED)
    world.say("directory.delegate_named", source=PRO, delegate="bus", types=["casebus.intake.*"])
    key, delegate = keys.signer(PRO, INTAKE_RECEIVED)
    assert (key.keyid, delegate) == (world.keys["bus"].keyid, "bus")


def test_the_first_row_that_fits_names_the_unit() -> None:
    rules = SectorRules.model_validate(
        {
            "units": [
                {"events": ["clock.*"], "unit": "督办"},
                {"events": ["*"], "unit": "办案"},
            ],
            "checks": [],
        }
    )
    assert rules.unit_for("casebus.clock.breached.v1") == "督办"
    assert rules.unit_for("casebus.referral.sent.v2") == "办案"


def _parts(record: Record) -> tuple[bytes | None, tuple[Header, ...]]:
    return record.value, record.headers


@pytest.mark.parametrize(("said_by", "holds"), [(AMR, True), ("bus", True), (PRO, False)])
def test_a_hosted_recipient_confirms_what_its_author_or_the_bus_recalls(
    world: World, said_by: str, *, holds: bool
) -> None:
    body = {"recalled_source": AMR, "recalled_id": "astray"}
    record = inbox_record(world.event("case.recalled", said_by, data=body), PSB)
    arrival = InboxArrival.read(record.value, record.headers)
    recalled = reception(world).recalled(arrival)
    assert recalled == ((AMR, "astray") if holds else None)
    police = world.directory.agency(PSB)
    assert police is not None
    if recalled is not None:
        draft = reception(world).erasure(arrival, police, recalled)
        confirmed = SCHEMAS.decode(draft.value)[1]
        assert (draft.envelope.source, confirmed["agency"], confirmed["event_id"]) == (
            PSB,
            PSB,
            "astray",
        )


def test_what_is_no_recall_is_confirmed_by_nobody(world: World) -> None:
    assert reception(world).recalled(arrival_of(world)) is None
    unreadable = replace(
        arrival_of(world, "case.recalled", data={"recalled_source": AMR}), value=b"\x00"
    )
    assert reception(world).recalled(unreadable) is None
