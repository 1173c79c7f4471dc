"""Signatures: any change to what was signed is seen, and stamps may be added freely."""

from __future__ import annotations

import pytest

from casebus.events.envelope import Envelope, Record
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import Proof, SignatureCheck, sign
from tests.world import SCHEMAS, draft, with_headers

KEY = SigningKey.generate()


def fits(record: Record, key: SigningKey = KEY, check: SignatureCheck | None = None) -> bool:
    value = record.value or b""
    leaf = event_leaf(SCHEMAS.schema_of(value).digest, record.headers, value)
    envelope = Envelope.from_headers(record.headers)
    return (check or SignatureCheck())(leaf, envelope, algorithm="ed25519", public=key.public)


def records(count: int) -> list[Record]:
    drafts = [draft("referral.accepted", "cn-330106-psb", legal="2026-03-07") for _ in range(count)]
    return sign(drafts, KEY, SCHEMAS)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 64, 65])
def test_each_of_a_signed_batch_can_be_checked_alone(count):
    assert all(fits(record) for record in records(count))


def test_a_batch_costs_one_verification():
    check = SignatureCheck()
    assert fits(records(1)[0], check=check)
    batch = records(20)
    assert all(fits(record, check=check) for record in batch)
    assert len(check._good) == 2


def test_remembered_roots_are_bounded():
    check = SignatureCheck(remembered=3)
    for _ in range(10):
        assert fits(records(1)[0], check=check)
    assert len(check._good) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"ce_to": b"cn-330108-psb"},
        {"ce_source": b"cn-330106-pro"},
        {"ce_legaltime": b"2026-03-06"},
        {"ce_id": b"another"},
        {"ce_importid": b"x"},
        {"ce_legaltime": None},
    ],
)
def test_a_changed_or_removed_header_breaks_the_signature(change):
    assert not fits(with_headers(records(1)[0], **change))


def test_a_changed_body_breaks_the_signature():
    record = records(1)[0]
    assert not fits(Record(record.key, (record.value or b"")[:-1] + b"\x01", record.headers))


def test_stamps_and_traces_are_no_part_of_the_signature():
    record = records(1)[0]
    more = {"cb-verdict": b"admitted", "traceparent": b"00-0-0-00"}
    assert fits(with_headers(record, **more))


def test_another_key_does_not_fit():
    assert not fits(records(1)[0], SigningKey.generate())


def test_a_root_found_good_under_one_key_says_nothing_of_another_key_or_signature():
    check, record = SignatureCheck(), records(1)[0]
    assert fits(record, check=check)
    assert not fits(record, SigningKey.generate(), check)
    other = dict(records(1)[0].headers)["ce_signature"]
    assert not fits(with_headers(record, ce_signature=other), check=check)


def loose(text: bytes) -> list[bytes]:
    """Other texts that a lenient reader takes for the same bytes."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    padded = text + b"=" * (-len(text) % 4)
    same = [padded, text + b"\n", b" " + text, text.translate(bytes.maketrans(b"-_", b"+/"))]
    if len(text) % 4:
        last = alphabet.index(text[-1:])
        same += [text[:-1] + alphabet[last ^ 1 : (last ^ 1) + 1]]
    return [one for one in same if one != text]


@pytest.mark.parametrize("header", ["ce_signature", "ce_sigproof"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_only_the_canonical_text_of_a_signature_is_one(header, count):
    record = records(count)[0]
    text = dict(record.headers)[header]
    for other in loose(text):
        if other.strip() == other:
            assert not fits(with_headers(record, **{header: other})), other
    assert fits(record)


def test_a_signature_cannot_be_moved_to_another_event_of_the_batch():
    one, two = records(2)
    stolen = {name: dict(two.headers)[name] for name in ("ce_signature", "ce_sigproof")}
    assert not fits(with_headers(one, **stolen))


@pytest.mark.parametrize("text", ["", "!!", "AAAA", "A" * 11, "_" * 22, "AAAAAAAAAAA"])
def test_a_broken_proof_is_no_proof(text):
    assert Proof.parse(text) is None
    assert not fits(with_headers(records(1)[0], ce_sigproof=text.encode()))


def test_a_key_file_is_readable_by_its_owner_only(tmp_path):
    KEY.save(tmp_path / "keys" / "a.pem")
    assert (tmp_path / "keys" / "a.pem").stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(tmp_path / "keys" / "a.pem").keyid == KEY.keyid
