"""A log as hash tiles (C2SP tlog-tiles): 256 hashes each, of the leaves and of full tiles below.

There are no entry tiles: entries would reveal recipients.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from casebus.trust.merkle import HASH_BYTES, Frontier, node
from casebus.trust.proofs import Subtree

HEIGHT = 8
WIDTH = 1 << HEIGHT
_MOST_LEVEL = 63 // HEIGHT
_PATH = re.compile(r"(0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """`width` hashes of a level, from 256 * index on; a full tile is 256 wide."""

    level: int
    index: int
    width: int = WIDTH

    def __str__(self) -> str:
        """Its path below `tile/`: 1234067 is `x001/x234/067`, a partial one ends with `.p/W`."""
        groups = f"{self.index:03d}"
        groups = groups.zfill(-(-len(groups) // 3) * 3)
        parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
        path = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{self.level}/{path}{partial}"

    @classmethod
    def parse(cls, path: str) -> Tile | None:
        """The tile of a path, or None where the path is not the one text of a tile."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        index = int(found[2].replace("/", "").replace("x", ""))
        tile = cls(int(found[1]), index, int(found[3] or WIDTH))
        there_is = tile.level <= _MOST_LEVEL and tile.width <= WIDTH
        return tile if there_is and str(tile) == path else None

    @property
    def first(self) -> int:
        """The place of its first hash in its level."""
        return self.index * WIDTH

    def is_within(self, size: int) -> bool:
        """True if a tree of so many leaves has all of it."""
        return self.first + self.width <= size >> HEIGHT * self.level


def tile_at(level: int, index: int, size: int) -> Tile:
    """That tile of a tree of `size` leaves; partial if it is the last of its level."""
    return Tile(level, index, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """All tiles of a tree."""
    level = 0
    while (width := size >> HEIGHT * level) > 0:
        for index in range(-(-width // WIDTH)):
            yield tile_at(level, index, size)
        level += 1


def tiles_read(walk: Callable[[Subtree], object], size: int) -> list[Tile]:
    """The tiles of a tree of `size` leaves that a proof reads, so that they can be fetched."""
    read: set[Tile] = set()

    def note(height: int, place: int) -> bytes:
        level, within = divmod(height, HEIGHT)
        read.add(tile_at(level, (place << within) // WIDTH, size))
        return bytes(HASH_BYTES)

    walk(note)
    return sorted(read)


def subtrees_of(tiles: Mapping[Tile, Sequence[bytes]]) -> Subtree:
    """The perfect subtrees that these tiles hold, each level of a tile hashed once."""
    by_place = {(tile.level, tile.index): [list(hashes)] for tile, hashes in tiles.items()}

    def subtree(height: int, place: int) -> bytes:
        level, within = divmod(height, HEIGHT)
        index, at = divmod(place, WIDTH >> within)
        levels = by_place[level, index]
        while len(levels) <= within:
            below = levels[-1]
            pairs = range(0, len(below) - 1, 2)
            levels.append([node(below[one], below[one + 1]) for one in pairs])
        return levels[within][at]

    return subtree


def hashes_above(frontier: Frontier, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """The hashes above level 0 that these leaves add to that log, by (level, place)."""
    added: dict[tuple[int, int], bytes] = {}
    level, hashes = 1, list(leaves)
    while hashes := _full_tiles(_last_tile(frontier, level - 1), hashes):
        place = frontier.size >> HEIGHT * level
        added |= {(level, place + at): digest for at, digest in enumerate(hashes)}
        level += 1
    return added


def _last_tile(frontier: Frontier, level: int) -> Frontier:
    """The level's last, partial tile as a tree of its own."""
    size = (frontier.size >> HEIGHT * level) % WIDTH
    before = (frontier.size >> HEIGHT * (level + 1)).bit_count()
    return Frontier(size, frontier.peaks[before : before + size.bit_count()])


def _full_tiles(last: Frontier, hashes: list[bytes]) -> list[bytes]:
    """The roots of the tiles that these hashes fill; the tile already begun comes first."""
    full = []
    while last.size + len(hashes) >= WIDTH:
        room = WIDTH - last.size
        full.append(last.append(hashes[:room]).root())
        last, hashes = Frontier(), hashes[room:]
    return full
