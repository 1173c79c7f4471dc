"""A receipt is checked by the pinned root alone, and says what about it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Record
from casebus.trust.head import Head, LogName, cosign, sign_head, with_cosignature
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.logproof import LogProof
from casebus.trust.proofs import inclusion_path, root_of, subtrees
from casebus.trust.receipt import LeafInputs, Proven, Receipt, check, directory_of
from tests.world import NOW, SCHEMAS, World

AUTHOR, WITNESS = "cn-330106-psb", "cn-330106-pro"
STAMPS = {"cb-verdict": "admitted", "cb-recipients": "cn-330106-amr"}
INDEX, SIZE = 3, 7


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def event(world: World) -> Record:
    return world.event("referral.accepted", AUTHOR, data={"note": "受理"})


def receipt_of(world: World, event: Record) -> Receipt:
    headers = {name: text.decode() for name, text in event.headers}
    leaf = event_leaf(SCHEMAS.schema_of(event.value).digest, event.headers, event.value or b"")
    signed = {name: headers[name] for name in ("ce_signature", "ce_sigproof")}
    inputs = LeafInputs({**signed, **STAMPS}, headers["ce_keyid"])
    leaves = [bytes([at]) * 32 for at in range(SIZE)]
    leaves[INDEX] = inputs.leaf(leaf)
    tree = subtrees(leaves)
    origin = str(LogName(world.directory.root_digest, 1, 2))
    note = sign_head(Head(origin, SIZE, root_of(SIZE, tree)), world.keys[BUS])
    note = with_cosignature(note, cosign(note, WITNESS, world.keys[WITNESS], NOW))
    keyids = [headers["ce_keyid"], world.keys[BUS].keyid, world.keys[WITNESS].keyid]
    return Receipt(
        stream=headers["ce_subject"],
        source=headers["ce_source"],
        id=headers["ce_id"],
        step="submitted",
        event_leaf=leaf,
        log_leaf=leaves[INDEX],
        inputs=inputs,
        proof=LogProof(INDEX, inclusion_path(INDEX, SIZE, tree), note),
        entries=world.directory.entries_of(keyids),
    )


@pytest.fixture(scope="module")
def receipt(world: World, event: Record) -> Receipt:
    return receipt_of(world, event)


def checked(world: World, receipt: Receipt, event: Record | None = None) -> Proven:
    root = world.directory.root_digest
    return check(receipt, directory_of(receipt.entries, root, SCHEMAS), event)


def refusal(world: World, receipt: Receipt, event: Record | None = None) -> str:
    with pytest.raises(CasebusError) as caught:
        checked(world, receipt, event)
    return caught.value.code


def test_a_receipt_proves_the_place_by_its_own_entries(world, receipt, event):
    given = Receipt.from_json(receipt.to_json())
    assert given == receipt
    shown = checked(world, given, event)
    assert shown == Proven(LogName(world.directory.root_digest, 1, 2), INDEX, SIZE, {WITNESS: NOW})


def test_a_receipt_carries_no_more_of_the_directory_than_its_keys(world, receipt):
    directory = directory_of(receipt.entries, world.directory.root_digest, SCHEMAS)
    assert {key.agency for key in directory.keys.values()} == {"root", BUS, AUTHOR, WITNESS}


def test_the_chain_of_a_registrar_comes_along(world):
    other = World()
    other.say(
        "directory.delegate_named",
        source="root",
        delegate="cn-330100-amr",
        types=["casebus.directory.*"],
    )
    fresh = SigningKey.generate()
    other.say(
        "directory.key_added",
        signer="cn-330100-amr",
        agency=AUTHOR,
        keyid=fresh.keyid,
        algorithm="ed25519",
        public=fresh.public,
    )
    entries = other.directory.entries_of([fresh.keyid])
    directory = directory_of(entries, other.directory.root_digest, SCHEMAS)
    assert directory.key(fresh.keyid) == other.directory.key(fresh.keyid)
    assert len(entries) < other.directory.position


def test_a_receipt_without_the_stamps_still_proves_the_place(world, receipt, event):
    closed = Receipt.from_json(replace(receipt, inputs=None).to_json())
    assert closed.inputs is None
    assert checked(world, closed, event).index == INDEX


def test_the_receipt_of_another_event_is_named(world, receipt):
    another = world.event("referral.accepted", AUTHOR, data={"note": "另案"})
    assert refusal(world, receipt, another) == "receipt_of_another_event"


def test_the_receipt_of_another_installation_is_named(receipt):
    other = World()
    with pytest.raises(CasebusError) as caught:
        check(receipt, other.directory)
    assert caught.value.code == "receipt_of_another_log"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda r, _: replace(r, log_leaf=bytes(32)), "receipt_leaf_differs"),
        (lambda r, _: replace(r, event_leaf=bytes(32)), "receipt_leaf_differs"),
        (lambda r, _: replace(r, inputs=replace(r.inputs, headers={})), "receipt_leaf_differs"),
        (lambda r, _: replace(r, inputs=replace(r.inputs, keyid="0" * 32)), "receipt_key_unknown"),
        (
            lambda r, w: replace(r, inputs=replace(r.inputs, keyid=w.keys[BUS].keyid)),
            "receipt_event_unsigned",
        ),
        (lambda r, _: replace(r, proof=replace(r.proof, index=4)), "receipt_not_included"),
        (lambda r, _: replace(r, proof=replace(r.proof, path=())), "receipt_not_included"),
        (
            lambda r, w: replace(
                r, proof=replace(r.proof, note=sign_head(r.proof.head, w.keys[AUTHOR]))
            ),
            "receipt_head_unsigned",
        ),
    ],
)
def test_what_is_wrong_with_a_receipt_is_named(world, receipt, change, code):
    assert refusal(world, change(receipt, world)) == code


@pytest.mark.parametrize("minutes", [-1, 1])
def test_a_head_by_a_revoked_key_of_the_bus_proves_only_what_a_witness_saw_before(minutes):
    world = World()
    event = world.event("referral.accepted", AUTHOR)
    at = NOW + timedelta(minutes=minutes)
    world.say("directory.key_revoked", keyid=world.keys[BUS].keyid, revoked_at=at)
    receipt = receipt_of(world, event)
    if minutes > 0:
        assert checked(world, receipt).witnesses == {WITNESS: NOW}
    else:
        assert refusal(world, receipt) == "receipt_key_revoked"


def test_a_cosignature_that_does_not_fit_is_no_witness(world, receipt):
    note = receipt.proof.note
    wrong = replace(note.signatures[1], signature=bytes(72))
    proof = replace(receipt.proof, note=replace(note, signatures=(note.signatures[0], wrong)))
    assert checked(world, replace(receipt, proof=proof)).witnesses == {}


def _flipped(given: Any, at: int) -> Any:
    """The text with one character changed for another of its kind."""
    one = given[at]
    other = "1" if one == "0" else "0" if one.isdigit() else "B" if one == "A" else "A"
    return given[:at] + other + given[at + 1 :]


def _changed(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The receipt with one character changed, again and again."""
    for name in ("event_leaf", "log_leaf", "keyid", "proof"):
        text = whole[name]
        last = text.index(f"— {WITNESS}") if name == "proof" else len(text)
        for at in (at for at in range(0, last, 3) if text[at] not in "\n—"):
            yield {**whole, name: _flipped(text, at)}
    for name, text in whole["headers"].items():
        yield {**whole, "headers": {**whole["headers"], name: text + "A"}}
    for name, text in whole["event"].items():
        yield {**whole, "event": {**whole["event"], name: _flipped(text, 2)}}
    for at, entry in enumerate(whole["directory"]):
        entries = list(whole["directory"])
        entries[at] = {**entry, "value": _flipped(entry["value"], 12)}
        yield {**whole, "directory": entries}


def test_one_character_changed_anywhere_in_a_receipt_is_noticed(world, receipt, event):
    """All but the step, which says what the record is for, and the lines of witnesses."""
    unnoticed = []
    for given in _changed(receipt.to_json()):
        with suppress(CasebusError):
            checked(world, Receipt.from_json(given), event)
            unnoticed.append(given)
    assert unnoticed == []


@pytest.mark.parametrize("name", ["receipt", "proof", "event_leaf", "directory", "headers"])
def test_what_is_no_receipt_is_refused(receipt, name):
    given = receipt.to_json()
    with pytest.raises(CasebusError) as caught:
        Receipt.from_json({**given, name: 5})
    assert caught.value.code in {"malformed_receipt", "malformed_head"}
