"""What the console believes of an issuer: one with real keys and tokens, reached over httpx."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from casebus.errors import CasebusError
from gateway.console.signin import way
from gateway.console.signin.provider import OidcClient, Provider

URL, CLIENT, REDIRECT = "https://id.example.org", "casebus", "https://bus.example.org/signed-in"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WAY = way.of("cookie")


def key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid})


@dataclass
class Issuer:
    """Publishes itself, gives the token that it is told to, and remembers what it was asked."""

    signs: Key = field(default_factory=lambda: key("one"))
    alg: str = "ES256"
    claims: dict[str, Any] = field(default_factory=dict)
    keys: list[dict[str, Any]] = field(default_factory=list)
    published: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] | None = None
    #: Path -> status, in the place of an answer.
    fails: dict[str, int] = field(default_factory=dict)
    asked: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys = self.keys or [self.signs.as_dict(private=False)]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path
        if path in self.fails:
            return httpx.Response(self.fails[path], json={"error": "invalid_grant"})
        answers: dict[str, Callable[[], Any]] = {
            "/.well-known/openid-configuration": self._discovery,
            "/keys": lambda: {"keys": self.keys},
            "/token": lambda: {"id_token": self.token(), "access_token": "opaque"},
            "/me": lambda: self.more,
        }
        return httpx.Response(200, json=answers[path]())

    def _discovery(self) -> dict[str, Any]:
        endpoints = {
            "authorization_endpoint": f"{URL}/auth",
            "token_endpoint": f"{URL}/token",
            "jwks_uri": f"{URL}/keys",
        }
        more = {} if self.more is None else {"userinfo_endpoint": f"{URL}/me"}
        return {"issuer": URL, **endpoints, **more, **self.published}

    def token(self) -> str:
        times = {"iat": stamp(-1), "exp": stamp(300)}
        said = {"iss": URL, "sub": "7", "aud": CLIENT, "nonce": WAY.nonce, **times, **self.claims}
        said = {name: value for name, value in said.items() if value is not None}
        header = {"alg": self.alg, "kid": self.signs.kid} if self.signs.kid else {"alg": self.alg}
        return str(jwt.encode(header, said, self.signs, algorithms=[self.alg]))

    def times(self, path: str) -> int:
        return sum(one.url.path == path for one in self.asked)


def stamp(seconds: int) -> int:
    return int((NOW + timedelta(seconds=seconds)).timestamp())


def provider(issuer: Issuer, secret: Path | None = None) -> Provider:
    http = httpx.AsyncClient(transport=httpx.MockTransport(issuer))
    return Provider(OidcClient(URL, CLIENT, "openid profile", secret), http, lambda: NOW)


async def person(issuer: Issuer) -> dict[str, Any]:
    return await provider(issuer).person("code", WAY, REDIRECT)


async def refused(asked: Any) -> str:
    with pytest.raises(CasebusError) as raised:
        await asked
    return str(raised.value.code)


async def test_the_browser_is_sent_with_a_state_a_nonce_and_a_challenge() -> None:
    address = urlsplit(await provider(Issuer()).way_in(WAY, REDIRECT))
    asked = dict(parse_qsl(address.query))
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{URL}/auth"
    assert (asked["response_type"], asked["redirect_uri"]) == ("code", REDIRECT)
    assert (asked["state"], asked["nonce"]) == (WAY.state, WAY.nonce)
    assert asked["code_challenge_method"] == "S256"
    assert WAY.verifier not in address.query


async def test_what_the_issuer_signed_for_this_sign_in_is_believed() -> None:
    issuer = Issuer(claims={"name": "王警官"})
    assert (await person(issuer))["name"] == "王警官"
    given = dict(parse_qsl(issuer.asked[1].content.decode()))
    assert (given["code"], given["code_verifier"]) == ("code", WAY.verifier)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": None},
        # Made for us and for others: whose it is must be said, and be us.
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"iss": "https://evil.example.org"},
        {"iss": f"{URL}/"},
        {"iss": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"exp": None},
        {"exp": stamp(-61)},
        {"exp": "never"},
        {"iat": stamp(61)},
        {"nbf": stamp(61)},
        {"at_hash": "bm90IG9mIHRoaXMgdG9rZW4"},
    ],
    ids=str,
)
async def test_a_token_that_was_not_made_for_this_sign_in_is_refused(
    claims: dict[str, Any],
) -> None:
    assert await refused(person(Issuer(claims=claims))) == "sign_in_refused"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": stamp(-59)},
        {"iat": stamp(59)},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "another"], "azp": CLIENT},
    ],
    ids=str,
)
async def test_clocks_may_differ_by_a_minute_and_a_token_may_have_several_readers(
    claims: dict[str, Any],
) -> None:
    assert (await person(Issuer(claims=claims)))["sub"] == "7"


async def test_a_token_of_another_key_under_a_known_name_is_refused() -> None:
    issuer = Issuer()
    issuer.signs = key("one")
    assert await refused(person(issuer)) == "sign_in_refused"


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
async def test_neither_no_signature_nor_one_by_a_shared_secret_is_taken() -> None:
    # Even where it is published among the keys.
    shared = OctKey.generate_key(256, {"kid": "shared"}, private=True)
    issuer = Issuer(signs=shared, alg="HS256", keys=[shared.as_dict(private=True)])
    assert await refused(person(issuer)) == "sign_in_refused"
    issuer.alg = "none"
    assert await refused(person(issuer)) == "sign_in_refused"


async def test_a_key_that_was_rotated_in_is_asked_for_and_not_at_each_unknown_name() -> None:
    issuer = Issuer()
    asks = provider(issuer)
    await asks.person("code", WAY, REDIRECT)
    issuer.signs = key("two")
    issuer.keys = [issuer.signs.as_dict(private=False)]
    await asks.person("code", WAY, REDIRECT)
    assert issuer.times("/keys") == 2
    # Whoever sends names of keys that are not there makes us ask no more than that.
    issuer.signs = key("three")
    for _ in range(5):
        assert await refused(asks.person("code", WAY, REDIRECT)) == "sign_in_refused"
    assert issuer.times("/keys") == 2


async def test_keys_of_a_kind_that_nobody_knows_here_hinder_none_of_the_others() -> None:
    strange = [{"kty": "AKP", "kid": "pq"}, {"kty": "EC", "crv": "P-999", "kid": "x"}, "no key"]
    issuer = Issuer()
    issuer.keys = [*strange, *issuer.keys]  # type: ignore[list-item]
    assert (await person(issuer))["sub"] == "7"
    issuer.keys = strange  # type: ignore[assignment]
    assert await refused(person(issuer)) == "sign_in_refused"


async def test_a_single_key_needs_no_name() -> None:
    issuer = Issuer(signs=RSAKey.generate_key(2048), alg="RS256")
    assert (await person(issuer))["sub"] == "7"


async def test_what_stands_at_userinfo_counts_where_it_tells_of_the_same_person() -> None:
    issuer = Issuer(claims={"name": "王警官"}, more={"sub": "7", "name": "other", "unit": "经侦"})
    said = await person(issuer)
    assert (said["name"], said["unit"]) == ("王警官", "经侦")
    assert issuer.asked[-1].headers["authorization"] == "Bearer opaque"
    issuer.more = {"sub": "8", "unit": "经侦"}
    assert await refused(person(issuer)) == "sign_in_refused"


@pytest.mark.parametrize(
    ("methods", "in_header"),
    [(None, True), (["private_key_jwt"], True), (["client_secret_post"], False)],
)
async def test_the_secret_goes_where_the_issuer_takes_it(
    methods: list[str] | None, in_header: bool, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n", "utf-8")
    published = {} if methods is None else {"token_endpoint_auth_methods_supported": methods}
    issuer = Issuer(published=published)
    await provider(issuer, secret).person("code", WAY, REDIRECT)
    asked = issuer.asked[1]
    assert asked.headers.get("authorization", "").startswith("Basic ") == in_header
    assert (b"client_secret=s3cret" in asked.content) != in_header


@pytest.mark.parametrize(
    "published",
    [
        {"issuer": "https://evil.example.org"},
        {"token_endpoint": None},
        {"jwks_uri": "http://id.example.org/keys"},
    ],
    ids=str,
)
async def test_an_issuer_that_describes_another_one_is_not_gone_on_with(
    published: dict[str, Any],
) -> None:
    assert await refused(person(Issuer(published=published))) == "issuer_unavailable"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/token", 400, "sign_in_refused"),
        ("/token", 503, "issuer_unavailable"),
        ("/keys", 404, "issuer_unavailable"),
        ("/.well-known/openid-configuration", 404, "issuer_unavailable"),
        ("/me", 401, "sign_in_refused"),
    ],
)
async def test_a_refused_code_is_the_person_s_matter_and_all_else_the_issuer_s(
    path: str, status: int, code: str
) -> None:
    issuer = Issuer(fails={path: status}, more={"sub": "7"})
    assert await refused(person(issuer)) == code


async def test_after_it_was_away_an_issuer_is_asked_again() -> None:
    issuer = Issuer(fails={"/.well-known/openid-configuration": 503})
    asks = provider(issuer)
    assert await refused(asks.way_in(WAY, REDIRECT)) == "issuer_unavailable"
    issuer.fails.clear()
    assert (await asks.person("code", WAY, REDIRECT))["sub"] == "7"


@pytest.mark.parametrize(
    ("supported", "named", "believed"),
    [(False, "", True), (True, URL, True), (True, "", False), (False, "https://evil.org", False)],
)
async def test_who_answers_is_who_was_asked(supported: bool, named: str, believed: bool) -> None:
    issuer = Issuer(published={"authorization_response_iss_parameter_supported": supported})
    asked = provider(issuer).require_its_answer(named)
    if believed:
        await asked
    else:
        assert await refused(asked) == "sign_in_refused"


async def test_sign_out_ends_at_the_issuer_where_it_has_a_place_for_that() -> None:
    assert await provider(Issuer()).way_out("https://bus.example.org/") == ""
    issuer = Issuer(published={"end_session_endpoint": f"{URL}/end?a=b"})
    address = urlsplit(await provider(issuer).way_out("https://bus.example.org/"))
    back = {"a": "b", "client_id": CLIENT, "post_logout_redirect_uri": "https://bus.example.org/"}
    assert dict(parse_qsl(address.query)) == back
