"""One sign-in under way: all of it is derived from a random value in a cookie of that browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import NamedTuple

_BYTES = 32


class SignInState(NamedTuple):
    state: str
    nonce: str
    #: RFC 7636 §4.1.
    verifier: str


def begin() -> str:
    """The cookie's value."""
    return secrets.token_urlsafe(_BYTES)


def of(cookie: str) -> SignInState:
    return SignInState(*(_derived(cookie, name) for name in ("state", "nonce", "verifier")))


def _derived(cookie: str, name: str) -> str:
    digest = hmac.new(cookie.encode(), name.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
