"""The common part of questions across cases: when and how they are asked, and behind what.

A question across cases is `AcrossCases`. Casework notes possible news in one table, and a round
asks about each of them once. If another case may not be told of a case, it asks the agencies that
may know of both.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

from services.scheduler.barrier import Passes
from services.scheduler.findings import raised
from services.scheduler.rounds import in_rounds
from services.scheduler.statements import BusStatement, StatementSigner
from storage import outbox, scheduling
from storage.across import ChangeNotes, Untold
from storage.handles import Connection, Pool

#: Bounds what one round costs.
_CHANGES = 100


class Asking(ABC):
    """Asks every second, behind the barrier: during a rebuild the answers would be incomplete."""

    def __init__(
        self,
        pool: Pool,
        signer: StatementSigner,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
    ) -> None:
        self._pool, self._signer = pool, signer
        self._barrier, self._partitions = barrier, partitions

    async def run(self) -> None:
        await in_rounds(self.ask)

    @abstractmethod
    async def ask(self) -> int:
        """Do one round; returns its size. The next round takes the rest."""

    async def _barred(self) -> None:
        """Wait until everything sent by now is folded."""
        await self._barrier.passed(range(await self._partitions()))

    async def _say(self, connection: Connection, statements: Iterable[BusStatement]) -> None:
        await outbox.enqueue(connection, self._signer.rows(statements))


class AcrossCases(Asking):
    """Tells one case's statement to the other cases that it concerns, as far as they may know."""

    #: The table in which casework notes possible news.
    changes: ClassVar[ChangeNotes]
    #: The finding that asks about a case that may not be named.
    elsewhere: ClassVar[str]

    async def ask(self) -> int:
        if not await self.changes.is_any(self._pool):
            return 0
        await self._barred()
        async with self._pool.acquire() as connection, connection.transaction():
            await self._read(connection)
            changed = await self.changes.take(connection, _CHANGES)
            for one in changed:
                await self._about(connection, *one)
        return len(changed)

    async def _read(self, _: Connection, /) -> None:
        """Read in the journal the facts that the round needs."""

    @abstractmethod
    async def _about(self, connection: Connection, *changed: Any) -> None:
        """Tell each case its news; `changed` is a row of `changes`."""

    async def _ask_holders(
        self, connection: Connection, untold: Iterable[Untold], word: str = "", **detail: str
    ) -> None:
        """Ask the agencies that may know of both cases, once.

        It accuses nobody and names no case.
        """
        asked = [one for one in untold if one.holders]
        said = [holders_statement(one, self.elsewhere, word, detail) for one in asked]
        await self._say(connection, said)
        for one, its in zip(asked, said, strict=True):
            about = (word, str(one.other))
            await scheduling.note_finding(connection, one.stream, self.elsewhere, about, its.id)


def holders_statement(untold: Untold, kind: str, word: str, detail: dict[str, str]) -> BusStatement:
    """The statement and the unnamed case tell apart the questions in one case."""
    return raised(
        *(untold.stream, kind, (word, str(untold.other)), "INFO", untold.holders),
        detail={**detail, "agency": untold.agency},
    )
