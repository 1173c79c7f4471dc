from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from casebus.events.legaltime import LegalTime
from casebus.events.schemas import Schemas
from casebus.law import Law

ROOT = Path(__file__).parents[2]
SCHEMAS = Schemas.load(ROOT / "schemas")
AGENCIES = {
    row["id"]: row
    for row in yaml.safe_load((ROOT / "examples/agencies.yaml").read_text(encoding="utf-8"))
}
LINES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (ROOT / "examples/storyline-1.jsonl").read_text(encoding="utf-8").splitlines()
]


#: What people do; the bus's own lines say what is waited for.
STEPS = [line for line in LINES if line["channel"] != "bus"]


def assert_kept(given: Any, read: Any, path: str) -> None:
    if isinstance(given, dict):
        assert set(given) <= set(read), path
        for name, value in given.items():
            assert_kept(value, read[name], f"{path}.{name}")
    elif isinstance(given, list):
        assert len(given) == len(read), path
        for at, (one, other) in enumerate(zip(given, read, strict=True)):
            assert_kept(one, other, f"{path}.{at}")
    else:
        assert given == read, path


@pytest.mark.parametrize("line", STEPS, ids=[line["label"] for line in STEPS])
def test_each_step_fits_its_schema_and_loses_nothing(line: dict[str, Any]) -> None:
    ce_type = f"casebus.{line['type']}.v1"
    _, read = SCHEMAS.decode(SCHEMAS.encode(ce_type, line["data"]))
    assert_kept(line["data"], read, line["label"])


def test_the_steps_are_in_the_order_of_scenario_time() -> None:
    moments = [datetime.fromisoformat(line["at"]) for line in LINES]
    assert moments == sorted(moments)
    assert all(LegalTime.parse(line["legaltime"]).date for line in STEPS)


def test_each_step_names_known_agencies_and_earlier_causes() -> None:
    seen: set[str] = set()
    for line in LINES:
        assert {line["from"], *line["to"]} <= {*AGENCIES, "bus"}
        assert set(line["causation"]) <= seen
        seen.add(line["label"])


def test_each_author_may_say_what_it_says() -> None:
    law = Law.load(ROOT / "policies/law")
    for line in STEPS:
        author = AGENCIES[line["from"]]
        assert law.may_emit(author["sector"], author["level"], f"casebus.{line['type']}.v1"), line


def test_each_agency_has_a_superior_that_exists_in_its_own_sector() -> None:
    for row in AGENCIES.values():
        if row["superior"]:
            assert AGENCIES[row["superior"]]["sector"] == row["sector"]
