"""The receiving end of a lane: the treatment of a file, and the answer to its sender."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from casebus.evidence.lines import canonical
from casebus.ferry.lane import Direction, Fault, FerryError, Lane
from casebus.ferry.sealed import MOST_NAMED, NONE, Ack, FerryBundle

#: The most refusals in an acknowledgement, so that any carrier takes it.
_SAID_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class TakenUntil:
    """The progress of a lane; without an epoch nothing came yet."""

    epoch: str = ""
    through: int = 0
    digest: str = NONE

    def after(self, bundle: FerryBundle) -> TakenUntil:
        """Raises FerryError `ferry_broken_chain` where the bundle does not follow."""
        if bundle.previous != self.digest:
            raise FerryError(
                Fault.BROKEN_CHAIN,
                f"number {bundle.number} does not follow from what was taken as {self.through}",
            )
        return TakenUntil(bundle.lane.epoch, bundle.number, bundle.digest)


class Fate(Enum):
    SEEN = auto()
    """It was taken before, or one with its number is held already: a second copy."""
    KEEP = auto()
    """It waits for its turn, which may be now."""


def fate(bundle: FerryBundle, taken: TakenUntil, digest: str, held: Mapping[int, bool]) -> Fate:
    """The treatment of a bundle; `digest` is that of the bundle taken under this number, if any.

    `held` maps each early number to True if the scanner refused it. Raises FerryError
    `ferry_broken_chain` if another bundle was taken under this number.
    """
    if bundle.number <= taken.through:
        if digest not in ("", bundle.digest):
            raise FerryError(Fault.BROKEN_CHAIN, f"another number {bundle.number} was taken before")
        return Fate.SEEN
    if bundle.number not in held:
        return Fate.KEEP
    # Only a bundle that replaces the refused one takes its place.
    return Fate.KEEP if held[bundle.number] and bundle.stands_for else Fate.SEEN


def require_lane(
    lane: Lane, agency: str, direction: Direction, epoch: str, past: Collection[str] = ()
) -> None:
    """Raises FerryError where a file is not of this lane; an empty epoch takes any but the past."""
    if lane.agency != agency:
        raise FerryError(Fault.OTHER_AGENCY, f"it is of {lane.agency}")
    if lane.direction is not direction:
        raise FerryError(Fault.OTHER_DIRECTION, f"it goes {lane.direction}")
    if lane.epoch in past or epoch not in ("", lane.epoch):
        raise FerryError(Fault.OTHER_EPOCH, "the other side began again: casebus ferry begin-again")


def acknowledged(
    lane: Lane,
    serial: int,
    taken: TakenUntil,
    held: Iterable[int],
    refused: Mapping[int, str],
    *,
    spoiled: bool = False,
) -> Ack:
    """The acknowledgement, with the first missing numbers between the taken ones and the last.

    After a `spoiled` file the number after the last one is asked for too: it may have been that.
    """
    there = {*held, *refused}
    last = max(there, default=taken.through)
    behind = range(taken.through + 1, last + 1 + spoiled)
    missing: list[int] = []
    for number in behind:
        if number not in there:
            missing.append(number)
        if len(missing) == MOST_NAMED:
            break
    named = dict(sorted(refused.items())[:MOST_NAMED])
    named = {number: _short(why, _SAID_BYTES // len(named)) for number, why in named.items()}
    return Ack(lane, serial, taken.through, taken.digest, tuple(missing), named)


def _short(why: str, most: int) -> str:
    while len(canonical(why)) > most:
        why = why[: len(why) * 3 // 4]
    return why
