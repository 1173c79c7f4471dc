"""What docs/wire.md says of the forms of headers is what the front door does."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import fastavro
import pytest

from casebus.admission.judge import Admitted, Arrival, Judge
from casebus.errors import CasebusError
from casebus.events.envelope import Header, Record
from casebus.events.partition import partition_for
from casebus.events.schemas import subject_of
from casebus.events.topics import Topics
from casebus.rejections import Reason
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.merkle import root_and_paths
from casebus.trust.signing import Proof, _encode, signed_message
from tests.laws import LAW
from tests.world import NOW, SCHEMAS, World, draft, signed

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/wire.md").read_text(encoding="utf-8")
AMR, PSB = "cn-330106-amr", "cn-330106-psb"
Headers = tuple[Header, ...]
SIGNED_LAST = ("ce_signature", "ce_sigproof")


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def written(world: World, change: Callable[[Headers], Headers]) -> Record:
    """A record whose headers another program wrote and signed as they are."""
    record = signed(draft("referral.sent", AMR, to=(PSB,), sequence=1), world.keys[AMR])
    plain = change(tuple(one for one in record.headers if one[0] not in SIGNED_LAST))
    schema = SCHEMAS.schema_of(record.value)
    leaf = event_leaf(schema.digest, plain, record.value or b"")
    root, paths = root_and_paths([leaf])
    made = world.keys[AMR].sign(signed_message(root, 1))
    signature = ("ce_signature", _encode(made).encode())
    proof = ("ce_sigproof", str(Proof(0, 1, paths[0])).encode())
    return Record(record.key, record.value, (*plain, signature, proof))


def judged(world: World, record: Record) -> Admitted:
    place = partition_for(record.key or b"", 4)
    judge = Judge(SCHEMAS, world.directory, LAW, frozenset({"police", "procuratorate"}))
    return judge(Arrival(record, "events.administrative", place, 0, NOW, 4))


def having(**texts: bytes | None) -> Callable[[Headers], Headers]:
    """With these headers in the place of those of the name; None leaves one out."""

    def change(headers: Headers) -> Headers:
        kept = tuple(one for one in headers if one[0] not in texts)
        return kept + tuple((name, text) for name, text in texts.items() if text is not None)

    return change


def again(name: str, text: bytes | None = None) -> Callable[[Headers], Headers]:
    return lambda headers: (*headers, (name, dict(headers)[name] if text is None else text))


@pytest.mark.parametrize(
    "change",
    [
        having(ce_id=b"2026-000123"),
        having(ce_id="立案〔2026〕7号 №1".encode()),
        having(ce_id=b"x" * 1024),
        having(ce_time=b"2026-03-05T01:00:00Z"),
        having(ce_time=b"2026-03-05T09:00:00.1+08:00"),
        having(ce_time=b"2026-03-05T01:00:00.123456789Z"),
        having(ce_sequence=None),
        having(ce_sequence=b"7"),
        having(ce_legaltime=b"2026-03-05"),
        having(ce_legaltime=b"2026-03-05T09:00:00+08:00"),
        having(ce_mine="甲".encode()),
        having(mine=b"\xff"),
        lambda headers: headers[::-1],
        lambda headers: (*headers, ("mine", b"1"), ("mine", b"2")),
    ],
)
def test_what_the_page_allows_is_admitted(
    world: World, change: Callable[[Headers], Headers]
) -> None:
    assert not judged(world, written(world, change)).flags


@pytest.mark.parametrize(
    "change",
    [
        having(ce_id=b""),
        having(ce_id=b"x" * 1025),
        having(ce_id=b"a\x00"),
        having(ce_id="\ufeff7".encode()),
        having(ce_id="7号".encode("gbk")),
        having(ce_sequence=b""),
        having(ce_sequence=b"0"),
        having(ce_sequence=b"1.0"),
        having(ce_legaltime=b""),
        having(ce_time=b"2026-03-05T01:00:00"),
        again("ce_id"),
        again("ce_to", b"cn-330106-pro"),
        again("content-type"),
        again("content-type", b"application/json"),
        lambda headers: (("content-type", b"application/json"), *headers),
    ],
)
def test_what_the_page_forbids_is_malformed(
    world: World, change: Callable[[Headers], Headers]
) -> None:
    with pytest.raises(CasebusError) as caught:
        judged(world, written(world, change))
    assert caught.value.code == Reason.MALFORMED_HEADERS


def test_what_the_page_says_of_topics_and_subjects_holds() -> None:
    ce_type, subject = "casebus.referral.filing_refused.v1", "casebus.referral.v1.FilingRefused"
    assert f"`{ce_type}` is subject `{subject}`" in PAGE
    assert subject_of(ce_type) == subject
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| topic |")]
    assert set(Topics.load(ROOT / "schemas").hosted) == set(re.findall(r"`([a-z]+)`", row))


def test_what_a_library_writes_of_a_schema_is_not_the_text_that_is_hashed() -> None:
    schema = SCHEMAS.latest("casebus.referral.sent.v1")
    assert fastavro.schema.to_parsing_canonical_form(schema.parsed) != schema.text
    assert schema.text.encode() != json.dumps(schema.text).encode(), "the answer has it escaped"


@pytest.mark.skipif(not shutil.which("openssl"), reason="`openssl` is not on the path")
def test_a_key_that_openssl_makes_is_read_and_its_last_bytes_are_the_public_key(
    tmp_path: Path,
) -> None:
    pem = tmp_path / "key.pem"
    make = ["openssl", "genpkey", "-algorithm", "ed25519", "-out", str(pem)]
    subprocess.run(make, check=True, capture_output=True)
    show = ["openssl", "pkey", "-in", str(pem), "-pubout", "-outform", "DER"]
    shown = subprocess.run(show, check=True, capture_output=True).stdout
    label = "PRIVATE KEY"
    assert pem.read_text("ascii").startswith(f"-----BEGIN {label}-----")
    assert SigningKey.load(pem).public == shown[-32:]
