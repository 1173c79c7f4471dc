"""Records before the judge of the front door."""

from __future__ import annotations

from typing import Any

import pytest

from casebus.admission.judge import (
    Arrival,
    Judge,
    KnownOfRecord,
)
from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.partition import partition_for
from tests.laws import LAW
from tests.world import NOW, SCHEMAS, World

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
HOSTED = frozenset({"administrative", "police", "procuratorate", "court", "arbitration"})
#: A record without any certain fact.
NOBODY = KnownOfRecord(None, None)


def arrival(record: Record, topic: str = "events.administrative", **changes) -> Arrival:
    if "partition" not in changes:
        changes["partition"] = partition_for(record.key or b"", 4)
    values: dict[str, Any] = {"offset": 0, "appended_at": NOW, "partitions": 4}
    return Arrival(record, topic, **(values | changes))


def judge(world: World, record: Record, topic: str = "events.administrative", **changes):
    judging = Judge(SCHEMAS, world.directory, LAW, HOSTED)
    return judging(arrival(record, topic, **changes))


def refusal(world: World, record: Record, topic: str = "events.administrative", **changes) -> str:
    with pytest.raises(CasebusError) as caught:
        judge(world, record, topic, **changes)
    return caught.value.code


def sent(world: World, **changes) -> Record:
    return world.event("referral.sent", AMR, **({"to": (PSB,), "legal": "2026-03-05"} | changes))
