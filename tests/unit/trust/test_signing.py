"""Signatures: any change to what was signed is seen, and stamps may be added freely."""

from __future__ import annotations

import base64

import pytest

from casebus.events.envelope import Envelope, Record
from casebus.trust.keys import ALGORITHMS, SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import Proof, SignatureCheck, sign, signed_message
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


def proof(size: int, index: int, path: bytes = b"") -> str:
    raw = size.to_bytes(4, "big") + index.to_bytes(4, "big") + path
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (proof(1, 0), Proof(0, 1, ())),
        (proof(2, 1, b"x" * 32), Proof(1, 2, (b"x" * 32,))),
        (proof(1 << 20, (1 << 20) - 1), Proof((1 << 20) - 1, 1 << 20, ())),
        (proof((1 << 20) + 1, 0), None),
        (proof(1, 1), None),
        (proof(2, 3), None),
        (proof(0, 0), None),
        (proof(2, 1, b"x" * 33), None),
        (proof(2, 1, b"x" * 31), None),
    ],
)
def test_a_proof_is_a_place_in_a_tree_of_bounded_size_and_whole_hashes(
    text: str, read: Proof | None
) -> None:
    assert Proof.parse(text) == read
    assert read is None or str(read) == text


def test_of_roots_the_one_seen_longest_ago_is_forgotten_first(monkeypatch):
    check, (first, second, third) = SignatureCheck(remembered=2), (records(1)[0] for _ in range(3))
    asked: list[bytes] = []

    def verify(public: bytes, signature: bytes, message: bytes) -> bool:
        asked.append(message)
        return True

    monkeypatch.setitem(ALGORITHMS, "ed25519", verify)
    for record in (first, second, third):
        assert fits(record, check=check)
    assert (fits(third, check=check), fits(second, check=check), len(asked)) == (True, True, 3)
    assert (fits(first, check=check), len(asked)) == (True, 4)


def test_an_algorithm_that_nobody_here_knows_fits_nothing():
    record = records(1)[0]
    leaf = event_leaf(SCHEMAS.schema_of(record.value).digest, record.headers, record.value or b"")
    envelope = Envelope.from_headers(record.headers)
    assert not SignatureCheck()(leaf, envelope, algorithm="sm2", public=KEY.public)


@pytest.mark.parametrize("lacking", ["ce_signature", "ce_sigproof"])
def test_without_a_signature_or_its_proof_nothing_fits(lacking):
    assert not fits(with_headers(records(1)[0], **{lacking: None}))


def test_a_delegate_is_named_with_its_key_and_covered_by_its_signature():
    [record] = sign([draft("referral.accepted", "cn-330106-psb")], KEY, SCHEMAS, signedby="bus")
    envelope = Envelope.from_headers(record.headers)
    assert (envelope.keyid, envelope.signedby) == (KEY.keyid, "bus")
    assert record.key == envelope.subject.encode()
    assert fits(record)
    assert not fits(with_headers(record, ce_signedby=b"cn-330106-pro"))


def test_what_is_signed_says_what_it_is_how_many_there_are_and_their_root():
    root = bytes(range(32))
    assert signed_message(root, 3) == b"casebus events v1\0" + bytes(7) + b"\x03" + root


@pytest.mark.parametrize("text", [proof(2, 0), proof(1, 0, b"x" * 32), proof(3, 2, b"x" * 96)])
def test_a_path_of_another_length_than_its_tree_has_leads_to_no_root(text: str) -> None:
    assert Proof.parse(text) is not None
    assert not fits(with_headers(records(1)[0], ce_sigproof=text.encode()))
