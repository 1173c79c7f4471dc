"""An event of the bus that should exist, and the common parts of its kinds.

Ids are deterministic (stream, rule, trigger, revision): every deriver of the same fact makes the
same event, and a second telling counts as the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from casebus.cases.core import Core
from casebus.cases.event import Identity
from casebus.events.legaltime import LegalTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One event of the bus that should exist."""

    stream: str
    id: str
    type: str
    #: Agencies and rules; `casebus.law.agencies.resolve(to, of, directory)` names them.
    to: tuple[str, ...]
    #: The agency from which the rules are seen.
    of: str
    #: Ids of the events that caused it.
    causation: tuple[str, ...]
    legal: LegalTime | None
    data: dict[str, Any]
    #: The field of its body that names the told agencies; empty if none does.
    told_in: str = "told"

    def body(self, to: Sequence[str]) -> dict[str, Any]:
        """Its body once `to` is resolved to agencies."""
        return {**self.data, self.told_in: list(to)} if self.told_in else self.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding or a breach that was told and not withdrawn, by the journal."""

    key: str
    event: Identity
    data: dict[str, Any]
    #: The number of times that the same was withdrawn before.
    revision: int


def told_agencies(told: Told) -> tuple[str, ...]:
    named = told.data.get("told")
    return tuple(str(one) for one in named) if isinstance(named, list) else ()


def numbers_for(case: Core, about: str) -> list[dict[str, str]]:
    """The case's numbers, if the telling concerns an agency with a part in it.

    A stranger whose event is in the stream is told of that event, and nothing of the case (ADR 40).
    A secret case gives no numbers: rules name agencies that may not know of it (ADR 43).
    """
    if case.secrecy or about not in case.participants:
        return []
    return [{"kind": kind, "value": value} for kind, value in case.numbers]
