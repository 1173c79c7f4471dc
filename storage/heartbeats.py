"""What a service says of itself with each heartbeat, in `own.heartbeat`, and its JSON form.

A row of an older release lacks some of it: that is read as if nothing was said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any

from storage.sending import WaitingCount

#: The one service that beats.
SCHEDULER = "scheduler"


@dataclass(frozen=True, slots=True)
class HeardPartitions:
    """How many partitions the journal has, and which were read since the process began."""

    partitions: int = 0
    heard: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class BeatDetail:
    """What waits to be sent, what stands still, and how far the journal was read."""

    waiting: WaitingCount = field(default_factory=WaitingCount)
    #: Group, topic and partition of each that stands for too long.
    stalled: tuple[str, ...] = ()
    #: What is done of each place in which records wait, and for how many seconds so much.
    still: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    journal: HeardPartitions = field(default_factory=HeardPartitions)

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> BeatDetail:
        waiting = {one.name for one in fields(WaitingCount)} & said.keys()
        return cls(
            waiting=WaitingCount(**{name: said[name] for name in waiting}),
            stalled=tuple(said.get("stalled", ())),
            still={
                name: (done, seconds) for name, (done, seconds) in said.get("still", {}).items()
            },
            journal=HeardPartitions(said.get("partitions", 0), tuple(said.get("heard", ()))),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            **asdict(self.waiting),
            "stalled": list(self.stalled),
            "still": {name: list(one) for name, one in self.still.items()},
            "partitions": self.journal.partitions,
            "heard": list(self.journal.heard),
        }


@dataclass(frozen=True, slots=True)
class ServiceBeat:
    """The last heartbeat of a service, and how many seconds ago it was."""

    service: str
    at: datetime
    seconds: float
    detail: BeatDetail
