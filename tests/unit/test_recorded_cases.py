"""What the bus holds of a file's rows is asked for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casebus.sdk.gateway import Gateway
from casebus.sdk.importing.recorded import AskGateway, Holding

MINE, OTHER, NEW, NEWER = (f"00000000-0000-4000-8000-00000000000{one}" for one in range(1, 5))


class HoldsTwo(Gateway):
    """Answers as the gateway does: each number in its canonical form."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []

    def cases_with_numbers(self, numbers: Sequence[str]) -> list[dict[str, Any]]:
        self.asked.append(numbers)
        held = {"杭市监移(2026)1号": [MINE, OTHER], "杭市监移(2026)2号": [OTHER]}
        return [{"case": case, "value": one} for one, cases in held.items() for case in cases]

    def history(self, case: str) -> list[dict[str, Any]]:
        return [{"id": f"event of {case}"}]


def test_each_row_gets_the_history_of_its_own_case_and_the_others_that_carry_its_number() -> None:
    gateway = HoldsTwo()
    wanted = [
        ("杭市监移〔2026〕1号", MINE),
        ("杭市监移（2026）2号", NEW),
        ("杭市监移〔2026〕3号", NEWER),
    ]
    assert AskGateway(gateway)(wanted) == [
        Holding((OTHER,), ({"id": f"event of {MINE}"},)),
        Holding((OTHER,)),
        Holding(),
    ]
    assert len(gateway.asked) == 1
