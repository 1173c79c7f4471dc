"""The published test vectors are what this implementation computes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from casebus.events.envelope import Record
from casebus.trust.receipt import Receipt, check, directory_of
from scripts.make_log_vectors import log_vectors, receipt_vectors
from scripts.make_vectors import vectors
from tests.world import SCHEMAS

_FOLDER = Path(__file__).parents[3] / "docs" / "vectors"


@pytest.mark.parametrize(
    ("name", "make"),
    [("signature", vectors), ("log", log_vectors), ("receipt", receipt_vectors)],
)
def test_the_published_vectors_are_what_we_compute(name: str, make: Callable[[], Any]) -> None:
    assert json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8")) == make()


def test_the_published_receipt_is_checked_by_its_root() -> None:
    given = json.loads((_FOLDER / "receipt.json").read_text(encoding="utf-8"))
    receipt, event = Receipt.from_json(given["receipt"]), given["event"]
    headers = tuple((name, text.encode()) for name, text in event["headers"].items())
    record = Record(event["key"].encode(), bytes.fromhex(event["value"]), headers)
    directory = directory_of(receipt.entries, given["root_digest"], SCHEMAS)
    shown = check(receipt, directory, record)
    assert (shown.index, shown.size) == (given["index"], given["size"])
    seen = {name: at.isoformat() for name, at in shown.witnesses.items()}
    assert seen == given["witnesses"]
