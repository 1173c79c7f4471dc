"""The published test vectors are what this implementation computes."""

from __future__ import annotations

import json
from pathlib import Path

from scripts.make_vectors import vectors

_FILE = Path(__file__).parents[3] / "docs" / "vectors" / "signature.json"


def test_the_published_vectors_are_what_we_compute():
    assert json.loads(_FILE.read_text(encoding="utf-8")) == vectors()
