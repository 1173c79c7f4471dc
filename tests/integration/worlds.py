"""Worlds that differ only in a secret case, and everything that an agency can see of each.

It uses real tables, casework, the scheduler's questions and the gateway's own application. Only
Kafka is missing: no read needs it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid5

import httpx

from casebus.events.doors import BUS
from casebus.events.envelope import UNSIGNED_HEADERS, Record
from casebus.kafka.fakes import KnownDirectory
from casebus.settings import Settings
from gateway.app import create_app
from gateway.identity.keys import digest
from services.scheduler.fakes import HeldBarrier
from services.scheduler.organisations import Organisations
from services.scheduler.rights import Rights
from services.scheduler.statements import StatementSigner
from storage import submissions
from storage.packing import unpack_headers
from tests.integration.casework import Casework
from tests.integration.test_organisations import TELLING
from tests.world import NOW, SCHEMAS

AMR, OTHER_AMR = "cn-330106-amr", "cn-330100-amr"
PSB, PRO, COURT = "cn-330106-psb", "cn-330106-pro", "cn-330106-court"
_IDS = UUID("01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01")
OURS, SECRET, BESIDE, UNKNOWN = (
    str(uuid5(_IDS, one)) for one in ["ours", "secret", "beside", "un"]
)
USCC, OTHER_USCC = "91330106MA2TEX7081", "91110000600037341L"
NUMBER = "杭西市监罚〔2025〕31号"
#: The size of each log is no secret: everyone who reaches the gateway reads it at `/v1/log`.
_ROUTES_OF_OPERATORS = ("/livez", "/readyz", "/healthz", "/metrics", "/v1/ops/heads")
GROUPS = ("all", "status", "procedure", "agency", "month")
SORTS = ("-changed", "changed", "-opened", "opened", "due")
#: Words of each kind that a secret case may hold; test_search.py asks for all there are.
SEARCHES = (
    *(f"organisation={one}" for one in (USCC, OTHER_USCC)),
    *(f"agency={one}" for one in (AMR, COURT)),
    *(f"title={quote(one)}" for one in ("茶", "某公司")),
    *("procedure=administrative_case", "finding=counts_elsewhere", "clock_state=running"),
    *("clock=A04", "due_within_days=3650", "division=330106"),
    *("opened_from=2026-03-02&opened_to=2026-03-02", "changed_to=2026-03-02"),
)
STATUSES = ("restricted", "opened", "filed", "decided", "sent", "in_progress", "unopened")


@dataclass(frozen=True)
class Hidden:
    """The content of a secret case; `stream` and organisation identify its matter."""

    stream: str = SECRET
    uscc: str = USCC
    mark: str = "MINOR"
    number: str = NUMBER
    decided_on: str = "2025-05-05"
    fen: int = 7_000_000
    right: str = "12345678"
    note: str = "甲"
    title: str = "某公司销售假茶案"
    #: True if a further act of its agency is journaled; False for an act elsewhere.
    acted: bool = True


#: Another secret case in its place: the journal is as long, and this case is not there.
ABSENT = Hidden(stream=BESIDE, uscc=OTHER_USCC, right="99999999", number="另号", title="乙")


class TwinWorld:
    """One world: our open case, and a secret one."""

    def __init__(self, casework: Casework, hidden: Hidden) -> None:
        self.casework, self.world, self.hidden = casework, casework.world, hidden
        signer = StatementSigner(self.world.keys[BUS], SCHEMAS, lambda: NOW)
        self._ask = (
            Organisations(
                casework.pool, signer, HeldBarrier(), _one, disclosure=TELLING, now=lambda: NOW
            ),
            Rights(casework.pool, signer, HeldBarrier(), _one),
        )

    async def play(self, *, closed: tuple[str, ...] = (), ours: str = USCC) -> None:
        """`closed` are sent a note in the secret case and hold no role there."""
        hidden, right = self.hidden, {"kind": "TRADEMARK", "number": "12345678", "title": "翠屿"}
        await self.say("open", "administrative_case.filed", OTHER_AMR, OURS, rights=[right])
        seized = {"offence": "214", "goods_value": {"fen": 9_000_000}, **_acts("2026-03-02")}
        await self.say("seized", "goods.seized", OTHER_AMR, OURS, **seized, parties=_by(ours))
        await self.say("told", "case.noted", OTHER_AMR, OURS, to=(COURT,), note="存在此案")
        link = {"linked": {"stream": SECRET, "number": "x"}, "relation": "SAME_RIGHT"}
        await self.say("link", "case.linked", OTHER_AMR, OURS, **link)
        rights = [{**right, "number": hidden.right}]
        await self.say(
            *("filed", "administrative_case.filed", AMR, hidden.stream),
            secrecy=hidden.mark,
            title=hidden.title,
            rights=rights,
            numbers=[{"kind": "case_no", "value": hidden.number}],
            parties=_by(hidden.uscc),
        )
        held = {"offence": "214", "goods_value": {"fen": hidden.fen}, **_acts(hidden.decided_on)}
        await self.say("held", "goods.seized", AMR, hidden.stream, **held, parties=_by(hidden.uscc))
        await self.say(
            *("punished", "penalty.decided", AMR, hidden.stream),
            offence="214",
            parties=_by(hidden.uscc),
            decided_on=hidden.decided_on,
            decision_no=hidden.number,
        )
        if closed:
            await self.say("note", "case.noted", AMR, hidden.stream, to=closed, note="仅此一句")
        further = hidden.stream if hidden.acted else BESIDE
        await self.say("more", "case.noted", AMR, further, note=hidden.note)
        await self.ask()

    async def say(self, word: str, name: str, agency: str, stream: str, **more: Any) -> None:
        event_id = str(uuid5(_IDS, word))
        to, day = more.pop("to", ()), more.pop("day", "2026-03-02")
        await self.casework(
            self.world.event(name, agency, stream=stream, legal=day, to=to, id=event_id, data=more)
        )

    async def ask(self) -> None:
        """The scheduler's questions and statements.

        They go through the front door as it would send them.
        """
        sent = 0
        for _ in range(5):
            for one in self._ask:
                while await one.ask():
                    pass
            rows = await self._sent()
            for row in rows[sent:]:
                headers = unpack_headers(row["headers"])
                await self.casework(Record(str(row["aggregateid"]).encode(), row["value"], headers))
            if len(rows) == sent:
                return
            sent = len(rows)

    async def told(self, agency: str, but: str = "") -> list[Any]:
        """The events that are addressed to an agency, in every stream `but` one."""
        return [
            (str(row["aggregateid"]), row["value"], headers)
            for row in await self._sent()
            if (headers := _signed(unpack_headers(row["headers"])))
            and agency in headers.get("ce_to", b"").decode().split()
            and str(row["aggregateid"]) != but
        ]

    async def answers(self, agency: str) -> dict[str, tuple[int, bytes]]:
        """Every answer of every read route of the gateway, asked for all that there is."""
        async with self.client(agency) as (client, description):
            return {path: await _get(client, path) for path in await self._paths(description)}

    @asynccontextmanager
    async def client(self, agency: str) -> AsyncIterator[tuple[httpx.AsyncClient, dict[str, Any]]]:
        """The gateway's own application, asked by an agency; and its description."""
        app = create_app(replace_paths(Settings(database_url=self.casework.url)))
        gateway = app.state.gateway
        gateway.reader, gateway.now = KnownDirectory(self.world.directory), lambda: NOW
        await submissions.add_key(self.casework.pool, digest(agency), agency, "test")
        asked = httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://gateway",
            headers={"Authorization": f"Bearer {agency}"},
        )
        try:
            async with asked as client:
                yield client, app.openapi()
        finally:
            await (await gateway.database()).close()

    async def _paths(self, description: dict[str, Any]) -> list[str]:
        work = [row["key"] for row in await self.casework.rows("select key from derived.work_item")]
        events = await self.casework.rows("select source, id from derived.event")
        named = {(row["source"], row["id"]) for row in events}
        # The same requests go to both worlds: paths that exist in one are requested in the other,
        # too.
        named |= {(one, str(uuid5(_IDS, word))) for one in (AMR, OTHER_AMR) for word in _WORDS}
        fillings = {
            "{case}": [OURS, SECRET, UNKNOWN],
            "{source}/{event_id}": [f"{quote(one, safe='')}/{name}" for one, name in named],
            "{value}": [quote(one, safe="") for one in (NUMBER, "另号", "x")],
            "{key}": work,
        }
        found: list[str] = []
        for path, operations in description["paths"].items():
            if "get" in operations and path not in _ROUTES_OF_OPERATORS:
                found += _filled(path, fillings)
        found += [f"/v1/cases?status={one}" for one in STATUSES]
        found += [f"/v1/cases?number={quote(one)}" for one in (NUMBER, "另号")]
        found += [f"/v1/cases?{one}&count=true" for one in SEARCHES]
        found += [f"/v1/cases?sort={one}&count=true&limit=1" for one in SORTS]
        found += [
            f"/v1/cases/counts?by={one}" for one in ("status", "procedure", "agency", "month")
        ]
        found += ["/v1/cases?limit=1", "/v1/work?status=all", "/v1/stats?by=month,offence,right"]
        return found

    async def _sent(self) -> list[Any]:
        return await self.casework.rows("select * from own.outbox order by id")


