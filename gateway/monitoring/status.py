"""Rows in the shape for the ops desk: services by lag, agencies by their gaps."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any, Literal, NamedTuple

from casebus.trust.directory import PublicKey
from storage.operating import Sent, ServicePlace

Sort = Literal["lag", "oldest", "rate", "name", "restarts"]


class Process(NamedTuple):
    """The supervisor's report on one process of this machine."""

    phase: str
    restarts: int
    since: datetime | None
    last_exit: str


def processes(path: Path | None) -> dict[str, Process]:
    """By name. None if no supervisor of this machine reports it."""
    try:
        said = json.loads(path.read_text("utf-8"))["services"] if path else {}
    except (OSError, ValueError, KeyError):
        return {}
    return {name: _process(one) for name, one in said.items()}


def _process(one: Mapping[str, Any]) -> Process:
    since = one.get("since") or 0
    return Process(
        one.get("phase", ""),
        one.get("restarts", 0),
        datetime.fromtimestamp(since, UTC) if since else None,
        one.get("last_exit", ""),
    )


def services(
    places: Iterable[ServicePlace], stalled: Collection[str], known: Mapping[str, Process]
) -> list[dict[str, Any]]:
    """One row for each service, with its partitions, the farthest behind first."""
    ordered = sorted(places, key=lambda one: one.service)
    by_name = {name: list(rows) for name, rows in groupby(ordered, lambda one: one.service)}
    return [
        _service(name, by_name.get(name, []), stalled, known.get(name))
        for name in dict.fromkeys([*by_name, *known])
    ]


def _service(
    name: str, rows: Sequence[ServicePlace], stalled: Collection[str], process: Process | None
) -> dict[str, Any]:
    found = [_place(name, row, stalled) for row in rows]
    found.sort(key=lambda one: (-one["lag"], one["topic"], one["partition"]))
    running = process is None or process.phase == "ready"
    still = any(one["stalled"] for one in found)
    return {
        "service": name,
        "state": "failing" if still or not running else "ok",
        "stalled": still,
        "lag": sum(one["lag"] for one in found),
        "rate": round(sum(one["rate"] for one in found), 1),
        "oldest_seconds": max((one["oldest_seconds"] for one in found), default=0.0),
        "phase": None if process is None else process.phase,
        "restarts": None if process is None else process.restarts,
        "since": None if process is None else process.since,
        "last_exit": "" if process is None else process.last_exit,
        "partitions": found,
    }


def _place(service: str, row: ServicePlace, stalled: Collection[str]) -> dict[str, Any]:
    return {
        "topic": row.topic,
        "partition": row.partition,
        "done": row.done,
        "end": row.ends,
        "lag": row.ends - row.done,
        "rate": row.rate,
        "oldest_seconds": round(row.oldest, 1),
        "stalled": f"{service} {row.topic}/{row.partition}" in stalled,
    }


_BY: Mapping[Sort, Callable[[Any], Any]] = {
    "lag": lambda one: (-one.lag, -one.oldest_seconds, one.service),
    "oldest": lambda one: (-one.oldest_seconds, -one.lag, one.service),
    "rate": lambda one: (-one.rate, one.service),
    "restarts": lambda one: (-(one.restarts or 0), one.service),
    "name": lambda one: one.service,
}


def in_order(found: Iterable[Any], sort: Sort) -> list[Any]:
    """Failing services come first in any order, so that nobody misses them."""
    by = _BY[sort]
    return sorted(found, key=lambda one: (sort != "name" and one.state == "ok", by(one)))


def skews(sent: Iterable[Sent]) -> dict[str, float]:
    """The seconds by which each agency's clock differs from ours, by its last events.

    An event that is late for another reason looks slow, so the median counts.
    """
    found: dict[str, list[float]] = {}
    for one in sent:
        if one.time is not None:
            ahead = (one.time - one.recorded_at).total_seconds()
            found.setdefault(one.agency, []).append(ahead)
    return {agency: round(median(all_), 1) for agency, all_ in found.items()}


def key_of(keys: Iterable[PublicKey], agency: str, now: datetime) -> PublicKey | None:
    """The agency's key that is valid longest, among the present ones."""
    counting = [
        one for one in keys if one.agency == agency and one.revoked_at is None and one.valid_at(now)
    ]
    return max(counting, key=lambda one: (one.valid_to is None, one.valid_to or now), default=None)
