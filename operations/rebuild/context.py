"""Casework's context for a deriver that sends nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from casebus.cases.room import Rooms
from casebus.events.schemas import Schemas
from casebus.kafka.directory import following
from casebus.law import Law
from casebus.now import now_from
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from services.casework.context import CaseworkContext
from services.casework.law_cache import LawCache
from services.casework.streams import Streams


@asynccontextmanager
async def context_of(settings: Settings) -> AsyncIterator[CaseworkContext]:
    """Raises AwayError `directory_unread`."""
    schemas = Schemas.load(settings.schemas_dir)
    async with following(settings, schemas) as follower:
        yield CaseworkContext(
            schemas=schemas,
            laws=LawCache(Law.load(settings.policies_dir / "law")),
            directory=follower.directory,
            # Nobody's key: nothing is signed.
            key=SigningKey.generate(),
            now=now_from(settings),
            streams=Streams(schemas, Rooms.load(settings.policies_dir)),
            epoch=1,
        )
