"""For scripts/mutate: before each test, the changed code works out the form of a leaf again.

Each change runs in a fork of one process, which has remembered the forms of all usual headers.
"""

from __future__ import annotations

import pytest

from casebus.trust import leaf


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    leaf._FORMS.clear()
