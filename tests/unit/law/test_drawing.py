"""Statecharts and pages of the procedures: complete, readable, and up to date in docs/law."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from casebus.cli.law.pages import handbook_of
from casebus.cli.main import main
from casebus.law import loader, models
from casebus.law.drawing import draw
from casebus.law.drawing.layers import lay_out
from tests.case_events import ROOT

LAW, SCHEMAS, PAGES = ROOT / "policies/law", ROOT / "schemas", ROOT / "docs/law"
FILES = loader.parse_all(loader.read(LAW), "procedures", models.ProcedureFile)
every_procedure = pytest.mark.parametrize("file", FILES.values(), ids=lambda one: one.id)


@pytest.mark.docs
def test_the_committed_pages_are_what_the_law_says() -> None:
    made = handbook_of(LAW, SCHEMAS)
    written = {path.name: path.read_text(encoding="utf-8") for path in PAGES.iterdir()}
    stale = {name for name in {*made, *written} if made.get(name) != written.get(name)}
    assert not stale, "`casebus law docs` was not run"


@every_procedure
def test_a_drawing_is_sound_and_names_every_state_and_event(file: models.ProcedureFile) -> None:
    svg = draw(file, {})
    drawn = ET.fromstring(svg)
    texts = {one.text or "" for one in drawn.iter() if "text" in one.tag}
    assert set(file.states) <= texts
    shown = "\n".join(texts)
    assert all(row.event in shown for row in file.transitions)
    assert all(f"+{clock}" in shown for row in file.transitions for clock in row.starts)
    assert draw(file, {}) == svg


@every_procedure
def test_no_box_lies_upon_another_and_no_line_through_one(file: models.ProcedureFile) -> None:
    edges = {
        (state, row.to)
        for row in file.transitions
        for state in row.from_
        if state in file.states and row.to in file.states and row.to != state
    }
    sizes = {state: (200.0, 40.0 + 10 * len(state)) for state in file.states}
    layout = lay_out(sizes, sorted(edges))
    assert layout.boxes.keys() == sizes.keys()
    assert layout.bends.keys() == edges
    for one, other in itertools.combinations(layout.boxes.values(), 2):
        apart_x = one.x + one.width <= other.x or other.x + other.width <= one.x
        apart_y = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert apart_x or apart_y
    for x, y in itertools.chain(*layout.bends.values()):
        for box in layout.boxes.values():
            assert not (box.x < x < box.x + box.width and box.y < y < box.y + box.height)


def test_a_cycle_is_drawn_with_one_edge_that_leads_back() -> None:
    layout = lay_out(dict.fromkeys("abc", (10.0, 10.0)), [("a", "b"), ("b", "c"), ("c", "a")])
    assert layout.upward == {("c", "a")}
    assert layout.boxes["a"].y < layout.boxes["b"].y < layout.boxes["c"].y


def test_the_largest_procedure_fits_a_page_in_width() -> None:
    largest = max(FILES.values(), key=lambda one: len(one.states))
    [width] = re.findall(r'viewBox="0 0 (\d+) ', draw(largest, {}))
    assert len(largest.states) >= 30
    assert int(width) <= 1800


def test_one_or_all_are_drawn_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["law", "draw", *arguments])
        return done.exit_code, done.output

    assert run("credit", "-o", str(tmp_path / "credit.svg"))[0] == 0
    assert (tmp_path / "credit.svg").read_text(encoding="utf-8").startswith("<svg ")
    assert run("--all", str(tmp_path / "all"))[0] == 0
    assert len(list((tmp_path / "all").iterdir())) == len(FILES)
    assert "no_such_procedure" in run("magic")[1]
    assert run()[0] == 2


def test_files_of_procedures_that_are_gone_are_removed(tmp_path: Path) -> None:
    (tmp_path / "duel.svg").write_text("<svg/>", encoding="utf-8")
    done = CliRunner().invoke(main, ["law", "docs", "--to", str(tmp_path), "--json"])
    written = {path.name for path in tmp_path.iterdir()}
    assert json.loads(done.output)["files"] == len(written)
    assert "duel.svg" not in written


def test_the_venue_of_a_body_is_told_with_its_rule(tmp_path: Path) -> None:
    body = {"instrument": "AWARD", "debtor_place": {"code": "440106"}}
    (tmp_path / "body.json").write_text(json.dumps(body), encoding="utf-8")

    def run(*more: str) -> tuple[int, str]:
        fixed = ["--author", "cn-330100-arb", "--agencies", str(ROOT / "examples/agencies.yaml")]
        done = CliRunner().invoke(main, ["law", "venue", *more, *fixed])
        return done.exit_code, done.output

    code, said = run("enforcement.requested", str(tmp_path / "body.json"), "--json")
    assert code == 0
    assert json.loads(said)["agencies"][0] == "cn-440100-court"
    assert json.loads(said)["rule"] == "C13"
    (tmp_path / "body.json").write_text("{}", encoding="utf-8")
    assert run("enforcement.requested", str(tmp_path / "body.json"))[0] == 1
    assert "no_rule" in run("case.noted", str(tmp_path / "body.json"))[1]
