"""The composition root: what the resources need, opened once and closed in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Annotated

import asyncpg
from fastapi import Depends, Request

from casebus import telemetry
from casebus.cases.listed import PenaltyEntryRules
from casebus.cases.visibility import Access
from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.kafka.directory import DirectoryFollower, DirectoryReader
from casebus.law.acts import ActRules
from casebus.now import Now, now_from
from casebus.settings import Settings
from casebus.signing.signers import Signers
from casebus.trust.directory import Directory
from casebus.trust.keys import SigningKey
from casebus.trust.witnessing import Witnessing
from gateway.access.audit import AccessLog
from gateway.access.looks import Looking
from gateway.runtime.batches import Gathered
from gateway.runtime.heartbeat import HeartbeatAsker
from gateway.runtime.producer import EventProducer, SingleProducer
from gateway.runtime.turns import Turns
from storage import reads, submissions
from storage.handles import Pool
from storage.pool import open_pool
from storage.proving import Prover
from storage.submissions import Finished

_log = logging.getLogger(__name__)
_OPEN_PATIENCE = 3.0
_SAMPLE_SECONDS = 5.0


@dataclass
class Gateway:
    """Everything a request may use."""

    settings: Settings
    schemas: Schemas
    now: Now
    producer: EventProducer
    reader: DirectoryReader
    #: The policy of who may see what.
    access: Access
    #: The offices that an agency may ask about published penalties.
    asking: PenaltyEntryRules
    #: How many witnesses a head needs.
    witnessing: Witnessing
    prover: Prover = field(default_factory=Prover)
    figures: dict[str, float] = field(default_factory=dict)
    #: Check -> the time at which it was first seen to fail, while it fails.
    failing_since: dict[str, datetime] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    hearing: HeartbeatAsker = field(default_factory=HeartbeatAsker)
    #: Digest of a law -> its requirements for acts.
    acts: dict[str | None, ActRules] = field(default_factory=dict)
    _pool: Pool | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    def of(cls, settings: Settings) -> Gateway:
        schemas = Schemas.load(settings.schemas_dir)
        return cls(
            settings=settings,
            schemas=schemas,
            now=now_from(settings),
            producer=SingleProducer(settings),
            reader=DirectoryFollower(settings, schemas),
            access=Access.load(settings.policies_dir),
            asking=PenaltyEntryRules.load(settings.policies_dir),
            witnessing=Witnessing.load(settings.policies_dir),
        )

    @cached_property
    def holders(self) -> Gathered[bytes, tuple[str | None, str]]:
        """The owner and the label of the API key with this digest. Looked up for each request."""

        async def look_up(digests: list[bytes]) -> list[tuple[str | None, str]]:
            return await submissions.holders_of_keys(await self.database(), digests)

        return Gathered(look_up)

    @cached_property
    def keeping(self) -> Gathered[Finished, bool | None]:
        """Stores a finished record; see `submissions.store_at_once`."""

        async def store(records: list[Finished]) -> list[bool | None]:
            return await submissions.store_at_once(await self.database(), records)

        return Gathered(store)

    @cached_property
    def marking(self) -> Gathered[Finished, None]:
        """Marks a record that the brokers have."""

        async def mark(records: list[Finished]) -> list[None]:
            await submissions.mark_sent(await self.database(), *records)
            return [None] * len(records)

        return Gathered(mark)

    @cached_property
    def access_log(self) -> AccessLog:
        return AccessLog(self.database, self.now)

    @cached_property
    def signers(self) -> Signers:
        return Signers(self.settings.keys_dir, self.reader.directory)

    async def database(self) -> Pool:
        """The pool, opened at first need: a gateway outlives a database that is away."""
        if self._pool is None:
            async with asyncio.timeout(_OPEN_PATIENCE), self._opening:
                if self._pool is None:
                    self._pool = await open_pool(
                        self.settings.database_url, application="gateway", most=16
                    )
        return self._pool

    def directory(self) -> Directory:
        """The directory; raises CasebusError `directory_unavailable` before its first reading."""
        if not self.reader.caught_up:
            raise CasebusError("directory_unavailable", "try again in a moment")
        return self.reader.directory

    def key_of(self, agency: str) -> SigningKey | None:
        """The key by which this gateway signs for an agency, if it has a valid one."""
        self.directory()
        return self.signers.trusted(agency)

    async def close(self) -> None:
        await asyncio.to_thread(self.reader.stop)
        await self.producer.stop()
        if self._pool is not None:
            await self._pool.close()


@asynccontextmanager
async def running(gateway: Gateway) -> AsyncIterator[Gateway]:
    gateway.reader.start()
    sampling = asyncio.create_task(_sample(gateway))
    _show(gateway)
    try:
        yield gateway
    finally:
        sampling.cancel()
        await gateway.close()


def _show(gateway: Gateway) -> None:
    """One gauge for each figure, as last sampled; none while the database is away."""
    for name in reads.FIGURES:
        telemetry.gauge(f"casebus.{name}", partial(_figure, gateway, name), key="service")


def _figure(gateway: Gateway, name: str) -> dict[str, float]:
    return {"gateway": gateway.figures[name]} if name in gateway.figures else {}


async def _sample(gateway: Gateway) -> None:
    """Read the depths from time to time: a metrics page must not wait for a database."""
    while True:
        try:
            database = await gateway.database()
            gateway.figures = await reads.figures(database)
            await submissions.forget_actions(database)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            gateway.figures = {}
            _log.warning("figures are out of reach", exc_info=error)
        await asyncio.sleep(_SAMPLE_SECONDS)


def of_request(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


async def _context(request: Request) -> Gateway:
    # A dependency that does not await runs in a thread.
    return of_request(request)


async def looking_of(request: Request) -> Looking:
    looking = Looking(await of_request(request).database())
    request.state.looking = looking
    return looking


Context = Annotated[Gateway, Depends(_context)]
Database = Annotated[Looking, Depends(looking_of)]