_WORDS = ("open", "seized", "told", "link", "filed", "held", "punished", "note", "more")


def replace_paths(settings: Settings) -> Settings:
    """No private key is found: nothing is signed for anybody here."""
    return settings.model_copy(update={"keys_dir": Path("/nonexistent")})


def changed(**hidden: Any) -> Hidden:
    return replace(Hidden(), **hidden)


def _filled(path: str, fillings: dict[str, list[str]]) -> Iterator[str]:
    plain = path.replace(":segment", "")
    for name, values in fillings.items():
        if name in plain:
            yield from (plain.replace(name, value) for value in values)
            return
    if "{" not in plain:
        yield plain


async def _get(client: httpx.AsyncClient, path: str) -> tuple[int, bytes]:
    answer = await client.get(path)
    return answer.status_code, answer.content


def _signed(headers: tuple[tuple[str, bytes], ...]) -> dict[str, bytes]:
    """The headers without the signature: its tree is over everything that was signed at once."""
    return {name: value for name, value in headers if name not in UNSIGNED_HEADERS}


def _by(uscc: str) -> list[dict[str, Any]]:
    return [{"role": "SUSPECT", "organisation": {"name": "某公司", "uscc_raw": uscc}}]


def _acts(day: str) -> dict[str, str]:
    return {"acts_from": day, "acts_to": day}


async def _one() -> int:
    return 1
