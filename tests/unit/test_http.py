"""casebus/sdk/http.py: proxies are for others, and what cannot be used is named."""

from __future__ import annotations

import pytest

from casebus.errors import CasebusError
from casebus.sdk.http import client, is_loopback

ELSEWHERE, HERE = "https://gateway.invalid", "http://127.0.0.1:18080"


@pytest.mark.parametrize(
    "url", [HERE, "http://localhost:1", "https://[::1]:8443", "http://127.8.9.1"]
)
def test_this_machine_is_a_loopback_address(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize("url", [ELSEWHERE, "http://10.0.0.1", "http://localhost.invalid", ""])
def test_another_machine_is_none(url: str) -> None:
    assert not is_loopback(url)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://proxy.invalid:1080"),
        ("https_proxy", "gopher://proxy.invalid"),
        ("SSL_CERT_FILE", "/nowhere/authorities.pem"),
        ("SSL_CERT_DIR", "/nowhere/authorities"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_and_is_none_of_this_machine_s(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CasebusError) as refused:
        client(ELSEWHERE)
    assert refused.value.code == "bad_environment"
    assert name in str(refused.value)
    client(HERE).close()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
@pytest.mark.parametrize("value", ["[::1]", "[::1]:8080,10.0.0.0/8", "*", "a b", "127.0.0.1,,"])
def test_whatever_needs_no_proxy_the_gateway_s_client_is_made_or_the_variable_named(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    client(HERE).close()
    refused = refusal(ELSEWHERE)
    assert refused is None or name in refused.detail


def refusal(url: str) -> CasebusError | None:
    try:
        client(url).close()
    except CasebusError as error:
        return error
    return None


def test_the_password_of_a_proxy_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    whom = "me:geheim"
    monkeypatch.setenv("ALL_PROXY", f"gopher://{whom}@proxy.invalid:1080")
    with pytest.raises(CasebusError, match=r"ALL_PROXY=gopher://…@proxy\.invalid:1080") as refused:
        client(ELSEWHERE)
    assert "geheim" not in str(refused.value)
