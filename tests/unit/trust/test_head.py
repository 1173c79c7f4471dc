"""Heads as other tools write and read them: C2SP signed-note, tlog-checkpoint, -cosignature."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from casebus.trust.head import (
    Head,
    LogName,
    cosign,
    cosigned_at,
    log_key,
    sign_head,
    with_cosignature,
    witness_key,
)
from casebus.trust.keys import SigningKey
from casebus.trust.logproof import LogProof
from casebus.trust.note import NoteError, NoteKey, SignedNote, decode
from casebus.trust.proofs import inclusion_path, root_of, subtrees

KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OTHER = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
ORIGIN = str(LogName("ab" * 32, 1, 7))
AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LEAVES = [bytes([at]) * 32 for at in range(5)]
HEAD = Head(ORIGIN, 5, root_of(5, subtrees(LEAVES)))

#: The example of golang.org/x/mod/sumdb/note's documentation: text, verifier key and signature.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_that_go_signed_is_read_and_checked():
    name, _, coded = GO_KEY.split("+", 2)
    key = NoteKey(name, (decode(coded) or b"")[1:])
    assert str(key) == GO_KEY
    note = SignedNote.parse(GO_NOTE)
    assert str(note) == GO_NOTE
    assert note.is_signed_by(key)
    assert not replace(note, text=note.text.upper()).is_signed_by(key)


def test_a_head_is_written_and_read_as_the_same_text():
    note = sign_head(HEAD, KEY)
    assert str(note).split("\n")[:2] == [ORIGIN, "5"]
    assert SignedNote.parse(str(note)) == note
    assert Head.parse(note.text) == HEAD
    assert note.is_signed_by(log_key(ORIGIN, KEY.public))
    assert not note.is_signed_by(log_key(ORIGIN, OTHER.public))


def test_one_wrong_signature_in_the_name_of_a_key_spoils_the_right_one():
    note = sign_head(HEAD, KEY)
    [line] = note.signatures
    wrong = replace(note, signatures=(line, replace(line, signature=bytes(64))))
    assert not wrong.is_signed_by(log_key(ORIGIN, KEY.public))


def test_a_witness_says_when_it_saw_the_head():
    note = sign_head(HEAD, KEY)
    seen = with_cosignature(note, cosign(note, "cn-330106-psb", OTHER, AT))
    key = witness_key("cn-330106-psb", OTHER.public)
    assert cosigned_at(seen, key) == AT
    assert cosigned_at(note, key) is None
    assert cosigned_at(seen, witness_key("cn-330106-psb", KEY.public)) is None
    other = replace(seen, text=str(replace(HEAD, size=6)))
    assert cosigned_at(other, key) is None
    assert seen.is_signed_by(log_key(ORIGIN, KEY.public))
    assert with_cosignature(seen, seen.signatures[1]) == seen


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a\n1\n",
        f"{ORIGIN}\n05\n{'A' * 43}=\n",
        f"{ORIGIN}\n-5\n{'A' * 43}=\n",
        f"{ORIGIN}\n5\n{'A' * 42}==\n",
        f"{ORIGIN}\n5\n{'A' * 43}=",
        f"{ORIGIN}\n5\n{'A' * 43}=\n\n",
        f"\n5\n{'A' * 43}=\n",
    ],
)
def test_what_is_no_head_is_refused(text):
    with pytest.raises(NoteError):
        Head.parse(text)


@pytest.mark.parametrize(
    "note",
    [
        "text\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n— na+me AAAAAAAA\n",
        "text\n\n— name AAAAAAAA",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n— name AAAA\n",
        "text\r\n\n— name AAAAAAAA\n",
    ],
)
def test_what_is_no_signed_note_is_refused(note):
    with pytest.raises(NoteError):
        SignedNote.parse(note)


def test_an_origin_names_installation_epoch_and_partition():
    assert LogName.parse(ORIGIN) == LogName("ab" * 32, 1, 7)
    assert LogName.parse(ORIGIN + " ") is None


def test_a_proof_is_one_text_from_the_leaf_to_the_signed_head():
    path = inclusion_path(2, 5, subtrees(LEAVES))
    proof = LogProof(2, path, sign_head(HEAD, KEY))
    assert LogProof.parse(str(proof)) == proof
    assert proof.shows(LEAVES[2])
    assert not proof.shows(LEAVES[3])
    with pytest.raises(NoteError):
        LogProof.parse(str(proof).replace("index 2", "index 02"))
    alone = LogProof(0, (), sign_head(Head(ORIGIN, 1, LEAVES[0]), KEY))
    assert LogProof.parse(str(alone)).shows(LEAVES[0])
