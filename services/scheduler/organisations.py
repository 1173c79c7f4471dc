"""The statements of other cases on an organisation: earlier punishments, and unpunished acts.

The question is asked again whenever something about the organisation is journaled. The answer goes
as an event into each case that may still owe a transfer, and only if it is new. It covers a secret
case only if all readers of the answer may know of that case. Otherwise the agencies that may know
of both are asked to look (ADR 43).
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from casebus.cases.keys import key_of
from casebus.cases.reporting import COUNTS_ELSEWHERE
from casebus.events.doors import SCHEDULER
from casebus.events.envelope import agency_of
from casebus.events.legaltime import CHINA
from casebus.events.types import PRIOR_SANCTIONS_FOUND
from casebus.law.threshold_models import MONEY
from casebus.now import Now
from services.scheduler.asking import AcrossCases
from services.scheduler.barrier import Passes
from services.scheduler.disclosure import Disclosure
from services.scheduler.statements import BusStatement, StatementSigner
from storage import organisations
from storage.handles import Connection, Pool
from storage.organisations import AskingCase, OrganisationQuery, OtherAct, Punishment
from storage.said import words_in

#: The content of a secret case may count in another one, which may not know of it.
#: Limits the length of one answer.
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


class OtherCases(NamedTuple):
    """The facts that other cases may tell to one that asks."""

    punished: Sequence[Punishment] = ()
    unpunished: Sequence[OtherAct] = ()


class LastAnswer(NamedTuple):
    """The last answer that a case got to one question."""

    revision: int
    event_id: str


class Organisations(AcrossCases):
    changes = organisations.CHANGED
    elsewhere = COUNTS_ELSEWHERE

    def __init__(
        self,
        pool: Pool,
        signer: StatementSigner,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
        *,
        disclosure: Disclosure,
        now: Now,
    ) -> None:
        super().__init__(pool, signer, barrier, partitions)
        self._disclosure, self._now = disclosure, now

    async def _about(self, connection: Connection, uscc: str, family: str) -> None:
        async for page in organisations.askers(connection, uscc, family):
            answers = await self._answers(connection, [one.stream for one in page])
            for asker in page:
                asked = asked_by(asker, uscc, family, self._disclosure)
                before = answers.get((asker.stream, uscc, family))
                await self._answer(connection, asked, before)
                await self._ask_about(connection, asked)

    async def _answers(
        self, connection: Connection, streams: Sequence[UUID]
    ) -> dict[tuple[UUID, str, str], LastAnswer]:
        """The last answer to each case, by case and question, from the journal."""
        schemas = self._signer.schemas
        given = await words_in(connection, streams, SCHEDULER, [PRIOR_SANCTIONS_FOUND], schemas)
        found: dict[tuple[UUID, str, str], LastAnswer] = {}
        for one in (one for its in given.values() for one in its):
            key = (one.stream, one.data["uscc"], one.data["family"])
            answer = LastAnswer(one.data["revision"], one.id)
            found[key] = max(answer, found.get(key, answer))
        return found

    async def _answer(
        self, connection: Connection, asked: OrganisationQuery, before: LastAnswer | None
    ) -> None:
        acts: Sequence[OtherAct] = ()
        if self._tells_acts(asked):
            acts = await organisations.unpunished(connection, asked, _MOST)
        found = OtherCases(await organisations.punished(connection, asked, _MOST), acts)
        answer = statement_of(asked, found, before)
        if answer is not None:
            await self._say(connection, [answer])

    async def _ask_about(self, connection: Connection, asked: OrganisationQuery) -> None:
        """An agency that may know of both cases looks whether the one counts in the other."""
        withheld = await organisations.withheld(
            connection, asked, COUNTS_ELSEWHERE, acts=self._tells_acts(asked), limit=_MOST
        )
        of_whom = {"uscc": asked.uscc, "family": asked.family}
        await self._ask_holders(connection, withheld, asked.about, **of_whom)

    def _tells_acts(self, asked: OrganisationQuery) -> bool:
        return self._disclosure.acts(asked.family, self._now().astimezone(CHINA).date())


def asked_by(
    asker: AskingCase, uscc: str, family: str, disclosure: Disclosure
) -> OrganisationQuery:
    since = _years_before(asker.first_on, disclosure.repeat_years)
    acts_since = _years_before(asker.last_on, disclosure.acts_years)
    return OrganisationQuery(uscc, family, asker, since, acts_since)


def statement_of(
    asked: OrganisationQuery, found: OtherCases, before: LastAnswer | None
) -> BusStatement | None:
    """The answer to one case; None if it has nothing to tell, or nothing new."""
    asker = asked.asker
    sanctions = [_sanction(one, asked) for one in found.punished]
    unpunished = [_act(one) for one in found.unpunished]
    content = orjson.dumps([sanctions, unpunished], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(content).hexdigest()
    if before is None and not sanctions and not unpunished:
        return None
    if before is not None and before.event_id == _answer_id(asked, before.revision, digest):
        return None
    revision = 1 if before is None else before.revision + 1
    return BusStatement(
        stream=asker.stream,
        id=_answer_id(asked, revision, digest),
        type=PRIOR_SANCTIONS_FOUND,
        data={
            "uscc": asked.uscc,
            "family": asked.family,
            "revision": revision,
            "question": key_of(str(asker.stream), "prior_sanctions", asked.uscc, asked.family),
            "from": asked.since.isoformat(),
            "to": asker.last_on.isoformat(),
            "sanctions": sanctions,
            "unpunished": unpunished,
            "count": len(sanctions),
            "told": [asker.agency],
        },
        to=(asker.agency,),
        # Placed after the figures that it is about, whatever day they claim.
        causation=(asker.id,),
    )


def _answer_id(asked: OrganisationQuery, revision: int, digest: str) -> str:
    """The id depends on the content too, so the last answer's id shows if something is new."""
    words = (asked.uscc, asked.family, str(revision), digest)
    return key_of(str(asked.asker.stream), "prior_sanctions", *words)


def _sanction(one: Punishment, asked: OrganisationQuery) -> dict[str, Any]:
    """The punishments that make a repeat, with agency and number: neither case nor event."""
    told_apart = (str(one.stream), one.source, one.id)
    return {
        "source": agency_of(one.source),
        "id": key_of(str(asked.asker.stream), "sanction", *told_apart),
        "decided_on": one.decided_on.isoformat(),
        "offence": one.offence,
        "number": one.number,
        "kind": one.kind,
        "family": asked.family,
    }


def _act(one: OtherAct) -> dict[str, Any]:
    figures = one.figures
    money = {name: {"fen": figures[name]} for name in MONEY if name in figures}
    if "illegal_gains" in figures or "service_gains" in figures:
        # Bodies state the total of the gains, and the part of them that comes from services.
        whole = figures.get("illegal_gains", 0) + figures.get("service_gains", 0)
        money["illegal_gains"] = {"fen": whole}
    return {
        "source": agency_of(one.source),
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
    """The same day so many years earlier; for 29 February, the 28th."""
    year = max(day.year - years, 1)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
