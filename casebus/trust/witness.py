"""A witness vouches that a log has only grown since the witness saw it before. Pure.

Each code names a fault found instead. It comes with the two heads, signed by the bus, as evidence.
"""

from __future__ import annotations

from collections.abc import Sequence

from casebus.errors import CasebusError
from casebus.trust.head import Head
from casebus.trust.proofs import is_consistent

#: Two heads, neither of which continues the other.
FORKED = "log_forked"
#: A head of fewer records than one shown before.
ROLLED_BACK = "log_rolled_back"
#: A log that existed and no longer does.
MISSING = "log_missing"
#: A head that no key of the bus has signed, or a head of another log.
UNSIGNED = "head_unsigned"


class WitnessError(CasebusError):
    """The reason why a head is not cosigned."""


def require_growth(seen: Head | None, shown: Head, path: Sequence[bytes]) -> None:
    """Raise WitnessError unless `path` shows that the head continues the one seen before."""
    if seen is None:
        return
    if shown.size < seen.size:
        raise WitnessError(ROLLED_BACK, f"{shown.origin}: {shown.size} records after {seen.size}")
    if not is_consistent(seen.size, seen.root, shown.size, shown.root, path):
        grown = "the same number of" if shown.size == seen.size else "more"
        raise WitnessError(
            FORKED,
            f"{shown.origin}: the head of {shown.size} does not continue the one of {seen.size}"
            f" of {seen.origin}, with {grown} records",
        )
