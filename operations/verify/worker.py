"""One of the processes that compare the journal's bytes; its parent is `jobs`."""

from __future__ import annotations

import asyncio
import signal
import sys
import traceback
from multiprocessing.connection import Connection

import asyncpg

from casebus.errors import AwayError, CasebusError
from casebus.events.schemas import Schemas
from operations.verify.jobs import Failed, Share, alone, collect_seldom
from operations.verify.report import VerifyReport
from operations.verify.topics import TopicReader
from storage import handles


def main() -> None:
    """One process: the pipe that its argument names gives it its share."""
    # Ctrl-C goes to all processes of a terminal; the parent ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    collect_seldom()
    pipe: Connection = Connection(int(sys.argv[1]))
    try:
        asyncio.run(_compare(pipe.recv(), pipe))
    except (BrokenPipeError, EOFError):
        # The parent is gone, and nobody asks any more.
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent tells it
        pipe.send(_failed(error))


async def _compare(share: Share, pipe: Connection) -> None:
    report = VerifyReport()
    schemas = Schemas.load(share.settings.schemas_dir)
    connection: handles.Connection = await asyncpg.connect(share.settings.database_url)
    try:
        async with (
            TopicReader(share.settings) as reader,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            await connection.execute(f"set transaction snapshot '{share.snapshot}'")
            async for batch in alone(report, share, schemas, connection, reader):
                pipe.send((*batch[:3], [tuple(one) for one in batch.seen]))
    finally:
        await connection.close()
    pipe.send(report)


def _failed(error: Exception) -> Failed:
    if isinstance(error, CasebusError):
        return Failed(error.code, error.detail, isinstance(error, AwayError))
    return Failed("", "".join(traceback.format_exception(error)), is_away=False)


if __name__ == "__main__":
    main()
