"""For scripts/mutate: before each test, the changed code builds the thresholds of laws again.

Each change runs in a fork of one process, in which modules had loaded the law before, and it had
assessed much. Without this, nobody would see a change in the building of a law, or in a remembered
value.
"""

from __future__ import annotations

import gc

import pytest

from casebus.law import Law, loader
from casebus.law.threshold_models import ThresholdFile
from casebus.law.thresholds import Thresholds


@pytest.fixture(scope="session")
def laws() -> list[Law]:
    # Objects from the collection are frozen (tests/conftest.py), so they are not among these.
    gc.unfreeze()
    found = [one for one in gc.get_objects() if isinstance(one, Law)]
    assert found
    return found


@pytest.fixture(autouse=True)
def _relearned(laws: list[Law]) -> None:
    for law in laws:
        files = loader.parse_all(law._files, "thresholds", ThresholdFile)
        law.thresholds = Thresholds(files, law.clocks)
