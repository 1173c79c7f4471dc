"""Requests of the same moment ask the database together.

While one question is under way, new ones wait, and then go as one: a statement and a commit cost
the same for one row and for twenty. Each gets its own part of the answer, and only after its own
work is done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import asyncpg

from casebus.errors import CasebusError

Asked = TypeVar("Asked")
Told = TypeVar("Told")
_MOST = 100
#: Errors that are the fault of one item. Any other error hits all items.
_OF_ONE = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, ValueError, CasebusError)


class Gathered(Generic[Asked, Told]):
    """Calls `work` with the gathered items; it answers each item, in order, or raises."""

    def __init__(self, work: Callable[[list[Asked]], Awaitable[Sequence[Told]]]) -> None:
        self._work = work
        self._waiting: list[tuple[Asked, asyncio.Future[Told]]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, item: Asked) -> Told:
        answer: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._go_on())
        return await answer

    async def _go_on(self) -> None:
        while self._waiting:
            now, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            await self._answer(now)

    async def _answer(self, asked: list[tuple[Asked, asyncio.Future[Told]]]) -> None:
        try:
            told = await self._work([item for item, _ in asked])
        except _OF_ONE as error:
            await self._answer_each(asked, error)
        except Exception as error:  # noqa: BLE001 - handed to all that asked
            _fail(asked, error)
        else:
            for (_, answer), one in zip(asked, told, strict=True):
                if not answer.done():
                    answer.set_result(one)

    async def _answer_each(
        self, asked: list[tuple[Asked, asyncio.Future[Told]]], error: Exception
    ) -> None:
        """One of the questions cannot be answered. The others do not pay for it."""
        if len(asked) == 1:
            _fail(asked, error)
            return
        for one in asked:
            await self._answer([one])


def _fail(asked: Sequence[tuple[object, asyncio.Future[Told]]], error: Exception) -> None:
    for _, answer in asked:
        if not answer.done():
            answer.set_exception(error)
