"""A proof of a place in a log, as text: the one form, and what is none."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casebus.trust.head import Head, LogName, sign_head
from casebus.trust.keys import SigningKey
from casebus.trust.logproof import LogProof
from casebus.trust.note import NoteError, encode
from casebus.trust.proofs import inclusion_path, root_of, subtrees

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
LEAVES = [bytes([at]) * 32 for at in range(5)]
HEAD = Head(str(LogName("ab" * 32, 1, 7)), 5, root_of(5, subtrees(LEAVES)))
NOTE = sign_head(HEAD, KEY)
PATH = inclusion_path(2, 5, subtrees(LEAVES))
PROOF = LogProof(2, PATH, NOTE)
NO_PROOF, NO_HASH = "no proof of a place in a log", "a line of the path is no hash"


def test_its_text_is_the_form_the_index_the_path_and_the_signed_head():
    above, note = str(PROOF).split("\n\n", 1)
    assert above.split("\n") == ["c2sp.org/tlog-proof@v1", "index 2", *map(encode, PATH)]
    assert note == str(NOTE)
    assert LogProof.parse(str(PROOF)) == PROOF
    assert PROOF.head == HEAD


def test_the_leaf_stands_at_its_own_place_alone():
    shown = [[LogProof(at, PATH, NOTE).shows(leaf) for leaf in LEAVES] for at in range(5)]
    assert [(at, one) for at in range(5) for one in range(5) if shown[at][one]] == [(2, 2)]


@pytest.mark.parametrize(
    ("whole", "part", "why"),
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2", NO_PROOF),
        ("index 2", "index 02", NO_PROOF),
        ("index 2", "index -2", NO_PROOF),
        ("index 2", "Index 2", NO_PROOF),
        ("index 2", f"index 1{'0' * 19}", NO_PROOF),
        (encode(PATH[0]), encode(PATH[0][:31]), NO_HASH),
        (encode(PATH[0]), encode(PATH[0] + b"x"), NO_HASH),
        (encode(PATH[0]), "no base64", NO_HASH),
    ],
)
def test_what_is_not_the_one_form_is_refused_and_says_why(whole, part, why):
    with pytest.raises(NoteError) as raised:
        LogProof.parse(str(PROOF).replace(whole, part))
    assert raised.value.detail == why


def test_a_proof_without_a_head_is_refused():
    above, _, _ = str(PROOF).partition("\n\n")
    with pytest.raises(NoteError) as raised:
        LogProof.parse(above)
    assert raised.value.detail == NO_PROOF


def test_an_index_of_nineteen_digits_and_a_path_of_63_hashes_are_the_most():
    most = LogProof(9_999_999_999_999_999_999, (LEAVES[0],) * 63, NOTE)
    assert LogProof.parse(str(most)) == most
    with pytest.raises(NoteError) as raised:
        LogProof.parse(str(LogProof(0, (LEAVES[0],) * 64, NOTE)))
    assert raised.value.detail == NO_PROOF


def test_a_log_of_one_record_needs_no_path():
    alone = LogProof(0, (), sign_head(Head(HEAD.origin, 1, LEAVES[0]), KEY))
    assert LogProof.parse(str(alone)) == alone
    assert alone.shows(LEAVES[0])
