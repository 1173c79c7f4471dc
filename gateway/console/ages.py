"""A length of time, or the time since a moment, in its largest whole unit."""

from __future__ import annotations

from gateway.console.languages import PageWords

_LEAST_IN_UNITS = 120
_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60))


def age(seconds: float, t: PageWords) -> str:
    """In seconds below two minutes: during a standstill each of them counts."""
    if seconds >= _LEAST_IN_UNITS:
        for name, unit in _UNITS:
            if seconds >= unit:
                return t(f"length.{name}", count=int(seconds // unit))
    return t("length.seconds", count=f"{seconds:.0f}")
