"""The sending end of a lane: the effects of an acknowledgement, and bundles to put out again."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from casebus.ferry.lane import Fault, FerryError
from casebus.ferry.sealed import Ack, FerryBundle

#: The most bundles on their way: unanswered ones must not fill the outbox for ever.
WINDOW = 64


@dataclass(frozen=True, slots=True)
class Answered:
    """`done` are kept no longer, `again` are put out again, `refused` need one in their place."""

    done: tuple[int, ...]
    again: tuple[int, ...]
    refused: Mapping[int, str]


def require_own(ack: Ack, acknowledged: int, digests: Mapping[int, str]) -> None:
    """Raises FerryError `ferry_broken_chain` if one side was restored to an older state.

    The acknowledgement is the newest, so earlier acknowledgements stay valid. `digests` are those
    of the bundles under way and of the last acknowledged one.
    """
    if ack.through < acknowledged:
        raise FerryError(
            Fault.BROKEN_CHAIN,
            f"the other side has all up to {ack.through}, and had all up to {acknowledged}",
        )
    if digests.get(ack.through) != ack.digest:
        raise FerryError(
            Fault.BROKEN_CHAIN, f"the other side took another number {ack.through} than this one's"
        )


def answered(ack: Ack, under_way: Collection[int], replaced: Collection[int]) -> Answered:
    """`under_way` are the numbers kept; of the `replaced` the bundle in its place is on its way."""
    refused = {one: ack.refused[one] for one in ack.refused if one in under_way}
    return Answered(
        done=tuple(sorted(one for one in under_way if one <= ack.through)),
        again=tuple(sorted(one for one in ack.missing if one in under_way and one > ack.through)),
        refused={one: why for one, why in refused.items() if one not in replaced},
    )


def overdue(put_at: Mapping[int, float], now: float, patience: float) -> list[int]:
    """Numbers that were put out so many seconds ago and not answered: the last may be lost."""
    return sorted(number for number, at in put_at.items() if now - at >= patience or at > now)


def in_place_of(bundle: FerryBundle) -> FerryBundle:
    """An empty bundle that takes the number of one that the other side's scanner refused."""
    return FerryBundle(bundle.lane, bundle.number, bundle.previous, (), bundle.digest)
