"""Asks the bus about a case before anything is minted.

Design rule 20, what imports mint.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from casebus.events.numbers import canonical_number
from casebus.events.types import CASE_CORRECTED
from casebus.sdk.gateway import Gateway
from casebus.sdk.importing.minting import KnownSlot, MintedEvent, correct

#: Questions at the same time: one takes some milliseconds, and a file has many rows.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Holding:
    """Cases that have a number, and the history of the case that this import would mint."""

    others: tuple[str, ...] = ()
    history: tuple[Mapping[str, Any], ...] = ()


class AskGateway:
    """Asks by number; a case is visible only to agencies that are part of it."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def __call__(self, wanted: Sequence[tuple[str, str]]) -> list[Holding]:
        """One answer for each (number, stream) asked."""
        if not wanted:
            return []
        cases = self._cases(number for number, _ in wanted)
        mine = [stream for number, stream in wanted if stream in cases[canonical_number(number)]]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            histories = dict(zip(mine, pool.map(self._gateway.history, mine), strict=True))
        return [
            Holding(
                tuple(sorted(cases[canonical_number(number)] - {stream})),
                tuple(histories.get(stream, ())),
            )
            for number, stream in wanted
        ]

    def _cases(self, numbers: Iterable[str]) -> defaultdict[str, set[str]]:
        """By the number's canonical form."""
        found: defaultdict[str, set[str]] = defaultdict(set)
        for one in self._gateway.cases_with_numbers(list(dict.fromkeys(numbers))):
            found[one["value"]].add(str(one["case"]))
        return found


def slots_from_history(
    events: Iterable[MintedEvent], history: Sequence[Mapping[str, Any]]
) -> dict[str, KnownSlot]:
    """The slots of a row in the journal, for a machine whose local store does not have them.

    An event of the same author and type under another id is the earlier one that the row changed.
    The number of its corrections gives the next correction.
    """
    recorded = {str(one["id"]): one for one in history}
    revisions = Counter(
        str((one.get("data") or {}).get("corrected_id"))
        for one in history
        if one["type"] == CASE_CORRECTED
    )
    known: dict[str, KnownSlot] = {}
    for event in events:
        earlier = _earlier(event, recorded)
        if earlier is not None:
            known[event.slot] = _slot(event, earlier, revisions[earlier], recorded)
    return known


def _earlier(event: MintedEvent, recorded: Mapping[str, Mapping[str, Any]]) -> str | None:
    if event.id in recorded:
        return event.id
    same = (
        one
        for one, row in recorded.items()
        if (row["type"], row.get("source")) == (event.type, event.source)
    )
    return next(same, None)


def _slot(
    event: MintedEvent, earlier: str, revision: int, recorded: Mapping[str, object]
) -> KnownSlot:
    holds = event.id == earlier and not revision
    last = KnownSlot(earlier, event.source, {}, revision - 1)
    if revision:
        holds = correct(event, last).id in recorded
    return KnownSlot(earlier, event.source, event.fields() if holds else {}, revision)
