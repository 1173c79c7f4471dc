"""Admission's judgement of a rejected record if it came to its door now. Nothing is sent."""

from __future__ import annotations

import asyncio
from functools import cache
from pathlib import Path

from casebus.admission.judge import Admitted, Arrival, Judge
from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.kept import as_it_came
from casebus.events.partition import partition_for
from casebus.events.topics import Topics
from casebus.now import system_now
from casebus.rows import RowLike
from gateway.runtime.context import Gateway
from gateway.runtime.law import law_of
from storage.packing import unpack_headers

#: The relay finds the partition that the key belongs to, whatever their number.
_PARTITIONS = 1


@cache
def _hosted(schemas: Path) -> frozenset[str]:
    return frozenset(Topics.load(schemas).hosted)


async def judge_of(gateway: Gateway) -> Judge:
    """A judge with the present schemas, directory and law.

    Raises CasebusError `directory_unavailable`.
    """
    directory, settings = gateway.directory(), gateway.settings
    law = await asyncio.to_thread(law_of, settings.policies_dir)
    hosted = _hosted(settings.schemas_dir)
    return Judge(gateway.schemas, directory, law, hosted, gateway.now)


async def judged(judge: Judge, row: RowLike) -> Admitted | CasebusError:
    """The judgement of a rejected record's bytes, as the relay would send them."""
    record = Record(row["key"], row["value"], as_it_came(unpack_headers(row["headers"])))
    arrival = Arrival(
        record=record,
        topic=row["door"],
        partition=partition_for(record.key or b"", _PARTITIONS),
        offset=0,
        # The broker's own clock, which knows of no scenario.
        appended_at=system_now(),
        partitions=_PARTITIONS,
    )
    try:
        return await asyncio.to_thread(judge, arrival)
    except CasebusError as error:
        return error
