"""One finding of the doctor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found, and what a person can do about it."""

    name: str
    verdict: Verdict
    says: str
    remedy: str = ""
