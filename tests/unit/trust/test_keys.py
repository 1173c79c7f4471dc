"""Keys: named by what they are, kept for their owner alone, and refused where they are none."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from casebus.errors import CasebusError
from casebus.trust.keys import ALGORITHMS, ED25519, SigningKey, key_id

KEY = SigningKey.generate()


def test_a_key_is_named_by_the_beginning_of_its_hash() -> None:
    assert KEY.keyid == key_id(KEY.public) == hashlib.sha256(KEY.public).hexdigest()[:32]
    assert (KEY.algorithm, KEY.current()) == ("ed25519", KEY)


def test_a_signature_fits_its_message_under_its_key_alone() -> None:
    fits = ALGORITHMS[ED25519]
    signature = KEY.sign(b"message")
    assert fits(KEY.public, signature, b"message")
    assert not fits(KEY.public, signature, b"another")
    assert not fits(SigningKey.generate().public, signature, b"message")
    assert not fits(KEY.public, signature[:-1], b"message")


def test_what_is_no_public_key_fits_nothing() -> None:
    assert not ALGORITHMS[ED25519](b"short", KEY.sign(b"message"), b"message")


def test_a_kept_key_and_its_new_folder_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys" / "a.pem"
    KEY.save(path)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.read_bytes() == KEY.pem()
    assert path.read_bytes().splitlines()[0].count(b"PRIVATE") == 1
    path.chmod(0o644)
    KEY.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert SigningKey.load(path).keyid == KEY.keyid


def test_a_file_that_is_missing_or_no_key_is_named_without_its_folder(tmp_path: Path) -> None:
    (tmp_path / "text.pem").write_text("no key")
    for name, why in (("none.pem", "FileNotFoundError"), ("text.pem", "ValueError")):
        with pytest.raises(CasebusError) as refused:
            SigningKey.load(tmp_path / name)
        assert (refused.value.code, str(refused.value)) == ("no_key", f"no_key: {name}: {why}")


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "other.pem").write_bytes(other)
    with pytest.raises(CasebusError) as refused:
        SigningKey.load(tmp_path / "other.pem")
    assert str(refused.value) == "no_key: other.pem is not an Ed25519 key"
