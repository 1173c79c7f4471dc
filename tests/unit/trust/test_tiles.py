"""Tiles of a log: their paths, their widths, and the trees that are read out of them."""

from __future__ import annotations

import hashlib
from functools import partial

import pytest

from casebus.trust.head import Head
from casebus.trust.merkle import Frontier
from casebus.trust.proofs import consistency_path, inclusion_path, root_of, subtrees
from casebus.trust.tiles import (
    WIDTH,
    Tile,
    hashes_above,
    subtrees_of,
    tile_at,
    tiles_of,
    tiles_read,
)
from casebus.trust.witness import FORKED, ROLLED_BACK, WitnessError, require_growth

LEAVES = [hashlib.sha256(str(at).encode()).digest() for at in range(700)]
WHOLE = subtrees(LEAVES)


def stored(size: int) -> dict[Tile, list[bytes]]:
    above = [root_of(WIDTH, subtrees(LEAVES[at : at + WIDTH])) for at in (0, WIDTH)]
    levels = [LEAVES[:size], above[: size // WIDTH]]
    return {one: levels[one.level][one.first : one.first + one.width] for one in tiles_of(size)}


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "0/000"),
        (Tile(0, 999, 1), "0/999.p/1"),
        (Tile(3, 1000, 255), "3/x001/000.p/255"),
        (Tile(0, 1_234_067), "0/x001/x234/067"),
        (Tile(7, 5, 17), "7/005.p/17"),
    ],
)
def test_a_tile_has_the_path_of_the_specification(tile, path):
    assert str(tile) == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "0/5",
        "00/005",
        "8/000",
        "64/000",
        "0/x000/005",
        "0/005.p/0",
        "0/005.p/256",
        "0/005.p/257",
        "0/005.p/01",
        "0/005/",
        "0/X001/005",
        "0/0005",
        "tile/0/005",
    ],
)
def test_another_text_is_no_tile(path):
    assert Tile.parse(path) is None


def test_a_tile_is_within_a_tree_that_has_all_its_hashes():
    assert Tile(0, 2, 188).first == 512
    assert [Tile(0, 2, 188).is_within(size) for size in (699, 700, 701)] == [False, True, True]
    assert [Tile(1, 0, 2).is_within(size) for size in (511, 512, 700)] == [False, True, True]


def test_the_last_tile_of_a_level_is_partial():
    assert tile_at(0, 1, 700) == Tile(0, 1)
    assert tile_at(0, 2, 700) == Tile(0, 2, 188)
    assert tile_at(1, 0, 700) == Tile(1, 0, 2)
    assert list(tiles_of(700)) == [Tile(0, 0), Tile(0, 1), Tile(0, 2, 188), Tile(1, 0, 2)]
    assert list(tiles_of(512)) == [Tile(0, 0), Tile(0, 1), Tile(1, 0, 2)]
    assert list(tiles_of(1)) == [Tile(0, 0, 1)]
    assert list(tiles_of(0)) == []


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, 700])
def test_proofs_out_of_tiles_are_those_out_of_leaves(size):
    tiles = stored(size)

    def read(walk):
        wanted = tiles_read(walk, size)
        assert wanted == sorted(set(wanted))
        return subtrees_of({one: tiles[one] for one in wanted})

    for index in {0, size // 2, size - 1}:
        known = inclusion_path(index, size, WHOLE)
        walk = partial(inclusion_path, index, size)
        assert inclusion_path(index, size, read(walk)) == known
    for old in {1, (size + 1) // 2, size}:
        grown = partial(consistency_path, old, size)
        assert consistency_path(old, size, read(grown)) == consistency_path(old, size, WHOLE)


def test_a_proof_reads_the_tiles_that_it_needs_and_no_other():
    assert tiles_read(lambda subtree: inclusion_path(600, 700, subtree), 700) == [
        Tile(0, 2, 188),
        Tile(1, 0, 2),
    ]


@pytest.mark.parametrize("cut", [0, 1, 100, 255, 256, 257, 400, 511, 512, 700])
def test_the_hashes_above_are_those_that_the_new_leaves_fill(cut):
    above = stored(700)[Tile(1, 0, 2)]
    before = Frontier().append(LEAVES[:cut])
    wanted = {(1, at): digest for at, digest in enumerate(above) if (at + 1) * WIDTH > cut}
    assert hashes_above(before, LEAVES[cut:]) == wanted


def test_a_third_level_grows_where_the_second_is_full():
    leaves = [bytes([at % 251]) * 32 for at in range(WIDTH)]
    size = WIDTH * WIDTH - WIDTH
    peaks = Frontier().append([bytes(32)] * (WIDTH - 1)).peaks
    # A log of 255 full tiles: its peaks are those of a tree of 255 roots.
    added = hashes_above(Frontier(size, peaks), leaves)
    last = Frontier().append(leaves).root()
    top = Frontier().append([*[bytes(32)] * (WIDTH - 1), last]).root()
    assert added == {(1, WIDTH - 1): last, (2, 0): top}


def head(size: int, leaves: list[bytes] = LEAVES, origin: str = "log") -> Head:
    return Head(origin, size, root_of(size, subtrees(leaves)))


def test_a_log_that_has_grown_is_vouched_for():
    require_growth(None, head(3), ())
    require_growth(head(3), head(3), ())
    require_growth(head(3), head(5), consistency_path(3, 5, WHOLE))


def test_a_log_that_lost_records_or_changed_them_is_named_with_both_heads():
    with pytest.raises(WitnessError) as lost:
        require_growth(head(5), head(3), ())
    assert (lost.value.code, lost.value.detail) == (ROLLED_BACK, "log: 3 records after 5")
    forked = [LEAVES[1], *LEAVES[1:]]
    with pytest.raises(WitnessError) as more:
        require_growth(head(3), head(5, forked), consistency_path(3, 5, subtrees(forked)))
    said = "log: the head of 5 does not continue the one of 3 of log, with more records"
    assert (more.value.code, more.value.detail) == (FORKED, said)
    with pytest.raises(WitnessError) as same:
        require_growth(head(3), head(3, forked), ())
    assert same.value.detail.endswith("of log, with the same number of records")
