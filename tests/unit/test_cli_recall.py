"""`casebus recall` says what it knows of the recall, and no more."""

from __future__ import annotations

from typing import Any, Self

import pytest
from click.testing import CliRunner

from casebus.cli import recall
from casebus.cli.main import main
from casebus.sdk.event import NewEvent

PSB = "cn-330106-psb"


class Gateway:
    """Takes the recall; what becomes of it is given."""

    def __init__(self, **outcome: Any) -> None:
        self.outcome = {"source": PSB, "id": "r", **outcome}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def submit(self, event: dict[str, Any]) -> dict[str, Any]:
        return {"source": event["source"], "id": event["id"]}

    def await_event(self, _source: str, _event: str, _seconds: float) -> dict[str, Any]:
        return self.outcome

    def recall(self, _source: str, _event: str) -> dict[str, Any]:
        lists: dict[str, list[Any]] = {name: [] for name in ("erased", "read", "unread", "unknown")}
        return {"recalled_at": "2026-03-08T00:00:00Z", **lists}


@pytest.mark.parametrize(
    ("outcome", "code", "words"),
    [
        ({"status": "pending"}, 3, "on its way"),
        ({"status": "rejected", "reason": "unknown_key"}, 1, "rejected: unknown_key"),
        ({"status": "journaled"}, 0, "recalled 2026-03-08"),
    ],
)
def test_a_recall_that_is_not_known_yet_is_pending_and_no_error(
    monkeypatch: pytest.MonkeyPatch, outcome: dict[str, str], code: int, words: str
) -> None:
    monkeypatch.setattr(recall, "open_gateway", lambda _: Gateway(**outcome))
    taken = NewEvent(type="case.recalled", stream="s", source=PSB, data={})
    monkeypatch.setattr(recall, "recall_of", lambda *_args, **_named: taken)
    env = {"CASEBUS_AGENCY": PSB}
    done = CliRunner().invoke(main, ["recall", "e", "--reason", "误送"], env=env)
    assert done.exit_code == code
    assert words in done.output
