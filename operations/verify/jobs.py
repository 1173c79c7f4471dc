"""The journal compared, or its signatures checked, by several processes, each its own partitions.

All see one snapshot. A process sends the facts about each record to its parent by a pipe. The pipe
holds the process back if the parent is slower, so nobody keeps more than some batches.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from casebus.errors import AwayError, CasebusError
from casebus.events.schemas import Schemas
from casebus.settings import Settings
from casebus.trust.titles import History
from operations.verify.comparing import Logs, RecordBatch, SeenRecord, TopicComparison
from operations.verify.report import VerifyReport
from operations.verify.signatures import Signatures
from operations.verify.topics import Spans, TopicReader
from storage.handles import Handle

WORKER = "operations.verify.worker"
#: Fewer records than this are read before another process has begun.
WORTH_RECORDS = 100_000
_LOOK_SECONDS = 0.5
_END_SECONDS = 5.0
_OBJECTS = 200_000


@dataclass(frozen=True, slots=True)
class Share:
    """The work of one process."""

    settings: Settings
    #: The name of the parent's snapshot.
    snapshot: str
    epoch: int
    logs: Logs
    spans: Spans
    #: The ends for which the check waited.
    settled: Spans
    #: With it, the process only checks signatures; without it, the process compares bytes.
    history: History | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The reason why a process could not go on."""

    code: str
    detail: str
    is_away: bool

    def error(self) -> Exception:
        if not self.code:
            return RuntimeError(self.detail)
        return (AwayError if self.is_away else CasebusError)(self.code, self.detail)


def jobs_for(spans: Spans, asked: int | None) -> int:
    """The number of processes: as given, else one for each core if the journal is long."""
    filled = sum(span.end > span.first for span in spans.values())
    if asked is None:
        asked = 1 if is_short(spans) else os.cpu_count() or 1
    return max(1, min(asked, filled))


def is_short(spans: Spans) -> bool:
    """True if there is so little to read that one process does it beside other work."""
    return sum(span.end - span.first for span in spans.values()) < WORTH_RECORDS


def shares(spans: Spans, jobs: int) -> list[Spans]:
    """The partitions, dealt out so that all have about as much to read."""
    dealt: list[Spans] = [{} for _ in range(jobs)]
    loads = [0] * jobs
    for place, span in sorted(spans.items(), key=lambda one: one[1].first - one[1].end):
        least = loads.index(min(loads))
        dealt[least][place] = span
        loads[least] += span.end - span.first
    return dealt


async def side_by_side(
    report: VerifyReport, share: Share, jobs: int
) -> AsyncGenerator[RecordBatch]:
    """The share's records, by so many processes."""
    with _started(share, shares(share.spans, jobs)) as pipes:
        working: list[Any] = list(pipes)
        while working:
            for pipe in await asyncio.to_thread(wait, working, _LOOK_SECONDS):
                said = _received(pipe)
                if isinstance(said, VerifyReport):
                    report.add(said)
                    working.remove(pipe)
                elif isinstance(said, Failed):
                    raise said.error()
                else:
                    yield said


def _received(pipe: Any) -> RecordBatch | VerifyReport | Failed:
    try:
        said: tuple[Any, ...] | VerifyReport | Failed = pipe.recv()
    except (EOFError, OSError):
        raise CasebusError("verify_cut_off", "a process that compared has ended") from None
    if isinstance(said, tuple):
        partition, records, size, seen = said
        return RecordBatch(partition, records, size, [SeenRecord(*one) for one in seen])
    return said


@contextmanager
def _started(share: Share, dealt: Sequence[Spans]) -> Iterator[list[Connection]]:
    """Processes that end with this block, whatever ends it."""
    with ExitStack() as stack:
        pipes: list[Connection] = []
        for spans in dealt:
            logs = {place.partition: share.logs[place.partition] for place in spans}
            ours, theirs = Pipe()
            stack.enter_context(ours)
            # When their open ends are gone, the end of a process is noticed.
            with theirs:
                command = [sys.executable, "-m", WORKER, str(theirs.fileno())]
                process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
            stack.callback(_end, process)
            # A process that has ended already is noticed by its missing answer.
            with suppress(OSError):
                ours.send(replace(share, logs=logs, spans=spans))
            pipes.append(ours)
        yield pipes


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def collect_seldom() -> None:
    """A batch of records is a hundred thousand short-lived objects, none of them in a cycle."""
    gc.set_threshold(_OBJECTS)


async def alone(
    report: VerifyReport,
    share: Share,
    schemas: Schemas,
    connection: Handle,
    reader: TopicReader,
) -> AsyncGenerator[RecordBatch]:
    """The share's records, by this process and the connection's own snapshot."""
    if share.history is not None:
        signatures = Signatures(report, schemas, share.history)
        async for place, records in reader.read(share.spans):
            yield signatures.take(place.partition, records)
        return
    comparison = TopicComparison(report, schemas, connection, share.epoch, share.logs)
    async for batch in comparison.batches(reader.read(share.spans)):
        yield batch
    comparison.end(share.spans, share.settled)
