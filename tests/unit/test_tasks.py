"""Of several things done at the same time none outlives the others."""

from __future__ import annotations

import asyncio

import pytest

from casebus.tasks import together


class Work:
    """Waits for ever, and takes a moment to end."""

    def __init__(self) -> None:
        self.begun, self.ended = asyncio.Event(), False

    async def run(self) -> None:
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            self.ended = True


async def test_the_error_of_one_is_raised_when_the_others_have_ended() -> None:
    work = Work()

    async def fails() -> None:
        await work.begun.wait()
        raise LookupError("of one")

    with pytest.raises(LookupError, match="of one"):
        await together(work.run(), fails())
    assert work.ended


async def test_whoever_is_stopped_leaves_none_behind() -> None:
    work = Work()
    all_of_it = asyncio.create_task(together(work.run(), asyncio.sleep(0)))
    await work.begun.wait()
    all_of_it.cancel()
    with pytest.raises(asyncio.CancelledError):
        await all_of_it
    assert work.ended
