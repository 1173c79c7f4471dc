"""A batch is acked after its handler returned, in order, and never otherwise."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from services.transport import agent, worker
from services.transport.agent import BatchApp
from services.transport.batching import BatchEnd, BatchingConsumer, FetchedBatch

HERE = TP("case.journal", 0)


class LeftError(Exception):
    """The process would have ended here."""


class Acks:
    """The stream's side: notes what is acked, and when."""

    def __init__(self, told: list[str]) -> None:
        self.told = told

    async def ack(self, event: Any) -> None:
        self.told.append(f"acked {event.message.offset}")


def app(handler: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    def end_process(word: str, error: BaseException | None = None, **_: Any) -> None:
        raise LeftError(word) from error

    for module in (agent, worker):
        monkeypatch.setattr(module, "end_process", end_process)
    made = BatchApp.__new__(BatchApp)
    made.worker = SimpleNamespace(name="test")  # type: ignore[assignment]
    made.handler = handler
    return made


def event(offset: int, after: BatchEnd | None = None) -> Any:
    records = [SimpleNamespace(offset=offset, headers=())]
    batch = FetchedBatch(HERE, records, after)
    return SimpleNamespace(message=SimpleNamespace(tp=HERE, value=batch, offset=offset))


async def test_the_ack_comes_after_the_handler_has_returned(monkeypatch) -> None:
    told: list[str] = []

    async def handle(batch: Any) -> None:
        told.append("began")
        await asyncio.sleep(0)
        told.append("ended")

    one = event(7)
    await app(handle, monkeypatch)._finish(Acks(told), one)
    assert told == ["began", "ended", "acked 7"]
    assert one.message.value.handled


async def test_a_batch_whose_handler_failed_is_not_acked_and_ends_the_process(monkeypatch) -> None:
    told: list[str] = []

    async def handle(_: Any) -> None:
        raise ValueError("no")

    one = event(7)
    with pytest.raises(LeftError, match="handler_failed"):
        await app(handle, monkeypatch)._finish(Acks(told), one)
    assert (told, one.message.value.handled) == ([], False)


async def test_a_batch_whose_handler_was_stopped_half_way_is_not_acked(monkeypatch) -> None:
    told: list[str] = []

    async def handle(_: Any) -> None:
        await asyncio.sleep(60)

    one = event(7)
    task = asyncio.create_task(app(handle, monkeypatch)._finish(Acks(told), one))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (told, one.message.value.handled) == ([], False)


async def test_a_batch_before_which_another_is_missing_is_not_handled(monkeypatch) -> None:
    told: list[str] = []

    async def handle(_: Any) -> None:
        told.append("handled")

    with pytest.raises(LeftError):
        await app(handle, monkeypatch)._finish(Acks(told), event(9, after=BatchEnd(8)))
    assert told == []


async def test_a_batch_follows_the_one_before_it_whatever_a_rebalance_forgot(monkeypatch) -> None:
    """What was fetched before partitions were given out anew may be handled after."""
    told: list[str] = []

    async def handle(batch: Any) -> None:
        told.append(f"handled {batch.records[0].offset}")

    worker, one = app(handle, monkeypatch), event(7)
    await worker._finish(Acks(told), one)
    assert await worker.assigned([]) == {}
    await worker._finish(Acks(told), event(8, after=one.message.value.end))
    assert told == ["handled 7", "acked 7", "handled 8", "acked 8"]


@pytest.mark.parametrize(
    ("handled", "generation", "moves"), [(True, 3, True), (False, 3, False), (True, 2, False)]
)
def test_an_offset_moves_for_a_handled_batch_of_this_generation_alone(
    handled: bool, generation: int, moves: bool, monkeypatch
) -> None:
    monkeypatch.setattr("faust.transport.consumer.Consumer.ack", lambda *_: True)
    consumer = BatchingConsumer.__new__(BatchingConsumer)
    consumer.app = SimpleNamespace(consumer_generation_id=3)
    consumer._freed = asyncio.Event()
    consumer._unacked_messages, consumer._waiting_for_ack = SimpleNamespace(discard=id), None
    one = event(7).message
    one.value.end.handled, one.generation_id, one.acked = handled, generation, False
    assert consumer.ack(one) is moves
