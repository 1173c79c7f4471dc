"""A storyline that cannot be played is refused with file, line, step and reason."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest

from casebus.errors import UnfitError
from casebus.events.legaltime import CHINA, LegalTime
from rehearsal.scenario import storyline, yaml_text
from rehearsal.scenario.storyline import StorylineError, StorylineStep
from rehearsal.scenario.timeline import moments
from rehearsal.scenario.yaml_text import Ref

EXAMPLES = Path(__file__).parents[3] / "examples"
HEAD = """\
storyline: 1
title: {zh: 一, en: One}
agencies: {regulator: cn-330106-amr, police: cn-330106-psb}
streams: {one: 一案, two: 另案}
steps:
"""
FIRST = """\
  - label: proposed
    at: 2026-03-02 10:00
    from: regulator
    type: referral.proposed
"""


@pytest.fixture
def given(tmp_path: Path) -> Path:
    shutil.copy(EXAMPLES / "agencies.yaml", tmp_path)
    return tmp_path / "storyline-1.yaml"


def steps_of(path: Path, text: str) -> list[StorylineStep]:
    path.write_text(HEAD + text, encoding="utf-8")
    return list(storyline.read(path).acts)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "  - label: x\n    at: 2026-03-02 10:00\n",
            "storyline-1.yaml:6: step x: from: it is",
        ),
        (FIRST + "    legal_time: date\n", "step proposed: legal_time: no such field"),
        (FIRST + "    to: [court]\n", "step proposed: no agency is called court"),
        (FIRST + "    stream: three\n", "step proposed: no stream is called three"),
        (FIRST + "    causation: [later]\n", "causation later is no earlier step"),
        (FIRST + "    data: {a: !event later}\n", "no event is called later"),
        (FIRST + "    duty: decide\n", "duty and action go together"),
        (FIRST + "    via: http\n    twice: true\n", "only via kafka"),
        (FIRST + "    arrives: 2026-03-02 09:00\n", "arrives is not later than at"),
        (FIRST + "    label: again\n", "the key label stands twice"),
        (FIRST + FIRST, "storyline-1.yaml:10: step proposed: the label stands twice"),
        (FIRST.replace("10:00", "") + "", "lacks a time of day"),
        (FIRST + "  - expect: [filed]\n", "no expectation is called filed; there are status"),
        (
            FIRST + "  - expect:\n      - clock: {due: 2026-03-05}\n",
            "expect 1 (clock): id: it is",
        ),
        (FIRST + "  - expect:\n      - inbox: {agency: court}\n", "no agency is called court"),
        (FIRST + "  - expect:\n      - order: [sent]\n", "no step is called sent"),
        (FIRST + "  - at: 2026-03-01 10:00\n    expect: [no_finding]\n", "before the entry above"),
    ],
)
def test_what_cannot_be_played_is_refused(given: Path, text: str, reason: str) -> None:
    with pytest.raises(StorylineError) as refused:
        steps_of(given, text)
    assert refused.value.code == "storyline_bad"
    assert reason in refused.value.detail


def test_an_agency_that_is_nowhere_is_refused(given: Path) -> None:
    given.write_text(HEAD.replace("cn-330106-psb", "cn-999999-psb") + FIRST, encoding="utf-8")
    with pytest.raises(StorylineError, match="police: cn-999999-psb is in no agencies"):
        storyline.read(given)


def test_times_are_local_and_the_legal_time_is_that_of_the_act(given: Path) -> None:
    [step] = steps_of(given, FIRST)
    assert step.at == dt.datetime(2026, 3, 2, 10, 0, tzinfo=CHINA)
    assert step.legal == LegalTime(dt.date(2026, 3, 2), dt.time(10))
    [dated] = steps_of(given, FIRST + "    legaltime: date\n")
    assert dated.legal == LegalTime(dt.date(2026, 3, 2))


def test_how_a_step_is_sent_follows_from_what_it_is(given: Path) -> None:
    def via(more: str) -> str:
        [step] = steps_of(given, FIRST + more)
        return step.via

    assert via("") == "http"
    assert via("    duty: decide\n    action: approve\n") == "work"
    assert via("    twice: true\n") == "kafka"
    assert via("    arrives: 2026-03-03 09:00\n") == "kafka"


def test_a_late_arrival_is_played_when_it_arrives(given: Path) -> None:
    second = FIRST.replace("proposed", "approved", 1).replace("10:00", "11:00")
    steps_of(given, FIRST + "    arrives: 2026-03-03 09:00\n" + second)
    order = [entry.label for one in moments([storyline.read(given)]) for _, entry in one.entries]  # type: ignore[union-attr]
    assert order == ["approved", "proposed"]


def test_yaml_is_read_as_version_1_2_has_it() -> None:
    read = yaml_text.read(
        "day: 2026-02-27\ntime: 10:00\nswitch: on\ncount: 3\nnone: null\n"
    ).content
    assert read == {"day": "2026-02-27", "time": "10:00", "switch": "on", "count": 3, "none": None}


def test_ids_stand_as_references_and_digests_at_once() -> None:
    read = yaml_text.read("a: !event sent\nb: !digest 移送书\n").content
    assert read["a"] == Ref("event", "sent")
    assert len(read["b"]) == 64


def test_a_bomb_of_anchors_is_refused() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 7)
    )
    with pytest.raises(UnfitError, match="anchors written out"):
        yaml_text.read(text)
