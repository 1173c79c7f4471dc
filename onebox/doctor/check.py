"""One finding of the doctor: the same as of an agency's own system."""

from __future__ import annotations

from casebus.sdk.doctor import Check, Verdict

__all__ = ["Check", "Verdict"]
