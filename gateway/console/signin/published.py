"""An issuer's publication: its addresses and keys (OpenID Connect Discovery 1.0 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet
from pydantic import BaseModel, ConfigDict, ValidationError

from casebus.errors import CasebusError

_BASIC, _POST = "client_secret_basic", "client_secret_post"


class Discovery(BaseModel):
    """The part of the document that is used here."""

    model_config = ConfigDict(frozen=True)

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    #: The address that ends a browser's session with the issuer.
    end_session_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = (_BASIC,)
    authorization_response_iss_parameter_supported: bool = False

    @property
    def takes_basic(self) -> bool:
        """True if a client's secret goes in the header, which is the default."""
        methods = self.token_endpoint_auth_methods_supported
        return _BASIC in methods or _POST not in methods


def discovery(issuer: str, read: Mapping[str, Any]) -> Discovery:
    """Raises CasebusError `issuer_unavailable`."""
    try:
        known = Discovery.model_validate(read)
    except ValidationError as error:
        fields = ", ".join(sorted({str(one["loc"][0]) for one in error.errors()}))
        raise CasebusError("issuer_unavailable", f"its description lacks {fields}") from error
    if known.issuer != issuer:
        raise CasebusError("issuer_unavailable", "it names itself otherwise than we do")
    asked = (known.authorization_endpoint, known.token_endpoint, known.jwks_uri)
    for one in filter(None, (*asked, known.userinfo_endpoint, known.end_session_endpoint)):
        # A request over TLS is never continued in plain text.
        if urlsplit(one).scheme not in {"https", urlsplit(issuer).scheme}:
            raise CasebusError("issuer_unavailable", "its description leads to plain text")
    return known


def key_set(read: Mapping[str, Any]) -> KeySet:
    """The keys that we know how to use."""
    rows = read.get("keys")
    found = [_key(one) for one in rows if isinstance(one, dict)] if isinstance(rows, list) else []
    return KeySet([one for one in found if one is not None])


def _key(row: dict[str, Any]) -> Key | None:
    try:
        return JWKRegistry.import_key(row)
    except (JoseError, ValueError, TypeError):
        return None
