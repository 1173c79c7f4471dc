"""HTTP with the settings of an office's shell: proxies for other hosts, none for this machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from casebus.errors import CasebusError

_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
#: The places where OpenSSL looks for authorities. It treats a missing one as none.
_SIGN_IN = re.compile(r"(^|//)[^/]*@")
_AUTHORITIES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def client(url: str, **options: Any) -> httpx.Client:
    """A client for this address.

    Raises CasebusError `bad_environment`, which names the variable, if a proxy cannot be used or
    the authorities that the shell names do not exist.
    """
    if is_loopback(url):
        return httpx.Client(trust_env=False, **options)
    if url.startswith("https:"):
        _require_authorities(os.environ)
    try:
        return httpx.Client(**options)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        says = f"{_proxies(os.environ)}: no proxy that can be used"
        raise CasebusError("bad_environment", says) from error


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _require_authorities(environment: Mapping[str, str]) -> None:
    for name in _AUTHORITIES:
        place = environment.get(name)
        if place and not Path(place).exists():
            raise CasebusError("bad_environment", f"{name} names {place}, which is not there")


def _proxies(environment: Mapping[str, str]) -> str:
    """The proxies that are set, by variables in any case, as a person would look for them."""
    named = [name for name in environment if name.upper() in _PROXIES]
    return ", ".join(f"{name}={_shown(environment[name])}" for name in sorted(named)) or "proxies"


def _shown(proxy: str) -> str:
    """The address without the name and the password in it."""
    return _SIGN_IN.sub(r"\1…@", proxy)
