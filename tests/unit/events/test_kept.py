"""A rejected record is kept beside the bus's stamps, and comes out as it came."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from casebus.events.kept import as_it_came, fingerprint, kept_headers, stamps

_NAMES = st.text(min_size=1, max_size=12).filter(lambda name: not name.startswith("orig-cb-"))
HEADERS = st.lists(
    st.tuples(_NAMES | st.sampled_from(["ce_id", "cb-verdict", "cb-reason", "orig-x"]), st.binary())
)
_STAMPS = [("cb-verdict", b"rejected"), ("cb-reason", b"unsigned")]


@given(HEADERS)
def test_headers_come_out_as_they_came_in_their_order(headers: list[tuple[str, bytes]]) -> None:
    kept = [*kept_headers(headers), *_STAMPS]
    assert as_it_came(kept) == tuple(headers)
    assert stamps(kept) == {"cb-verdict": "rejected", "cb-reason": "unsigned"}


@given(HEADERS, st.binary(), st.binary())
def test_the_same_bytes_have_one_fingerprint_whatever_the_bus_says_of_them(
    headers: list[tuple[str, bytes]], key: bytes, value: bytes
) -> None:
    digest = hashlib.sha256(value).digest()
    kept = kept_headers(headers)
    one = fingerprint(key, digest, [*kept, *_STAMPS])
    assert one == fingerprint(key, digest, [*kept, ("cb-reason", b"unknown_key")])
    assert one != fingerprint(key + b"x", digest, kept)
    assert one != fingerprint(key, digest, [*kept, ("x", b"")])
