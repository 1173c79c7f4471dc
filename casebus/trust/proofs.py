"""Proofs of an append-only log (RFC 9162 §2.1.3, §2.1.4): a leaf is in it, and it only grew.

They are made from the roots of perfect subtrees, from any store, and checked from hashes alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from casebus.trust.merkle import EMPTY_ROOT, node, root_from_path

#: The root of the perfect subtree of 2**height leaves that begins at leaf place * 2**height.
Subtree = Callable[[int, int], bytes]
Path = tuple[bytes, ...]


def subtrees(leaves: Sequence[bytes]) -> Subtree:
    """The perfect subtrees over leaves that are all at hand."""
    levels: list[list[bytes]] = [list(leaves)]
    while len(below := levels[-1]) > 1:
        pairs = range(0, len(below) - 1, 2)
        levels.append([node(below[at], below[at + 1]) for at in pairs])
    return lambda height, place: levels[height][place]


def root_of(size: int, subtree: Subtree) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _root(0, size, subtree) if size else EMPTY_ROOT


def inclusion_path(index: int, size: int, subtree: Subtree) -> Path:
    """The audit path of leaf `index` in the tree of `size` leaves, lowest sibling first."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    low, high, path = 0, size, list[bytes]()
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_root(middle, high, subtree))
            high = middle
        else:
            path.append(_root(low, middle, subtree))
            low = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int, subtree: Subtree) -> Path:
    """The proof that the tree of `new` leaves begins with that of `old`; empty if it is trivial."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} does not begin with one of {old}")
    if old in (0, new):
        return ()
    low, high, path, whole = 0, new, list[bytes](), True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_root(middle, high, subtree))
            high = middle
        else:
            path.append(_root(low, middle, subtree))
            low, whole = middle, False
    if not whole:
        path.append(_root(low, high, subtree))
    return tuple(reversed(path))


def is_included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """True if the path shows the leaf at `index` of the tree with this size and root."""
    return 0 <= index < size and root_from_path(leaf, index, size, path) == root


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """True if the path shows that the new tree is the old one with appended leaves."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    # If the old tree is one perfect subtree, its root is not sent, because the checker has it.
    hashes = [old_root, *path] if old & (old - 1) == 0 else list(path)
    return _both_roots(old - 1, new - 1, hashes) == (old_root, new_root)


def _both_roots(at: int, last: int, hashes: list[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency path leads to (RFC 9162 §2.1.4.2); None if misshapen."""
    while at % 2:
        at, last = at // 2, last // 2
    if not hashes:
        return None
    old = new = hashes[0]
    for beside in hashes[1:]:
        if not last:
            return None
        if at % 2 or at == last:
            old, new = node(beside, old), node(beside, new)
            while at and not at % 2:
                at, last = at // 2, last // 2
        else:
            new = node(new, beside)
        at, last = at // 2, last // 2
    return None if last else (old, new)


def _root(low: int, high: int, subtree: Subtree) -> bytes:
    """The root over leaves low..high, where `low` begins a subtree as RFC 6962 splits."""
    size = high - low
    if size & (size - 1) == 0:
        return subtree(size.bit_length() - 1, low // size)
    middle = low + _split(size)
    return node(_root(low, middle, subtree), _root(middle, high, subtree))


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
