"""Proofs, heads and receipts refuse by a code and in words, and refuse nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from casebus.events.envelope import Record
from casebus.trust.head import (
    Head,
    cosign,
    cosigned_at,
    sign_head,
    with_cosignature,
    witness_key,
)
from casebus.trust.keys import SigningKey
from casebus.trust.merkle import EMPTY_ROOT, root_and_paths
from casebus.trust.note import NoteError, NoteSignature, SignedNote, decode, sign_note
from casebus.trust.proofs import (
    consistency_path,
    inclusion_path,
    is_consistent,
    root_of,
    subtrees,
)
from casebus.trust.receipt import Receipt, ReceiptError, check, directory_of, entry_to_json
from casebus.trust.witnessing import Witnessing
from tests.unit.trust.test_head import AT, HEAD, KEY, OTHER
from tests.unit.trust.test_receipt import AUTHOR, WITNESS, checked, receipt_of
from tests.world import NOW, SCHEMAS, World

ROOT = Path(__file__).parents[3]
LEAVES = [bytes([at]) * 32 for at in range(8)]
TREE = subtrees(LEAVES)
LINE = str(sign_note("text\n", "name", KEY)).removeprefix("text\n\n")
Change = Callable[[Receipt, World], Receipt]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def event(world: World) -> Record:
    return world.event("referral.accepted", AUTHOR)


@pytest.fixture(scope="module")
def receipt(world: World, event: Record) -> Receipt:
    return receipt_of(world, event)


# --- trees


def test_a_log_never_continues_one_that_is_longer() -> None:
    path = consistency_path(3, 5, TREE)
    assert is_consistent(3, root_of(3, TREE), 5, root_of(5, TREE), path)
    assert not is_consistent(5, root_of(5, TREE), 3, root_of(3, TREE), path)
    assert not is_consistent(-1, EMPTY_ROOT, 3, root_of(3, TREE), ())


@pytest.mark.parametrize("claimed", [5, 6, 7, 8, 1 << 40])
def test_the_root_of_a_smaller_tree_passes_for_that_of_no_larger_one(claimed: int) -> None:
    path = consistency_path(2, 4, TREE)
    assert is_consistent(2, root_of(2, TREE), 4, root_of(4, TREE), path)
    assert not is_consistent(2, root_of(2, TREE), claimed, root_of(4, TREE), path)


def test_there_is_no_path_to_a_leaf_behind_the_last_one() -> None:
    assert inclusion_path(4, 5, TREE)
    for index in (5, -1):
        with pytest.raises(ValueError, match=f"no leaf {index} in a tree of 5"):
            inclusion_path(index, 5, TREE)


def test_a_tree_of_nothing_has_the_root_of_nothing() -> None:
    assert root_and_paths([]) == (EMPTY_ROOT, [])


# --- notes and heads


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a" * (1 << 16) + "\n", "longer than 65536 characters"),
        ("te\txt\n\n" + LINE, "a control character"),
        ("text\n", "no text with signatures below it"),
        ("\n\n" + LINE, "no text with signatures below it"),
        ("text\n\n" + LINE.rstrip(), "no text with signatures below it"),
        ("text\n\n— name\n", "a signature line is not of its form"),
        ("text\n\n— name QR==\n", "a signature line is not of its form"),
        ("text\n\n— name AAAAAA==\n", "a signature line is not of its form"),
    ],
)
def test_what_is_no_signed_note_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(NoteError) as refused:
        SignedNote.parse(text)
    assert (refused.value.code, refused.value.detail) == ("malformed_head", said)


def test_a_note_may_be_as_long_as_it_may_be_and_hold_blank_lines() -> None:
    text = "a" * ((1 << 16) - len("\n\n" + LINE)) + "\n\n" + LINE
    assert len(text) == 1 << 16
    assert str(SignedNote.parse(text)) == text
    assert SignedNote.parse("one\n\ntwo\n\n" + LINE).text == "one\n\ntwo\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("origin\n5\n", "a head has three lines or more, none of them empty"),
        ("origin\n\nAAAA\n", "a head has three lines or more, none of them empty"),
        ("origin\n05\nAAAA\n", "the size or the root of a head is not of its form"),
        ("origin\n5\nAAAA\n", "the size or the root of a head is not of its form"),
    ],
)
def test_what_is_no_head_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(NoteError) as refused:
        Head.parse(text)
    assert (refused.value.code, refused.value.detail) == ("malformed_head", said)


def test_lines_below_the_root_are_kept_as_they_are() -> None:
    longer = replace(HEAD, extensions=("one", "two"))
    assert Head.parse(str(longer)) == longer


def test_base64_has_one_text() -> None:
    assert decode("QQ==") == b"A"
    assert [decode(text) for text in ("QR==", "QQ", "Q Q==", "QQ==\n")] == [None] * 4


def test_a_name_with_a_blank_is_no_name_for_a_key() -> None:
    with pytest.raises(ValueError, match="no name for a key: 'two words'"):
        sign_note("text\n", "two words", KEY)


@pytest.mark.parametrize("seconds", [253_402_300_800, 1 << 40, (1 << 63) - 1, 1 << 63])
def test_a_witness_of_a_year_that_does_not_exist_has_seen_nothing(seconds: int) -> None:
    note, key = sign_head(HEAD, KEY), witness_key("cn-330106-psb", OTHER.public)
    message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
    signed = seconds.to_bytes(8, "big") + OTHER.sign(message)
    line = NoteSignature("cn-330106-psb", key.id, signed)
    assert cosigned_at(with_cosignature(note, line), key) is None
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert cosigned_at(with_cosignature(note, cosign(note, key.name, OTHER, last)), key) == last


def test_of_two_lines_of_a_witness_the_later_counts() -> None:
    note, key = sign_head(HEAD, KEY), witness_key("cn-330106-psb", OTHER.public)
    for at in (AT, AT - timedelta(days=1)):
        note = with_cosignature(note, cosign(note, key.name, OTHER, at))
    assert cosigned_at(note, key) == AT


# --- receipts


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"receipt": "casebus.receipt.v2"}, "not of this form"),
        ({"log_leaf": "AB" * 32}, "no hash in lower-case hexadecimal digits"),
        ({"event_leaf": "ab" * 31}, "no hash in lower-case hexadecimal digits"),
        (
            {"directory": [{"offset": 0, "key": "", "headers": [], "value": "QR=="}]},
            "the value of an entry is not Base64",
        ),
    ],
)
def test_what_is_no_receipt_is_refused_in_words(
    receipt: Receipt, change: dict[str, Any], said: str
) -> None:
    with pytest.raises(ReceiptError) as refused:
        Receipt.from_json({**receipt.to_json(), **change})
    assert (refused.value.code, refused.value.detail) == ("malformed_receipt", said)


def unsigned(receipt: Receipt, world: World) -> Receipt:
    note = sign_head(receipt.proof.head, world.keys[AUTHOR])
    return replace(receipt, proof=replace(receipt.proof, note=note))


def keyed(receipt: Receipt, keyid: str) -> Receipt:
    assert receipt.inputs is not None
    return replace(receipt, inputs=replace(receipt.inputs, keyid=keyid))


WRONG: list[tuple[Change, str, str]] = [
    (
        lambda one, _: replace(one, log_leaf=bytes(32)),
        "receipt_leaf_differs",
        "stamps and signature lead to another leaf",
    ),
    (lambda one, _: keyed(one, "0" * 32), "receipt_key_unknown", f"of the event: {'0' * 32}"),
    (
        lambda one, world: keyed(one, world.keys["bus"].keyid),
        "receipt_event_unsigned",
        "the author's signature does not fit",
    ),
    (
        lambda one, _: replace(one, proof=replace(one.proof, index=4)),
        "receipt_not_included",
        "no path from index 4",
    ),
    (unsigned, "receipt_head_unsigned", "by no key of the bus that the directory names"),
]


@pytest.mark.parametrize(("change", "code", "said"), WRONG)
def test_what_is_wrong_with_a_receipt_is_said_in_words(
    world: World, receipt: Receipt, change: Change, code: str, said: str
) -> None:
    with pytest.raises(ReceiptError) as refused:
        checked(world, change(receipt, world))
    assert (refused.value.code, refused.value.detail) == (code, said)


def test_the_receipt_of_another_installation_names_its_log(receipt: Receipt) -> None:
    with pytest.raises(ReceiptError) as refused:
        check(receipt, World().directory)
    assert refused.value.detail == receipt.proof.head.origin


def test_the_event_in_hand_must_be_the_receipt_s_and_of_its_key(
    world: World, receipt: Receipt, event: Record
) -> None:
    directory = directory_of(receipt.entries, world.directory.root_digest, SCHEMAS)
    another = world.event("referral.accepted", AUTHOR)
    for given, in_hand, said in (
        (receipt, another, "the event in hand is another"),
        (keyed(receipt, "0" * 32), event, "the event in hand names another key"),
    ):
        with pytest.raises(ReceiptError) as refused:
            check(given, directory, in_hand)
        assert (refused.value.code, refused.value.detail) == ("receipt_of_another_event", said)


def test_what_a_witness_saw_in_the_moment_of_the_revocation_is_not_seen_before_it() -> None:
    world = World()
    event = world.event("referral.accepted", AUTHOR)
    keyid = world.keys["bus"].keyid
    world.say("directory.key_revoked", keyid=keyid, revoked_at=NOW)
    with pytest.raises(ReceiptError) as refused:
        checked(world, receipt_of(world, event))
    assert (refused.value.code, refused.value.detail) == (
        "receipt_key_revoked",
        f"of the head: {keyid}",
    )


@pytest.mark.parametrize("later", ["first", "second"])
def test_of_two_keys_of_a_witness_the_later_line_counts(later: str) -> None:
    world = World()
    second = SigningKey.generate()
    world.say(
        "directory.key_added",
        agency=WITNESS,
        keyid=second.keyid,
        algorithm="ed25519",
        public=second.public,
    )
    receipt = receipt_of(world, world.event("referral.accepted", AUTHOR))
    at = NOW + timedelta(days=1 if later == "second" else -1)
    note = receipt.proof.note
    note = with_cosignature(note, cosign(note, WITNESS, second, at))
    entries = {**receipt.entries, **world.directory.entries_of([second.keyid])}
    both = replace(receipt, proof=replace(receipt.proof, note=note), entries=entries)
    assert checked(world, both).witnesses == {WITNESS: max(at, NOW)}


def test_an_entry_without_key_or_value_is_written_as_empty_texts() -> None:
    assert entry_to_json(7, Record(None, None, ())) == {
        "offset": 7,
        "key": "",
        "headers": [],
        "value": "",
    }


def test_the_policy_of_witnesses_is_read_as_it_is_shipped() -> None:
    assert Witnessing.load(ROOT / "policies") == Witnessing(needed=0, wait_seconds=30)
