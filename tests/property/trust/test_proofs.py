"""Proofs of a log, against the recursive definitions of RFC 9162 as they are written."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.trust.merkle import Frontier, node
from casebus.trust.proofs import (
    consistency_path,
    inclusion_path,
    is_consistent,
    is_included,
    root_of,
    subtrees,
)
from casebus.trust.tiles import WIDTH, Tile, hashes_above, subtrees_of, tiles_of, tiles_read
from tests.examples import examples

sizes = st.integers(1, 300)


def leaves_of(size: int) -> list[bytes]:
    return [hashlib.sha256(b"\x00" + at.to_bytes(4, "big")).digest() for at in range(size)]


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


def mth(hashes: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1."""
    if len(hashes) < 2:
        return hashes[0] if hashes else hashlib.sha256().digest()
    k = split(len(hashes))
    return node(mth(hashes[:k]), mth(hashes[k:]))


def path(m: int, hashes: list[bytes]) -> list[bytes]:
    """RFC 9162 §2.1.3.1."""
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if m < k:
        return [*path(m, hashes[:k]), mth(hashes[k:])]
    return [*path(m - k, hashes[k:]), mth(hashes[:k])]


def subproof(m: int, hashes: list[bytes], whole: bool) -> list[bytes]:
    """RFC 9162 §2.1.4.1."""
    if m == len(hashes):
        return [] if whole else [mth(hashes)]
    k = split(len(hashes))
    if m <= k:
        return [*subproof(m, hashes[:k], whole), mth(hashes[k:])]
    return [*subproof(m - k, hashes[k:], False), mth(hashes[:k])]


@given(sizes, st.data())
def test_an_inclusion_path_is_the_one_the_rfc_defines(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    made = inclusion_path(index, size, subtrees(leaves))
    assert list(made) == path(index, leaves)
    assert is_included(leaves[index], index, size, made, mth(leaves))


@given(sizes, st.data())
def test_a_consistency_path_is_the_one_the_rfc_defines(size, data):
    old = data.draw(st.integers(1, size))
    leaves = leaves_of(size)
    made = consistency_path(old, size, subtrees(leaves))
    assert list(made) == subproof(old, leaves, True)
    assert is_consistent(old, mth(leaves[:old]), size, mth(leaves), made)


def test_every_pair_of_small_sizes_is_shown_and_nothing_else():
    leaves = leaves_of(40)
    roots = [mth(leaves[:size]) for size in range(41)]
    for new in range(41):
        assert root_of(new, subtrees(leaves)) == roots[new]
        for old in range(new + 1):
            made = consistency_path(old, new, subtrees(leaves))
            assert is_consistent(old, roots[old], new, roots[new], made)
            assert not is_consistent(old, roots[old], new, roots[new], (*made, bytes(32)))
            assert not is_consistent(old, bytes(32), new, roots[new], made)
            # Every tree begins with the empty one.
            assert is_consistent(old, roots[old], new, bytes(32), made) == (old == 0 < new)
            if made:
                assert not is_consistent(old, roots[old], new, roots[new], made[:-1])
                assert not is_consistent(old, roots[old], new, roots[new], made[1:])


@given(st.integers(2, 120), st.data())
def test_a_log_with_one_leaf_changed_is_not_shown_to_have_grown(size, data):
    old = data.draw(st.integers(1, size))
    changed = data.draw(st.integers(0, old - 1))
    leaves = leaves_of(size)
    forked = [*leaves[:changed], hashlib.sha256(b"other").digest(), *leaves[changed + 1 :]]
    made = consistency_path(old, size, subtrees(forked))
    assert not is_consistent(old, mth(leaves[:old]), size, mth(forked), made)


def test_no_path_leads_outside_the_tree():
    [leaf] = leaves_of(1)
    assert not is_included(leaf, 1, 1, (), leaf)
    assert not is_included(leaf, -1, 1, (), leaf)
    assert not is_included(leaf, 0, 0, (), leaf)


def stored(leaves: list[bytes], size: int) -> dict[Tile, list[bytes]]:
    """All tiles, level above level, by the words of tlog-tiles."""
    levels = [leaves[:size]]
    while len(levels[-1]) >= WIDTH:
        below = levels[-1]
        full = range(0, len(below) - len(below) % WIDTH, WIDTH)
        levels.append([mth(below[at : at + WIDTH]) for at in full])
    return {
        tile: levels[tile.level][tile.first : tile.first + tile.width] for tile in tiles_of(size)
    }


@given(st.sampled_from([1, 255, 256, 257, 511, 512, 700, 66_000]), st.data())
def test_proofs_from_tiles_are_those_from_leaves(size, data):
    leaves = LEAVES[:size]
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    tiles = stored(leaves, size) if size < 1000 else BIG

    def read(walk):
        return subtrees_of({tile: tiles[tile] for tile in tiles_read(walk, size)})

    def inclusion(subtree):
        return inclusion_path(index, size, subtree)

    def consistency(subtree):
        return consistency_path(old, size, subtree)

    whole = subtrees(leaves) if size < 1000 else BIG_TREE
    assert inclusion(read(inclusion)) == inclusion(whole)
    assert consistency(read(consistency)) == consistency(whole)


LEAVES = leaves_of(66_000)
BIG = stored(LEAVES, 66_000)
BIG_TREE = subtrees(LEAVES)


@settings(max_examples=examples(5))
@given(st.lists(st.integers(0, 600), max_size=5))
def test_hashes_above_the_leaves_come_as_the_log_grows(steps):
    frontier, at = Frontier(), 0
    seen: dict[tuple[int, int], bytes] = {}
    for step in [*steps, 66_000 - sum(steps)]:
        seen |= hashes_above(frontier, LEAVES[at : at + step])
        frontier = frontier.append(LEAVES[at : at + step])
        at += step
    wanted = {
        (tile.level, tile.first + place): digest
        for tile, hashes in BIG.items()
        if tile.level
        for place, digest in enumerate(hashes)
    }
    assert seen == wanted


def test_the_tiles_of_a_tree_are_those_of_the_specification():
    tiles = list(tiles_of(70_000))
    assert [sum(1 for tile in tiles if tile.level == level) for level in range(4)] == [274, 2, 1, 0]
    assert {(tile.level, tile.width) for tile in tiles if tile.width < WIDTH} == {
        (0, 112),
        (1, 17),
        (2, 1),
    }
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]


@given(st.integers(0, 7), st.integers(0, 10**10), st.integers(1, 256))
def test_a_tile_has_one_path(level, index, width):
    tile = Tile(level, index, width)
    assert Tile.parse(str(tile)) == tile


def test_a_path_that_is_not_the_one_text_is_no_tile():
    assert str(Tile(0, 1_234_067)) == "0/x001/x234/067"
    assert str(Tile(1, 5, 17)) == "1/005.p/17"
    for path in ("0/5", "00/005", "0/x000/005", "0/005.p/0", "0/005.p/256", "0/005.p/01", "64/000"):
        assert Tile.parse(path) is None
