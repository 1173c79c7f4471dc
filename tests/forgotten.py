"""For scripts/mutate: before each test, the form of a leaf is worked out by the changed code.

Each change runs in a fork of one process, which has remembered the forms of all usual headers.
"""

from __future__ import annotations

import pytest

from casebus.trust import leaf


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    leaf._FORMS.clear()
