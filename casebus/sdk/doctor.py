"""Faults of an agency's own system on the bus, and the remedies for its people.

The usual fault is two systems that count under one name. If a local store was deleted, it begins
again at 1. If it was copied to a second machine, the copy counts on beside the first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from casebus.errors import CasebusError
from casebus.sdk.gateway import JSON, Gateway
from casebus.sdk.store import Store, machine, path_in
from casebus.settings import Settings

Verdict = Literal["ok", "warning", "wrong"]
#: The remedy if two systems count under one name, or one lost its memory.
_REMEDY = (
    "let one system alone publish as {source}; give the other, or one whose store was lost, a name "
    "of its own: source={source}/NAME (docs/sdk.md)"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its subject, its result, and the remedy."""

    name: str
    verdict: Verdict
    says: str
    remedy: str = ""


def examine(settings: Settings, gateway: Gateway) -> Iterator[Check]:
    """Check the local store, then the numbers that the bus has seen."""
    yield from _store(settings)
    try:
        yield from _numbers(settings.agency, gateway.repeated_numbers())
    except CasebusError as error:
        says = f"{settings.gateway_url} does not say: {error}"
        yield Check("sequence numbers", "wrong", says, "check CASEBUS_GATEWAY_URL, CASEBUS_API_KEY")


def _store(settings: Settings) -> Iterator[Check]:
    path = path_in(settings.home)
    if not path.exists():
        yield Check("local store", "ok", f"none yet: {path} is made by the first publication")
        return
    store = Store.open(path)
    try:
        made_on, waiting = store.made_on(), store.waiting_count()
    finally:
        store.close()
    if made_on != machine():
        says = f"made on {made_on}, and this is {machine()}: was it copied?"
        yield Check("local store", "warning", says, _REMEDY.format(source=settings.agency))
    else:
        yield Check("local store", "ok", "made on this machine")
    if waiting:
        says = f"{waiting:,} records are signed and not sent"
        yield Check("unsent records", "warning", says, "casebus publish --resend")
    else:
        yield Check("unsent records", "ok", "none")


def _numbers(agency: str, repeated: list[JSON]) -> Iterator[Check]:
    if not repeated:
        yield Check("sequence numbers", "ok", f"each was given once by {agency}")
        return
    sources: dict[str, list[JSON]] = defaultdict(list)
    for one in repeated:
        sources[one["source"]].append(one)
    for source, its in sorted(sources.items()):
        times, cases = sum(one["times"] for one in its), {one["case"] for one in its}
        first = its[0]
        says = (
            f"{source} gave {times:,} numbers in {len(cases):,} cases to two events each, as "
            f"number {first['sequence']} in case {first['case']}: two systems publish under one "
            "name, or a local store was deleted or copied; nothing is lost"
        )
        yield Check("sequence numbers", "wrong", says, _REMEDY.format(source=source))
