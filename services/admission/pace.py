"""The pace of one door's records: Kafka's quotas count bytes and requests, not records."""

from __future__ import annotations

#: The seconds of quota that a door may bring at once after a pause, for a system that was away.
BURST_SECONDS = 10


class Pace:
    """Counts the records of each door. A door that brings too many waits; the broker keeps them.

    Rejects have a smaller quota: a reject costs the bus as much as an event and helps nobody.
    """

    def __init__(self, admitted_a_second: int, rejected_a_second: int) -> None:
        self._admitted, self._rejected = admitted_a_second, rejected_a_second
        #: The time at which each door's records would have come at the pace of its quota.
        self._until: dict[str, float] = {}

    def owed(self, door: str, admitted: int, rejected: int, now: float) -> float:
        """Seconds that the door has to wait after these records."""
        came_in = admitted / self._admitted + rejected / self._rejected
        until = max(self._until.get(door, 0.0), now - BURST_SECONDS) + came_in
        self._until[door] = until
        return max(0.0, until - now)
