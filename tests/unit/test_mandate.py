"""docs/mandate.md says what the schemas, the law, the statistics and the tests hold."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import yaml

from casebus.cases.facts import FactReader
from casebus.events.schemas import type_of
from casebus.events.types import event_name
from casebus.law.ways import Ways
from casebus.statistics.indicators import Indicators
from tests.case_events import LAW, ROOT, folded, kinds, status_of
from tests.flows import PROCEDURES, flow
from tests.world import SCHEMAS

pytestmark = pytest.mark.docs

DOCS = ROOT / "docs"
PAGE = (DOCS / "mandate.md").read_text(encoding="utf-8")
NUMERALS = [
    *"一二三四五六七八九十",
    *(f"十{one}" for one in "一二三四五六七八九"),
    *("二十", "二十一", "二十二", "二十三"),
]
ITEMS = ("Kind", "Events", "Procedures", "Routes", "Clocks", "Statistics", "Shown by")
_OF = r"\[(\w+)\]\([^)]+\)"
KIND = re.compile(
    rf"flow {_OF}, (?:clock `(\w+)`|no text gives it a period), statistic `(\w+)`\."
    rf"|register {_OF}: entries are made, changed and told; nothing falls due\."
)
WORD = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")
#: A domain's page and the names of its events.
NAMED = re.compile(r"\[(\w+)\]\(catalogue/(\w+)\.md\)((?:\s+`[\w*]+`)+)")
#: A file of tests and the names of its tests.
TESTS = re.compile(r"\[(test_\w+\.py)\]\(([^)]+)\)((?:[\s,]+`test_\w+`)+)")


def _registered() -> frozenset[str]:
    rows = yaml.safe_load((ROOT / "schemas/ids.json").read_text(encoding="utf-8")).values()
    subjects = (row["subject"] for row in rows if ".shared." not in row["subject"])
    return frozenset(event_name(type_of(one)) for one in subjects)


REGISTERED = _registered()


@dataclass(frozen=True)
class Paragraph:
    number: str
    text: str

    @property
    def is_organisational(self) -> bool:
        return "Organisational only: " in self.text

    def item(self, name: str) -> str:
        """What stands after `- name:`, up to the next item."""
        found = re.search(rf"^- {name}: (.*?)(?=^- |\Z)", self.text, re.MULTILINE | re.DOTALL)
        return found[1] if found else ""

    def kind(self) -> re.Match[str]:
        """flow or register, its procedure, clock and statistic."""
        found = KIND.fullmatch(" ".join(self.item("Kind").split()))
        assert found, self.item("Kind")
        return found

    def events(self) -> set[str]:
        return events_in(self.item("Events"))

    def tests(self) -> list[tuple[Path, str]]:
        found = TESTS.findall(self.item("Shown by"))
        return [(DOCS / path, name) for _, path, names in found for name in WORD.findall(names)]


def events_in(text: str) -> set[str]:
    """Each event that a text names; `*` is all that the domain has."""
    named: set[str] = set()
    for shown, domain, names in NAMED.findall(text):
        assert shown == domain
        for name in WORD.findall(names):
            whole = {one for one in REGISTERED if one.startswith(f"{domain}.")}
            named |= whole if name == "*" else {f"{domain}.{name}"}
    return named


def _paragraphs() -> list[Paragraph]:
    parts = re.split(r"^## （(.+?)）", PAGE.split("\n## Of no paragraph")[0], flags=re.MULTILINE)
    return [Paragraph(*pair) for pair in zip(parts[1::2], parts[2::2], strict=True)]


PARAGRAPHS = _paragraphs()
OWN = PAGE.split("\n## Of no paragraph")[1]
every_paragraph = pytest.mark.parametrize(
    "one", PARAGRAPHS, ids=[paragraph.number for paragraph in PARAGRAPHS]
)


@cache
def _tests_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_each_paragraph_of_the_mandate_is_there_in_its_order() -> None:
    assert [one.number for one in PARAGRAPHS] == NUMERALS


@every_paragraph
def test_a_paragraph_has_its_flow_or_says_why_not(one: Paragraph) -> None:
    if one.is_organisational:
        assert not any(one.item(name) for name in ITEMS)
        return
    assert "\nFlow: " in one.text
    assert all(one.item(name).strip() for name in ITEMS)
    assert one.events()
    assert LINK.findall(one.item("Procedures"))
    assert one.tests()


@every_paragraph
def test_what_a_paragraph_names_exists(one: Paragraph) -> None:
    assert one.events() <= REGISTERED
    for name, path in LINK.findall(one.item("Procedures")):
        assert name in LAW.procedures
        assert path == f"../policies/law/procedures/{name}.yaml"
    assert set(WORD.findall(one.item("Clocks"))) <= set(LAW.clocks)
    assert set(WORD.findall(one.item("Routes"))) <= _venues()
    for _, path in LINK.findall(one.text):
        assert (DOCS / path).is_file(), path


@every_paragraph
def test_the_tests_that_show_a_paragraph_exist(one: Paragraph) -> None:
    for path, name in one.tests():
        assert name in _tests_of(path), f"{path.name} has no {name}"
    said = WORD.findall(one.item("Shown by"))
    assert len(said) == len(one.tests()), "a test stands behind no file"


@every_paragraph
def test_a_paragraph_names_the_indicators_that_name_it(one: Paragraph) -> None:
    rows = yaml.safe_load((ROOT / "policies/statistics/indicators.yaml").read_text("utf-8"))
    mine = [row["id"] for row in rows["indicators"] if row["paragraph"] == f"（{one.number}）"]
    assert sorted(WORD.findall(one.item("Statistics"))) == sorted(mine)


def test_every_event_is_of_a_paragraph_or_the_bus_s_own_and_says_why() -> None:
    of_paragraphs = {event for one in PARAGRAPHS for event in one.events()}
    own = events_in(OWN)
    assert of_paragraphs | own == REGISTERED
    assert of_paragraphs & own == set()
    rows = [line for line in OWN.splitlines() if line.startswith("| [")]
    assert events_in("\n".join(rows)) == own
    assert all(line.split("|")[2].strip() for line in rows)


def test_every_procedure_and_clock_is_of_a_paragraph() -> None:
    procedures = {name for one in PARAGRAPHS for name, _ in LINK.findall(one.item("Procedures"))}
    clocks = {clock for one in PARAGRAPHS for clock in WORD.findall(one.item("Clocks"))}
    assert procedures == set(LAW.procedures)
    assert clocks == set(LAW.clocks)


def _venues() -> set[str]:
    rows = yaml.safe_load((ROOT / "policies/law/venues.yaml").read_text(encoding="utf-8"))
    return {row["id"] for row in rows["venues"]}


flows = pytest.mark.parametrize(
    "one",
    [one for one in PARAGRAPHS if "- Kind: flow" in one.text],
    ids=[one.number for one in PARAGRAPHS if "- Kind: flow" in one.text],
)
registers = pytest.mark.parametrize(
    "one",
    [one for one in PARAGRAPHS if "- Kind: register" in one.text],
    ids=[one.number for one in PARAGRAPHS if "- Kind: register" in one.text],
)
INDICATORS = Indicators.load(ROOT / "policies/statistics").by_id
READER = FactReader(SCHEMAS)


@flows
def test_a_flow_of_the_paragraph_runs_with_its_clock_and_is_counted(one: Paragraph) -> None:
    procedure, clock, statistic, _ = one.kind().groups()
    indicator = INDICATORS[statistic]
    assert procedure in {name for name, _ in LINK.findall(one.item("Procedures"))}
    assert statistic in WORD.findall(one.item("Statistics"))
    events = flow(procedure, clock, indicator.events)
    case = folded(events)
    assert status_of(case, procedure) not in {None, PROCEDURES[procedure].initial}
    assert not {"no_standing", "out_of_procedure"} & set(kinds(case))
    facts = [fact for event in events for fact in READER.facts(event, events)]
    assert any(fact.type in indicator.events for fact in facts)
    if clock is not None:
        assert clock in WORD.findall(one.item("Clocks"))
        [started] = {it.id: it for it in case.clocks if it.id == clock}.values()
        assert started.due is not None


@flows
def test_a_flow_without_a_period_says_in_its_law_why_nothing_falls_due(one: Paragraph) -> None:
    procedure, clock, statistic, _ = one.kind().groups()
    if clock is not None:
        return
    file = PROCEDURES[procedure]
    case = folded(flow(procedure, None, INDICATORS[statistic].events))
    assert not [it for it in case.clocks if it.procedure == procedure and it.due]
    reached = file.states[status_of(case, procedure)]
    assert reached.silence or status_of(case, procedure) in Ways(file).final


@registers
def test_an_entry_of_a_register_is_kept_and_nobody_waits_for_anybody(one: Paragraph) -> None:
    procedure = one.kind()[4]
    assert procedure in {name for name, _ in LINK.findall(one.item("Procedures"))}
    case = folded(flow(procedure, None, one.events()))
    assert status_of(case, procedure) in Ways(PROCEDURES[procedure]).final
    assert [it for it in case.clocks if it.due] == []


def test_every_paragraph_is_a_flow_a_register_or_organisational() -> None:
    assert all(one.is_organisational or one.kind() for one in PARAGRAPHS)
