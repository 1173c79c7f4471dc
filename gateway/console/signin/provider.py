"""The OpenID Connect issuer, as the console asks it: keys, the code's exchange, the ID token.

OpenID Connect Core 1.0 §3.1, RFC 7636 (PKCE), RFC 9207 (`iss` in the answer).
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from casebus.errors import CasebusError
from gateway.console.signin.way import Way

_ALGORITHMS = [
    "ES256",
    "ES384",
    "ES512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "EdDSA",
]
_DISCOVERY = "/.well-known/openid-configuration"
_KNOWN_SECONDS = 3600.0
#: A key that nobody knows makes us ask again, so often at most.
_ASK_AGAIN_SECONDS = 30.0
_SKEW_SECONDS = 60


class Provider:
    """One issuer and this client of it; what it publishes is kept for an hour."""

    def __init__(
        self, issuer: str, client_id: str, scope: str, http: httpx.AsyncClient, secret: Path | None
    ) -> None:
        self._issuer, self._client_id, self._scope = issuer, client_id, scope
        self._http, self._secret = http, secret
        self._asking = asyncio.Lock()
        self._known: dict[str, Any] = {}
        self._keys = KeySet([])
        self._known_at = self._keys_at = -_KNOWN_SECONDS

    async def way_in(self, way: Way, redirect: str) -> str:
        """Where the browser goes to be told who it is of."""
        known = await self._discovered()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect,
            "scope": self._scope,
            "state": way.state,
            "nonce": way.nonce,
            "code_challenge": create_s256_code_challenge(way.verifier),
            "code_challenge_method": "S256",
        }
        address = str(known["authorization_endpoint"])
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    async def person(self, code: str, way: Way, redirect: str) -> dict[str, Any]:
        """What the issuer says of who came back with this code.

        Raises CasebusError `sign_in_refused`, or `issuer_unavailable`.
        """
        known = await self._discovered()
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self._client_id,
            "code_verifier": way.verifier,
        }
        if self._secret is not None:
            given["client_secret"] = self._secret.read_text("utf-8").strip()
        answer = await self._ask("POST", str(known["token_endpoint"]), data=given)
        return await self._checked(str(answer.get("id_token", "")), way, answer)

    async def _checked(self, text: str, way: Way, answer: dict[str, Any]) -> dict[str, Any]:
        token = await self._decoded(text)
        said = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "values": [self._issuer]},
                "aud": {"essential": True, "values": [self._client_id]},
                "sub": {"essential": True},
            },
            params={
                "client_id": self._client_id,
                "nonce": way.nonce,
                "access_token": answer.get("access_token"),
            },
        )
        try:
            said.validate(now=int(time.time()), leeway=_SKEW_SECONDS)
        except Exception as error:
            raise _refused("the issuer's token does not hold") from error
        return dict(token.claims)

    async def _decoded(self, text: str) -> Any:
        for again in (False, True):
            try:
                return jwt.decode(text, await self._key_set(again=again), algorithms=_ALGORITHMS)
            except (JoseError, ValueError) as error:
                # A key that was rotated in since: asked for once.
                if again:
                    raise _refused("the issuer's token does not hold") from error
        raise AssertionError

    async def _key_set(self, *, again: bool) -> KeySet:
        known = await self._discovered()
        async with self._asking:
            age = time.monotonic() - self._keys_at
            if age > (_ASK_AGAIN_SECONDS if again else _KNOWN_SECONDS):
                read = await self._ask("GET", str(known["jwks_uri"]))
                self._keys, self._keys_at = KeySet.import_key_set(read), time.monotonic()  # type: ignore[arg-type]
            return self._keys

    async def _discovered(self) -> dict[str, Any]:
        async with self._asking:
            if time.monotonic() - self._known_at > _KNOWN_SECONDS:
                read = await self._ask("GET", self._issuer.rstrip("/") + _DISCOVERY)
                if read.get("issuer") != self._issuer:
                    raise CasebusError("issuer_unavailable", "it names itself otherwise than we do")
                self._known, self._known_at = read, time.monotonic()
            return self._known

    async def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, address, **more)
            if 400 <= answer.status_code < 500:  # noqa: PLR2004 - it knows us, and says no
                raise _refused("the issuer does not take this code")
            read = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise CasebusError("issuer_unavailable", "try again in a moment") from error
        if not isinstance(read, dict):
            raise CasebusError("issuer_unavailable", "its answer is of another form")
        return read


def _refused(detail: str) -> CasebusError:
    return CasebusError("sign_in_refused", detail)
