"""Trees: what is signed together can be checked one by one, and logs grow append-only."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from casebus.trust.merkle import EMPTY_ROOT, Frontier, node, root_and_paths, root_from_path

leaves = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70)


def rfc6962_root(hashes: list[bytes]) -> bytes:
    """RFC 6962 §2.1 as it is written: split at the largest power of two below the size."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return node(rfc6962_root(hashes[:k]), rfc6962_root(hashes[k:]))


@given(leaves)
def test_the_root_is_the_one_rfc_6962_defines(hashes):
    assert root_and_paths(hashes)[0] == rfc6962_root(hashes)


@given(leaves)
def test_every_leaf_leads_to_the_root_by_its_path(hashes):
    root, paths = root_and_paths(hashes)
    for index, path in enumerate(paths):
        assert root_from_path(hashes[index], index, len(hashes), path) == root


@given(leaves, st.data())
def test_a_leaf_that_was_not_signed_leads_elsewhere(hashes, data):
    root, paths = root_and_paths(hashes)
    index = data.draw(st.integers(0, len(hashes) - 1))
    stranger = data.draw(st.binary(min_size=32, max_size=32).filter(lambda b: b != hashes[index]))
    assert root_from_path(stranger, index, len(hashes), paths[index]) != root


@given(leaves, st.data())
def test_a_path_of_the_wrong_length_leads_nowhere(hashes, data):
    _, paths = root_and_paths(hashes)
    index = data.draw(st.integers(0, len(hashes) - 1))
    longer = (*paths[index], bytes(32))
    assert root_from_path(hashes[index], index, len(hashes), longer) is None


@given(leaves, st.integers(0, 70))
def test_a_log_appended_in_two_steps_equals_one_appended_at_once(hashes, cut):
    twice = Frontier().append(hashes[:cut]).append(hashes[cut:])
    assert twice == Frontier().append(hashes)
    assert twice.root() == rfc6962_root(hashes)
    assert Frontier.from_bytes(twice.to_bytes()) == twice


def test_an_empty_log_has_the_root_of_no_leaves():
    assert Frontier().root() == EMPTY_ROOT == rfc6962_root([])
