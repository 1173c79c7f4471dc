"""Conditions of rules about an event's body: paths, and the values that must stand there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from casebus.law.models import LawModel, Rule

Body = Mapping[str, Any]


class Condition(LawModel):
    """All parts must hold; an empty condition always holds.

    A path is field names joined by dots. If a part of the path is a list, each of its rows counts.
    """

    #: Path -> values, one of which must stand there. No values: any value will do.
    has: dict[str, tuple[str | bool | int, ...]] = Field(default={})
    #: Paths at which nothing may stand, except an empty value, false or zero.
    lacks: tuple[str, ...] = ()
    #: Path -> the least and the most that the largest number there may be. Without a number the
    #: condition fails.
    at_least: dict[str, int] = Field(default={})
    at_most: dict[str, int] = Field(default={})

    def holds(self, body: Body) -> bool:
        return (
            all(_has(values_at(body, path), wanted) for path, wanted in self.has.items())
            and not any(any(values_at(body, path)) for path in self.lacks)
            and all(_most(body, path) >= least for path, least in self.at_least.items())
            and all(0 <= _most(body, path) <= most for path, most in self.at_most.items())
        )


def in_force(rule: Rule, day: dt.date) -> bool:
    return rule.effective_from <= day <= (rule.effective_to or dt.date.max)


def values_at(body: Body, path: str) -> list[Any]:
    """The values at a path, without nulls and empty texts."""
    found: list[Any] = [body]
    for name in path.split("."):
        rows = (one.get(name) for one in found if isinstance(one, dict))
        found = [one for row in rows for one in (row if isinstance(row, list) else [row])]
    return [one for one in found if one is not None and one != ""]


def texts_at(body: Body, path: str) -> list[str]:
    return [one for one in values_at(body, path) if isinstance(one, str)]


def _has(found: list[Any], wanted: tuple[str | bool | int, ...]) -> bool:
    return any(one in wanted for one in found) if wanted else bool(found)


def _most(body: Body, path: str) -> int:
    """The largest number at a path; -1 if there is none."""
    numbers = (one for one in values_at(body, path) if isinstance(one, int))
    return max((one for one in numbers if not isinstance(one, bool)), default=-1)
