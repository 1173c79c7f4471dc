"""The number of examples for a property: the whole number, or a share of it in a hurry."""

from __future__ import annotations

from hypothesis import settings

#: Hypothesis's number if nobody gives one; a profile with fewer asks for a share.
_WHOLE = 100
#: One example is no property.
_FEWEST = 2


def examples(whole: int) -> int:
    """A test's own number of examples, or the share of it that the profile asks for."""
    return max(_FEWEST, min(whole, whole * settings().max_examples // _WHOLE))
