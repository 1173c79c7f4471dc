from __future__ import annotations

from uuid import UUID, uuid4

from casebus.cases import Clock, fold
from casebus.cases.facets import FindingsFacet
from casebus.events.envelope import Envelope
from casebus.events.types import FINDING_RAISED
from services.scheduler.asking import holders_statement
from services.scheduler.clocks import LINK_DOWN, statement_of
from services.scheduler.findings import finding_key, raised
from services.scheduler.questions import opened_statement, reused_statement, unopened_statement
from services.scheduler.statements import StatementSigner
from storage.across import Untold
from storage.scheduling import BREACHED, Opened, Reused, Unopened
from tests.case_events import AMR, LAW, PRO, PSB, clock, event, folded, until
from tests.world import NOW, SCHEMAS, World

STREAM = UUID("01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01")


def signer(world: World) -> StatementSigner:
    return StatementSigner(world.keys["bus"], SCHEMAS, lambda: NOW)


def overdue_goods() -> Clock:
    found: Clock = clock(folded(until("referral.filed")), "T18")
    return found


def test_a_breach_tells_the_superior_and_the_supervising_procuratorate() -> None:
    said = statement_of(overdue_goods(), BREACHED, World().directory, sound=True)
    assert said.to == ("cn-330100-amr", PRO)
    assert said.data["told"] == ["cn-330100-amr", PRO]
    assert (said.data["actor"], said.data["cause"]) == (AMR, "open")


def test_a_breach_found_while_the_bus_was_behind_says_so() -> None:
    said = statement_of(overdue_goods(), BREACHED, World().directory, sound=False)
    assert said.data["cause"] == LINK_DOWN


def test_a_breach_carries_the_id_by_which_casework_would_derive_it() -> None:
    world = World()
    [row] = signer(world).rows(
        [statement_of(overdue_goods(), BREACHED, world.directory, sound=True)]
    )
    data = SCHEMAS.decode(row.value)[1]
    told = event(
        "bus", "clock.breached", "2026-04-14", id=row.event_id, clock_key=data["clock_key"]
    )
    assert row.source == "bus"
    case = folded([*until("referral.filed"), told])
    assert clock(case, "T18").breach == ("bus", row.event_id)
    assert clock(case, "T18").breach_after is None


def test_what_is_said_twice_has_one_identity() -> None:
    found = Reused(source=PSB, id="e1", stream=STREAM)
    assert reused_statement(found) == reused_statement(found)
    assert reused_statement(found).id != reused_statement(Reused(PSB, "e2", STREAM)).id


def test_a_reused_id_is_told_to_its_source_alone_and_names_no_other_stream() -> None:
    said = reused_statement(Reused(source=f"{PSB}/desk-2", id="e1", stream=STREAM))
    assert said.to == (PSB,)
    assert said.data["event_source"] == f"{PSB}/desk-2"
    assert "detail" not in said.data


def test_a_stream_that_nobody_opened_is_told_to_those_who_wrote_in_it() -> None:
    said = unopened_statement(Unopened(STREAM, (AMR, PSB)))
    assert (said.type, said.to, said.data["kind"]) == (FINDING_RAISED, (AMR, PSB), "unopened")


def test_opening_it_takes_the_finding_back_from_those_who_were_told() -> None:
    raised = signer(World()).rows([unopened_statement(Unopened(STREAM, (AMR, PSB)))])[0]
    said = opened_statement(Opened(STREAM, raised.event_id, raised.headers))
    assert said.to == (AMR, PSB)
    assert said.data["key"] == finding_key(STREAM, "unopened", ("", ""))
    assert said.causation == (raised.event_id,)


def test_whoever_may_know_of_both_cases_is_asked_and_the_other_case_is_not_named() -> None:
    other = uuid4()
    said = holders_statement(Untold(STREAM, other, AMR, (PSB, PRO)), "elsewhere", "x", {"a": "b"})
    assert (said.stream, said.to, said.data["told"]) == (STREAM, (PSB, PRO), [PSB, PRO])
    assert said.data["detail"] == {"a": "b", "agency": AMR}
    assert (said.data["event_source"], said.data["event_id"], said.causation) == ("", "", ())
    assert str(other) not in str(said)


def test_of_two_cases_the_same_is_asked_under_one_identity_and_of_others_under_another() -> None:
    one, other = Untold(STREAM, uuid4(), AMR, (PSB,)), Untold(STREAM, uuid4(), AMR, (PSB,))
    ids = {holders_statement(untold, "k", "x", {}).id for untold in (one, one, other)}
    assert len(ids) == 2
    assert holders_statement(one, "k", "y", {}).id not in ids


def test_a_finding_that_is_raised_again_has_an_identity_of_its_own_and_one_key() -> None:
    said = [raised(STREAM, "k", ("a", "b"), "INFO", (AMR,), revision=one) for one in (1, 2)]
    assert len({one.id for one in said}) == 2
    assert len({one.data["key"] for one in said}) == 1


def test_no_fold_takes_back_what_the_scheduler_found() -> None:
    found = reused_statement(Reused(source=PSB, id="referral.receipted", stream=STREAM))
    told = event(
        found.source,
        "finding.raised",
        "2026-03-06 12:00",
        id=found.id,
        **found.data,
    )
    assert not fold([*until("referral.receipted"), told], LAW).of(FindingsFacet).told


def test_statements_are_signed_by_the_bus_and_go_to_its_door() -> None:
    world = World()
    rows = signer(world).rows(unopened_statement(Unopened(uuid4(), (AMR,))) for _ in range(3))
    assert {row.topic for row in rows} == {"events.bus"}
    keys = {Envelope.from_headers(row.headers).keyid for row in rows}
    assert keys == {world.keys["bus"].keyid}
