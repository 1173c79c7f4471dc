"""The memory of the development issuer: its key, and its unused codes."""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Any

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import ECKey

PATH = "/console/development"
_CODE_SECONDS = 60
_TOKEN_SECONDS = 300


class Issuer:
    """Its key, and the codes that it gave and nobody has used yet."""

    def __init__(self, origin: str, client_id: str, opens: str) -> None:
        self._opens = opens
        self.url, self._client_id = f"{origin}{PATH}", client_id
        self.redirect = f"{origin}/console/signed-in"
        self._key = ECKey.generate_key("P-256", {"kid": secrets.token_hex(8), "use": "sig"})
        self._codes: dict[str, tuple[float, dict[str, Any], str]] = {}

    def is_opened_by(self, given: str) -> bool:
        """Nobody is let in if no key was set."""
        return bool(self._opens) and hmac.compare_digest(given.encode(), self._opens.encode())

    def keys(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False)]}

    def code(self, said: dict[str, Any], challenge: str) -> str:
        now = time.monotonic()
        self._codes = {one: kept for one, kept in self._codes.items() if kept[0] > now}
        code = secrets.token_urlsafe(24)
        self._codes[code] = (now + _CODE_SECONDS, said, challenge)
        return code

    def token(self, code: str, verifier: str, redirect: str) -> str | None:
        """The ID token of a code, once; None if it is not ours, or the verifier is another's."""
        until, said, challenge = self._codes.pop(code, (0.0, {}, ""))
        fits = create_s256_code_challenge(verifier) == challenge and redirect == self.redirect
        if until < time.monotonic() or not fits:
            return None
        now = int(time.time())
        times = {"iat": now, "exp": now + _TOKEN_SECONDS}
        claims = {"iss": self.url, "aud": self._client_id, **times, **said}
        header = {"alg": "ES256", "kid": self._key.kid}
        return str(jwt.encode(header, claims, self._key))
