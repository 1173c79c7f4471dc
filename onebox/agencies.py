"""The agencies of a development stack: the examples', where no file is named."""

from __future__ import annotations

import os
from pathlib import Path

AGENCIES = Path(__file__).parents[1] / "examples" / "agencies.yaml"


def agencies_file() -> Path:
    """The file of CASEBUS_AGENCIES, or the examples'."""
    return Path(os.environ.get("CASEBUS_AGENCIES") or AGENCIES)
