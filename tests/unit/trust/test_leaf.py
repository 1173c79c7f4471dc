"""Both leaves against docs/wire.md as it is written down, for any headers."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from casebus.events.framing import Parted
from casebus.trust.leaf import event_leaf, log_leaf
from storage.packing import pack_headers, unpack_headers

DIGEST = bytes(range(32))
VALUE = b"\0\0\0\0\x07body"
NAMES = st.one_of(
    st.sampled_from(("ce_id", "ce_to", "content-type", "ce_signature", "ce_sigproof", "cb-law")),
    st.text(st.characters(codec="utf-8"), max_size=5),
)
HEADERS = st.lists(st.tuples(NAMES, st.binary(max_size=9)), max_size=9)


def framed(headers: list[tuple[str, bytes]]) -> bytes:
    found = b""
    for name, value in sorted(headers):
        raw = name.encode()
        found += len(raw).to_bytes(4, "big") + raw + len(value).to_bytes(4, "big") + value
    return found


@given(HEADERS)
def test_the_leaves_are_what_the_page_says(headers: list[tuple[str, bytes]]) -> None:
    signature = ("ce_signature", "ce_sigproof")
    covered = [
        one
        for one in headers
        if one[0] == "content-type" or (one[0].startswith("ce_") and one[0] not in signature)
    ]
    count = len(covered).to_bytes(4, "big")
    told = hashlib.sha256(b"\0" + DIGEST + count + framed(covered) + VALUE[5:]).digest()
    logged = [one for one in headers if one[0] in signature or one[0].startswith("cb-")]
    assert event_leaf(DIGEST, headers, VALUE) == told
    assert event_leaf(DIGEST, Parted.of(headers), VALUE) == told
    assert log_leaf(told, headers) == hashlib.sha256(b"\0" + told + framed(logged)).digest()


@given(HEADERS)
def test_what_is_packed_is_unpacked(headers: list[tuple[str, bytes]]) -> None:
    assert unpack_headers(pack_headers(headers)) == tuple(headers)


def test_a_header_may_be_longer_than_those_whose_lengths_are_known() -> None:
    headers = [("ce_to", b"x" * 5000), ("y" * 3000, b"")]
    assert unpack_headers(pack_headers(headers)) == tuple(headers)
    assert event_leaf(DIGEST, headers, VALUE) != event_leaf(DIGEST, headers[1:], VALUE)
