"""What `casebus rebuild` prints for people."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from rich.console import Console

from operations.commands.rebuild import rebuild, show
from operations.rebuild.rebuilding import Rebuilt
from storage.differences import MISSING, OTHER, Differences, RowDifference


def printed(found: Rebuilt) -> str:
    console = Console(width=200, record=True, file=None, quiet=False)
    with console.capture() as captured:
        show(console, found)
    return captured.get()


def test_what_is_equal_and_switched_is_said_with_where_the_old_is_kept() -> None:
    said = printed(Rebuilt(records=1200, cases=30, switched=True, kept="derived_before"))
    assert "1,200 records, 30 cases" in said
    assert "Every row comes out as it stands." in said
    assert "derived_before" in said
    assert "--drop-old" in said


def test_rows_that_differ_are_counted_and_named_with_their_columns() -> None:
    clock = RowDifference("clock", {"stream": "s1", "key": "T04"}, OTHER, ["due", "status"])
    party = RowDifference("party", {"stream": "s2", "agency": "a"}, MISSING, [])
    found = Rebuilt(differing=Differences({"clock": 1, "party": 4000}, [clock, *[party] * 100]))
    said = printed(found)
    for words in ("4,000", "due, status", "stream=s1 key=T04", "the table has not"):
        assert words in said
    assert "Not switched" in said
    assert said.count("stream=s2") < 100


@pytest.mark.parametrize("also", ["--switch-anyway", "--drop-old"])
def test_one_thing_is_asked_at_a_time(also: str) -> None:
    done = CliRunner().invoke(rebuild, ["--compare-only", also])
    assert done.exit_code == 2
    assert "choose one" in done.output
