"""What may come next in a procedure, from the law's own files."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import yaml

from gateway.console.coming import ReadableProcedure

_LAW = Path(__file__).parents[3] / "policies" / "law" / "procedures"
_TODAY = dt.date(2026, 11, 28)


def _procedure(name: str) -> ReadableProcedure:
    return ReadableProcedure.read(yaml.safe_load((_LAW / f"{name}.yaml").read_text("utf-8")))


def test_a_letter_that_was_sent_may_be_receipted_by_the_police() -> None:
    ways = {one.type: one for one in _procedure("referral").next("sent", _TODAY) if one.is_next}
    receipted = ways["casebus.referral.receipted.v1"]
    assert receipted.to == ("已签收回执", "Acknowledged")
    assert [chinese for chinese, _ in receipted.roles] == ["公安机关"]
    assert receipted.citation
    assert "casebus.referral.judged.v1" not in ways


def test_what_may_come_at_any_time_is_told_from_what_is_next() -> None:
    found = _procedure("referral").next("sent", _TODAY)
    assert [one.to for one in found if not one.is_next] == [None] * sum(
        not one.is_next for one in found
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(_LAW.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_procedure_can_be_read_in_every_state(path: Path) -> None:
    procedure = _procedure(path.stem)
    for state in procedure.states:
        for one in procedure.next(state, _TODAY):
            assert one.type.startswith("casebus.")
            assert procedure.has(one.type)


def test_a_row_that_is_no_longer_in_force_is_not_offered() -> None:
    said = {
        "title": {"zh": "甲", "en": "A"},
        "states": {"a": {"zh": "一", "en": "One"}, "b": {"zh": "二", "en": "Two"}},
        "transitions": [
            {"event": "x.old", "from": ["a"], "to": "b", "effective_to": dt.date(2026, 3, 31)},
            {"event": "x.new", "from": ["a"], "to": "b", "effective_from": dt.date(2026, 4, 1)},
            {"event": "x.off", "from": ["a"], "to": "b", "enabled": False},
        ],
    }
    procedure = ReadableProcedure.read(said)
    assert [one.type for one in procedure.next("a", dt.date(2026, 3, 31))] == ["casebus.x.old.v1"]
    assert [one.type for one in procedure.next("a", dt.date(2026, 4, 1))] == ["casebus.x.new.v1"]
