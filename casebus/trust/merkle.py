"""Merkle trees as RFC 6962 §2.1 shapes them; leaves come hashed (prefix 0x00), nodes take 0x01."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256().digest()


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_and_paths(leaves: Sequence[bytes]) -> tuple[bytes, list[tuple[bytes, ...]]]:
    """The root of a tree and each leaf's audit path, lowest sibling first."""
    paths: list[list[bytes]] = [[] for _ in leaves]
    level: list[tuple[bytes, tuple[int, ...]]] = [(leaf, (at,)) for at, leaf in enumerate(leaves)]
    while len(level) > 1:
        level = _fold_level(level, paths)
    return (level[0][0] if level else EMPTY_ROOT), [tuple(path) for path in paths]


def _fold_level(
    level: list[tuple[bytes, tuple[int, ...]]], paths: list[list[bytes]]
) -> list[tuple[bytes, tuple[int, ...]]]:
    above = []
    for at in range(0, len(level) - 1, 2):
        (left, under_left), (right, under_right) = level[at], level[at + 1]
        for leaf in under_left:
            paths[leaf].append(right)
        for leaf in under_right:
            paths[leaf].append(left)
        above.append((node(left, right), under_left + under_right))
    if len(level) % 2:
        above.append(level[-1])
    return above


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its path lead to, or None for a path of the wrong length."""
    digest, last, at = leaf, size - 1, 0
    while last > 0:
        if index % 2 or index != last:
            if at == len(path):
                return None
            digest = node(path[at], digest) if index % 2 else node(digest, path[at])
            at += 1
        index, last = index // 2, last // 2
    return digest if at == len(path) else None


@dataclass(frozen=True, slots=True)
class Frontier:
    """The state of a growing log: its size and the roots of its perfect subtrees, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def append(self, leaves: Sequence[bytes]) -> Frontier:
        peaks, size = list(self.peaks), self.size
        for leaf in leaves:
            digest, rest = leaf, size
            while rest % 2:
                digest = node(peaks.pop(), digest)
                rest //= 2
            peaks.append(digest)
            size += 1
        return Frontier(size, tuple(peaks))

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        digest = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            digest = node(peak, digest)
        return digest

    def to_bytes(self) -> bytes:
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    @classmethod
    def from_bytes(cls, raw: bytes) -> Frontier:
        peaks = raw[8:]
        cut = range(0, len(peaks), HASH_BYTES)
        return cls(int.from_bytes(raw[:8], "big"), tuple(peaks[at : at + HASH_BYTES] for at in cut))
