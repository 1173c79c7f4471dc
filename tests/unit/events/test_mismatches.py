from __future__ import annotations

from typing import Any

import pytest

from casebus.events.mismatches import mismatches_of
from casebus.events.schemas import CodecError
from tests.world import SCHEMAS

SENT = SCHEMAS.latest("casebus.referral.sent.v1")
RECEIPTED = SCHEMAS.latest("casebus.referral.receipted.v1")


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        ({"title": 5}, ["/data/title"]),
        ({"nothing": 1, "title": None}, ["/data/nothing", "/data/title"]),
        ({"suspects": [{"name": "a"}, {"nom/e": 1}]}, ["/data/suspects/1/nom~1e"]),
        ({"assessment": "NOPE"}, ["/data/assessment"]),
        ({"suspects": [{"organisation": {"nome": 1}}]}, ["/data/suspects/0/organisation/nome"]),
        # A named type that is defined in a part which the data leave out.
        ({"right_holders": [{"role": "NOPE"}]}, ["/data/right_holders/0/role"]),
        ({"suspects": "all"}, ["/data/suspects"]),
        ({"work_version": 2**63}, ["/data/work_version"]),
        ({"title": "\ud800"}, ["/data/title"]),
    ],
)
def test_a_misfit_is_told_by_its_place(data: dict[str, Any], pointers: list[str]) -> None:
    with pytest.raises((CodecError, UnicodeEncodeError)):
        SCHEMAS.encode(SENT.ce_type, data)
    assert [row["pointer"] for row in mismatches_of(SENT.tree, data)] == pointers


def test_no_value_is_repeated() -> None:
    rows = mismatches_of(SENT.tree, {"title": 330106199001011234, "assessment": "张三"})
    assert "3301" not in str(rows)
    assert "张三" not in str(rows)


def test_data_that_fit_have_none() -> None:
    data = {"numbers": [{"kind": "docket_no", "value": "1"}], "document": None, "work_version": 1}
    assert mismatches_of(RECEIPTED.tree, data) == []
    assert SCHEMAS.encode(RECEIPTED.ce_type, data)


def test_not_more_than_fifty_are_told() -> None:
    assert len(mismatches_of(SENT.tree, {f"field{at}": 1 for at in range(200)})) == 50
