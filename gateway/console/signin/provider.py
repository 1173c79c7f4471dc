"""The OpenID Connect issuer as the console uses it: keys, the code's exchange, the ID token.

OpenID Connect Core 1.0 §3.1 and §5.3, RFC 7636 (PKCE), RFC 9207 (`iss` in the answer).
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import httpx
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from casebus.errors import CasebusError
from casebus.now import Now
from gateway.console.signin.published import Discovery, discovery, key_set
from gateway.console.signin.way import SignInState

#: Only algorithms with a key that is not ours: a client's secret signs no token.
_ALGORITHMS = ["ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
_ALGORITHMS += ["EdDSA", "Ed25519"]
_KNOWN_SECONDS = 3600.0
#: The shortest time between two questions about unknown keys.
_ASK_AGAIN_SECONDS = 30.0
_SKEW_SECONDS = 60
_NOT_HOLDING = "the issuer's token does not hold"
#: The longest code of OAuth that is shown.
_LONGEST_CODE = 40


class OidcClient(NamedTuple):
    """The console as a client of its issuer."""

    issuer: str
    id: str
    scope: str
    #: File with its secret; None for a public client.
    secret: Path | None = None


class Provider:
    """One issuer and this client of it; its publication is kept for an hour."""

    def __init__(self, client: OidcClient, http: httpx.AsyncClient, now: Now) -> None:
        self._client, self._http, self._now = client, http, now
        self._asking = asyncio.Lock()
        self._known: Discovery | None = None
        self._keys = KeySet([])
        self._known_at = self._keys_at = self._again_at = -_KNOWN_SECONDS

    async def way_in(self, way: SignInState, redirect: str) -> str:
        """The address at which the browser learns who its person is."""
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": redirect,
            "scope": self._client.scope,
            "state": way.state,
            "nonce": way.nonce,
            "code_challenge": create_s256_code_challenge(way.verifier),
            "code_challenge_method": "S256",
        }
        address = (await self._discovered()).authorization_endpoint
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    async def require_its_answer(self, named: str) -> None:
        """Raises `sign_in_refused` if the answer names another issuer, or none against the rule."""
        known = await self._discovered()
        if named != self._client.issuer and (
            named or known.authorization_response_iss_parameter_supported
        ):
            raise _refused("another issuer answered")

    async def way_out(self, back: str) -> str:
        """The address that also ends the session with the issuer; empty if there is none."""
        address = (await self._discovered()).end_session_endpoint
        if not address:
            return ""
        asked = {"client_id": self._client.id, "post_logout_redirect_uri": back}
        return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"

    async def person(self, code: str, way: SignInState, redirect: str) -> dict[str, Any]:
        """The issuer's claims about the person who came back with this code.

        Raises CasebusError `sign_in_refused`, or `issuer_unavailable`.
        """
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self._client.id,
            "code_verifier": way.verifier,
        }
        answer = await self._exchanged(given)
        said = self._checked(await self._decoded(str(answer.get("id_token", ""))), way, answer)
        return {**await self._more(said, answer), **said}

    async def _exchanged(self, given: dict[str, str]) -> dict[str, Any]:
        known = await self._discovered()
        more: dict[str, Any] = {}
        if self._client.secret is not None:
            secret = (await asyncio.to_thread(self._client.secret.read_text, "utf-8")).strip()
            if known.takes_basic:
                more["auth"] = (self._client.id, secret)
            else:
                given["client_secret"] = secret
        return await self._ask("POST", known.token_endpoint, data=given, **more)

    async def _more(self, said: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """The claims at UserInfo, because by default an issuer puts little into an ID token."""
        address = (await self._discovered()).userinfo_endpoint
        if not (address and isinstance(answer.get("access_token"), str)):
            return {}
        bearer = {"Authorization": f"Bearer {answer['access_token']}"}
        more = await self._ask("GET", address, headers=bearer)
        if more.get("sub") != said["sub"]:
            raise _refused("the issuer tells of somebody else")
        return more

    def _checked(
        self, token: jwt.Token, way: SignInState, answer: dict[str, Any]
    ) -> dict[str, Any]:
        said = CodeIDToken(
            token.claims,
            token.header,
            options={
                "iss": {"essential": True, "values": [self._client.issuer]},
                "aud": {"essential": True, "values": [self._client.id]},
                "sub": {"essential": True},
            },
            params={
                "client_id": self._client.id,
                "nonce": way.nonce,
                "access_token": answer.get("access_token"),
            },
        )
        try:
            said.validate(now=int(self._now().timestamp()), leeway=_SKEW_SECONDS)
        except (JoseError, ValueError, TypeError) as error:
            raise _refused(_NOT_HOLDING) from error
        return dict(token.claims)

    async def _decoded(self, text: str) -> jwt.Token:
        for again in (False, True):
            try:
                return jwt.decode(text, await self._key_set(again=again), algorithms=_ALGORITHMS)
            except (JoseError, ValueError) as error:
                # The key may be newer than our copy, so it is asked for once.
                if again:
                    raise _refused(_NOT_HOLDING) from error
        raise AssertionError

    async def _key_set(self, *, again: bool) -> KeySet:
        address = (await self._discovered()).jwks_uri
        async with self._asking:
            now = time.monotonic()
            may_again = again and now - self._again_at > _ASK_AGAIN_SECONDS
            if may_again or now - self._keys_at > _KNOWN_SECONDS:
                self._again_at = now if may_again else self._again_at
                self._keys = key_set(await self._published(address))
                self._keys_at = now
            return self._keys

    async def _discovered(self) -> Discovery:
        async with self._asking:
            if self._known is None or time.monotonic() - self._known_at > _KNOWN_SECONDS:
                address = self._client.issuer.rstrip("/") + "/.well-known/openid-configuration"
                self._known = discovery(self._client.issuer, await self._published(address))
                self._known_at = time.monotonic()
            return self._known

    async def _published(self, address: str) -> dict[str, Any]:
        """Everybody may read this address. A refusal is the issuer's fault and no person's."""
        try:
            return await self._ask("GET", address)
        except CasebusError as error:
            raise CasebusError("issuer_unavailable", error.detail) from error

    async def _ask(self, method: str, address: str, **more: Any) -> dict[str, Any]:
        try:
            answer = await self._http.request(method, address, **more)
            if answer.is_client_error:
                raise _refused(f"the issuer says no{_word(answer)}")
            read = answer.raise_for_status().json()
        except (httpx.HTTPError, ValueError) as error:
            raise CasebusError("issuer_unavailable", "try again in a moment") from error
        if not isinstance(read, dict):
            raise CasebusError("issuer_unavailable", "its answer is of another form")
        return read


def _word(answer: httpx.Response) -> str:
    """The code of OAuth for the reason, which says where to look; no other text of the issuer's."""
    try:
        word = answer.json().get("error")
    except (ValueError, AttributeError):
        return ""
    known = isinstance(word, str) and word.replace("_", "").isalpha() and len(word) < _LONGEST_CODE
    return f": {word}" if known else ""


def _refused(detail: str) -> CasebusError:
    return CasebusError("sign_in_refused", detail)
