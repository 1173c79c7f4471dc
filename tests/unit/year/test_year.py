"""The synthetic year: lawful walks, every procedure, deliberate mistakes and no others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import orjson
import pytest

from casebus.cases import Case, fold
from casebus.cases.facets import DeviationsFacet
from casebus.events.legaltime import LegalTime
from casebus.sdk.finishing import check
from rehearsal.year import lines as written
from rehearsal.year.admitted import case_event
from rehearsal.year.lines import YearLine
from rehearsal.year.mistakes import Spoiler
from rehearsal.year.walking import Walk
from rehearsal.year.world import YearOrder, YearWorld
from rehearsal.year.year import case_lines, generate, generate_by_case

#: A whole year is made and folded, several times.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
CASES = 300
WANTED = YearOrder(CASES, 7, 2025, ROOT / "schemas", ROOT / "policies")
#: More than one process makes at a time.
SMALL = YearOrder(110, 3, 2025, WANTED.schemas, WANTED.policies)
#: Kind of finding -> the mistakes that it may come from.
MAY_COME_FROM = {
    "data_quality": {"wrong_check_digit", "nobody_told", "skipped"},
    "undeliverable": {"unknown_recipient"},
    "discrepancy": {"goods_differ", "skipped"},
    "out_of_procedure": {"skipped", "nobody_told"},
    "no_standing": {"skipped", "nobody_told"},
}


@pytest.fixture(scope="module")
def world() -> YearWorld:
    return YearWorld.make(WANTED)


@pytest.fixture(scope="module")
def small() -> list[bytes]:
    return list(generate(SMALL, processes=1))


@pytest.fixture(scope="module")
def cases(world: YearWorld) -> list[list[YearLine]]:
    spoiler = Spoiler(world)
    return [case_lines(world, spoiler, number) for number in range(CASES)]


@pytest.fixture(scope="module")
def folded(world: YearWorld, cases: list[list[YearLine]]) -> list[Case]:
    return [as_the_bus_folds_it(world, case) for case in cases if case]


def as_the_bus_folds_it(world: YearWorld, case: Iterable[YearLine]) -> Case:
    arrived = sorted(case, key=lambda one: one.arrives)
    return fold((case_event(world, one, at) for at, one in enumerate(arrived)), world.law)


def test_every_procedure_of_the_law_is_reached(world: YearWorld, folded: list[Case]) -> None:
    reached = Counter(one.procedure for case in folded for one in case.regions)
    rare = {"award_review", "drug_patent"}
    # A question is about a list that was published, and the year publishes none.
    assert set(world.law.procedures) - set(reached) <= rare | {"penalty_entry"}
    assert min(reached[name] for name in ("referral", "penalty", "credit", "civil_suit")) > 5


def test_a_walk_makes_no_mistakes(world: YearWorld) -> None:
    for number in range(0, CASES, 4):
        lines = Walk(world, number).lines()
        case = as_the_bus_folds_it(world, lines)
        assert (case.findings, case.of(DeviationsFacet)) == ((), ())


def test_what_is_found_comes_from_the_mistakes_made(
    cases: list[list[YearLine]], folded: list[Case]
) -> None:
    for lines, case in zip((one for one in cases if one), folded, strict=True):
        made = {line.mistake for line in lines}
        found = [finding.kind for finding in case.findings]
        found += [deviation.kind for deviation in case.of(DeviationsFacet)]
        for kind in found:
            assert made & MAY_COME_FROM[kind], (kind, made)


def test_each_kind_of_mistake_is_made(world: YearWorld) -> None:
    always = dict.fromkeys(world.plan.mistakes.model_dump(), 1.0)
    certain = world.plan.mistakes.model_copy(update=always)
    world = YearWorld.make(WANTED, world.plan.model_copy(update={"mistakes": certain}))
    spoiler = Spoiler(world)
    made = {line.mistake for at in range(0, CASES, 4) for line in case_lines(world, spoiler, at)}
    assert made - {""} >= set(always) - {"goods_differ"}


def test_several_procedures_run_side_by_side_in_one_case(folded: list[Case]) -> None:
    together = {frozenset(one.procedure for one in case.regions) for case in folded}
    assert any({"administrative_case", "penalty"} <= one for one in together)
    assert any({"administrative_case", "referral"} <= one for one in together)


def test_authors_may_say_what_they_say(world: YearWorld, cases: list[list[YearLine]]) -> None:
    for line in (line for case in cases for line in case):
        author = world.offices.agency(line.source)
        assert author is not None
        assert world.law.may_emit(author.sector, author.level, line.type), line


def test_bodies_hold_no_field_that_their_schema_has_not(
    world: YearWorld, cases: list[list[YearLine]]
) -> None:
    for line in (line for case in cases for line in case):
        known = {one["name"] for one in world.schemas.latest(line.type).body["fields"]}
        assert set(line.data) <= known, line.type


def test_an_act_is_mostly_in_time_and_sometimes_late(folded: list[Case]) -> None:
    ended = Counter(clock.status for case in folded for clock in case.clocks)
    assert 0.02 < ended["met_late"] / (ended["met"] + ended["met_late"]) < 0.25


def test_history_accuses_nobody(folded: list[Case]) -> None:
    assert all(clock.historic for case in folded for clock in case.clocks)
    assert not any(finding.tell for case in folded for finding in case.findings)


def test_holidays_are_quiet(world: YearWorld, cases: list[list[YearLine]]) -> None:
    opened = Counter(LegalTime.parse(case[0].at).date for case in cases if case)
    workdays = sum(count for day, count in opened.items() if world.times.is_workday(day))
    assert workdays > 0.85 * sum(opened.values())


def test_the_same_year_is_the_same_to_the_byte_however_many_make_it(small: list[bytes]) -> None:
    assert small == list(generate(SMALL, processes=2))


def test_another_seed_is_another_year(small: list[bytes]) -> None:
    other = replace(SMALL, cases=5, seed=4)
    assert not set(small) & set(generate(other, processes=1))


def test_a_year_stands_in_the_order_in_which_it_arrives(small: list[bytes], tmp_path: Path) -> None:
    path = tmp_path / "year.jsonl.gz"
    count = written.write(path, small)
    read = list(written.read(path))
    assert len(read) == count
    assert [one.arrives for one in read] == sorted(one.arrives for one in read)
    assert [one.to_json() for one in read] == small


def test_a_year_case_by_case_is_the_same_year(small: list[bytes]) -> None:
    by_case = list(generate_by_case(SMALL, processes=1))
    assert sorted(by_case) == sorted(small)
    cases = [orjson.loads(line)["case"] for line in by_case]
    assert len(set(cases)) == 1 + sum(a != b for a, b in pairwise(cases))


def test_a_line_is_what_the_publisher_takes(world: YearWorld, cases: list[list[YearLine]]) -> None:
    for line in cases[0]:
        checked = check(line.event("00000000-0000-5000-8000-000000000000"), world.schemas, "")
        assert (checked.id, checked.stream) == (line.id, line.case)
