"""What other cases say of an organisation: earlier punishments, and acts not punished yet.

The question is asked anew whenever something is journaled of the organisation; the answer goes
as an event into each case that may still owe a transfer, and only where it says something new.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from casebus.cases.keys import key_of
from casebus.law.threshold_models import MONEY
from services.scheduler.barrier import Passes
from services.scheduler.voice import Statement, Voice
from storage import organisations, outbox
from storage.organisations import Act, Answer, Asker, Punishment

FOUND = "casebus.prior_sanctions.found.v1"
#: Years before the acts within which a punishment makes them a repeat.
YEARS = 2
#: Years after which nothing is added up any more (the shortest limitation is five).
_LIMITATION = 5
#: Acts of these are told to no other case (反不正当竞争法 19, 刑事诉讼法 54 III): punishments are.
_SECRET = frozenset({"trade_secret"})
_ROUND_SECONDS = 1.0
#: Bounds what one round costs, and how long one answer gets.
_ORGANISATIONS = 100
_CASES = 200
_MOST = 50
_COUNTS = (
    "item_count",
    "unsold_count",
    "copy_count",
    "work_count",
    "download_count",
    "click_count",
    "member_count",
)


class _Known(NamedTuple):
    """All that the cases of one organisation say, and what they were told."""

    uscc: str
    family: str
    punished: list[Punishment]
    unpunished: list[Act]
    answers: dict[UUID, Answer]


class Organisations:
    """Asks every second, behind the barrier: a rebuild under way would answer by halves."""

    def __init__(
        self,
        pool: Any,
        voice: Voice,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
    ) -> None:
        self._pool, self._voice = pool, voice
        self._barrier, self._partitions = barrier, partitions

    async def run(self) -> None:
        while True:
            if not await self.ask():
                await asyncio.sleep(_ROUND_SECONDS)

    async def ask(self) -> int:
        """One round; how many organisations it was about."""
        if not await organisations.is_changed(self._pool):
            return 0
        await self._barrier.passed(range(await self._partitions()))
        async with self._pool.acquire() as connection, connection.transaction():
            changed = await organisations.take_changed(connection, _ORGANISATIONS)
            for uscc, family in changed:
                await self._about(connection, uscc, family)
        return len(changed)

    async def _about(self, connection: Any, uscc: str, family: str) -> None:
        asking = await organisations.askers(connection, uscc, family, _CASES)
        if not asking:
            return
        hidden = family in _SECRET
        known = _Known(
            uscc,
            family,
            await organisations.punished(connection, uscc, family, _CASES),
            [] if hidden else await organisations.unpunished(connection, uscc, family, _CASES),
            await organisations.answers(connection, uscc, family),
        )
        found = [one for asker in asking if (one := statement_of(asker, known)) is not None]
        await outbox.enqueue(connection, self._voice.rows([said for said, _ in found]))
        for said, answer in found:
            await organisations.note_answer(connection, said.stream, uscc, family, answer)


def statement_of(asker: Asker, known: _Known) -> tuple[Statement, Answer] | None:
    """The answer to one case; None where it says nothing, or nothing new."""
    sanctions = [_sanction(one, known.family) for one in _prior(asker, known.punished)[:_MOST]]
    unpunished = [_act(one) for one in _others(asker, known.unpunished)[:_MOST]]
    content = orjson.dumps([sanctions, unpunished], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(content).hexdigest()
    before = known.answers.get(asker.stream)
    if before is None and not sanctions and not unpunished:
        return None
    if before is not None and before.digest == digest:
        return None
    revision = 1 if before is None else before.revision + 1
    words = (known.uscc, known.family, str(revision), digest)
    event_id = key_of(str(asker.stream), "prior_sanctions", *words)
    said = Statement(
        stream=asker.stream,
        id=event_id,
        type=FOUND,
        data={
            "uscc": known.uscc,
            "family": known.family,
            "revision": revision,
            "question": key_of(str(asker.stream), "prior_sanctions", known.uscc, known.family),
            "from": _years_before(asker.first_on, YEARS).isoformat(),
            "to": asker.last_on.isoformat(),
            "sanctions": sanctions,
            "unpunished": unpunished,
            "count": len(sanctions),
            "told": [asker.agency],
        },
        to=(asker.agency,),
        # Behind the figures it is about, whatever day they claim.
        causation=(asker.id,),
    )
    return said, Answer(revision, digest, event_id)


def _prior(asker: Asker, punished: Sequence[Punishment]) -> list[Punishment]:
    since = _years_before(asker.first_on, YEARS)
    return [
        one
        for one in punished
        if one.stream != asker.stream and since <= one.decided_on < asker.last_on
    ]


def _others(asker: Asker, acts: Sequence[Act]) -> list[Act]:
    since = _years_before(asker.last_on, _LIMITATION)
    return [one for one in acts if one.stream != asker.stream and one.last_on >= since]


def _sanction(one: Punishment, family: str) -> dict[str, Any]:
    return {
        "stream": str(one.stream),
        "source": one.source,
        "id": one.id,
        "decided_on": one.decided_on.isoformat(),
        "offence": one.offence,
        "number": one.number,
        "kind": one.kind,
        "family": family,
    }


def _act(one: Act) -> dict[str, Any]:
    figures = one.figures
    money = {name: {"fen": figures[name]} for name in MONEY if name in figures}
    if "illegal_gains" in figures or "service_gains" in figures:
        # Bodies state the whole of the gains, and the part of them that comes from services.
        whole = figures.get("illegal_gains", 0) + figures.get("service_gains", 0)
        money["illegal_gains"] = {"fen": whole}
    return {
        "stream": str(one.stream),
        "source": one.source,
        "id": one.id,
        "events": [one.id],
        "offence": figures.get("offence", ""),
        "items": figures.get("items", []),
        "acts_from": one.first_on.isoformat(),
        "acts_to": one.last_on.isoformat(),
        **money,
        **{name: figures[name] for name in _COUNTS if name in figures},
        "right_count": figures.get("right_sources"),
        "circumvention": figures.get("circumvention", False),
        "owner_closed": figures.get("owner_closed", False),
    }


def _years_before(day: date, years: int) -> date:
    """The same day so many years earlier; of 29 February the 28th."""
    year = max(day.year - years, 1)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
