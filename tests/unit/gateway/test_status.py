"""What the ops desk is shown: what fails stands first, and a clock is told by the middle event."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from casebus.trust.directory import PublicKey
from gateway.api.operating import Flow, ServiceProgress
from gateway.console import flowing
from gateway.monitoring import status
from storage.operating import Sent, ServicePlace

NOW = datetime(2026, 3, 5, 8, tzinfo=UTC)


def row(service: str, partition: int, done: int, ends: int, **more: Any) -> ServicePlace:
    oldest = 3.0 if ends > done else 0.0
    made = ServicePlace(service, "case.journal", partition, done, ends, 1.0, None, oldest)
    return made._replace(**more)


def shown(
    *rows: ServicePlace, stalled: tuple[str, ...] = (), **known: Any
) -> list[ServiceProgress]:
    return [ServiceProgress(**one) for one in status.services(rows, stalled, known)]


def test_a_service_has_the_lag_of_its_partitions_and_the_farthest_behind_is_first() -> None:
    [one] = shown(row("router", 0, 5, 6), row("router", 1, 2, 9, oldest=40.0))
    assert (one.lag, one.oldest_seconds, one.rate) == (8, 40.0, 2.0)
    assert [place.partition for place in one.partitions] == [1, 0]


def test_what_stands_still_is_red_and_first_whatever_the_order() -> None:
    rows = (row("admission", 0, 0, 900), row("casework", 1, 4, 5))
    found = shown(*rows, stalled=("casework case.journal/1",))
    for sort in ("lag", "oldest", "rate", "restarts"):
        first, second = status.in_order(found, sort)
        assert (first.service, first.state) == ("casework", "failing")
        assert second.state == "ok"
    assert [one.service for one in status.in_order(found, "name")] == ["admission", "casework"]


def test_a_process_that_is_not_ready_is_red_and_one_that_nobody_watches_is_not(
    tmp_path: Path,
) -> None:
    assert status.processes(None) == {}
    assert status.processes(tmp_path / "none") == {}
    said = {"phase": "backing_off", "restarts": 3, "last_exit": "ended with code 1", "since": 1e9}
    (tmp_path / "stack.json").write_text(json.dumps({"services": {"router": said}}))
    [process] = status.processes(tmp_path / "stack.json").values()
    watched, other = shown(row("router", 0, 1, 1), row("intake", 0, 1, 1), router=process)[::-1]
    assert (watched.state, watched.restarts, watched.since) == ("failing", 3, process.since)
    assert (other.state, other.restarts) == ("ok", None)


def test_one_late_event_does_not_make_a_clock_wrong() -> None:
    sent = [Sent("amr", NOW, NOW + timedelta(seconds=ahead)) for ahead in (90, 92, -86_400, 91, 95)]
    assert status.skews([*sent, Sent("psb", NOW, None)]) == {"amr": 91.0}


def test_the_key_that_holds_longest_counts_and_none_that_is_over_or_revoked() -> None:
    def key(name: str, **more: Any) -> PublicKey:
        return PublicKey(name, "amr", "ed25519", b"", NOW - timedelta(days=9), **more)

    over = key("over", valid_to=NOW - timedelta(days=1))
    revoked = key("revoked", revoked_at=NOW)
    short, long = (key(f"{days}", valid_to=NOW + timedelta(days=days)) for days in (2, 30))
    assert status.key_of([over, revoked], "amr", NOW) is None
    assert status.key_of([over, short, revoked, long], "amr", NOW) == long
    assert status.key_of([short, key("endless"), long], "amr", NOW) == key("endless")
    assert status.key_of([short], "psb", NOW) is None


def test_the_drawing_has_the_largest_pairs_and_the_thickest_line_for_the_most() -> None:
    flows = [
        Flow(author=f"a{at}", recipient="b", events=at + 1, last_at=NOW)
        for at in range(flowing.MOST + 3)
    ]
    drawing = flowing.drawn(flows)
    assert len(drawing.lines) == flowing.MOST
    assert min(one.flow.events for one in drawing.lines) == 4
    widths = {one.flow.events: one.width for one in drawing.lines}
    assert widths[19] == max(widths.values())
    assert drawing.recipients[0].events == sum(widths)
    assert flowing.drawn([]).lines == []
