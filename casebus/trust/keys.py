"""Signing keys. Ed25519 by default; a directory entry names the algorithm of each key.

A certified SM2 module joins by adding its class to `ALGORITHMS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from casebus.errors import CasebusError
from casebus.files import appearing, naming

ED25519 = "ed25519"
_OWNER_ONLY = 0o600


def key_id(public: bytes) -> str:
    """The name of a key: the first 32 hex digits of its public bytes' SHA-256."""
    return hashlib.sha256(public).hexdigest()[:32]


def _verify_ed25519(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


#: Verifiers by algorithm name: (public key, signature, message) → whether it fits.
ALGORITHMS: dict[str, Callable[[bytes, bytes, bytes], bool]] = {ED25519: _verify_ed25519}


@dataclass(frozen=True)
class SigningKey:
    """A private key; `public` is the raw public key, `keyid` its name in the directory."""

    private: Ed25519PrivateKey
    algorithm: str = ED25519

    @classmethod
    def generate(cls) -> SigningKey:
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def load(cls, path: Path) -> SigningKey:
        """Read a PEM (PKCS #8) file; raises CasebusError `no_key` if it is missing or no key."""
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError) as error:
            raise CasebusError("no_key", f"{path.name}: {type(error).__name__}") from error
        if not isinstance(private, Ed25519PrivateKey):
            raise CasebusError("no_key", f"{path.name} is not an Ed25519 key")
        return cls(private)

    def save(self, path: Path) -> None:
        """Write the PEM file, for its owner only; raises CasebusError `file_not_written`."""
        with naming(path):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with appearing(path, _OWNER_ONLY, durable=False) as file:
            file.write(self.pem())

    def pem(self) -> bytes:
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )

    # Both are asked for at each signature.
    @cached_property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @cached_property
    def keyid(self) -> str:
        return key_id(self.public)

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)

    def current(self) -> SigningKey:
        """A single key is its own holder, and never another."""
        return self


class Holder(Protocol):
    """A source of the signing key. It is asked at each signature, because keys change."""

    def current(self) -> SigningKey: ...
