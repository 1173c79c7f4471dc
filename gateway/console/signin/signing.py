"""The parts of sign-in, opened once with the application, and the way to the sign-in page."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlencode, urlsplit

import httpx
from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from casebus.errors import CasebusError
from casebus.now import Now, system_now
from casebus.settings import Settings
from gateway.console.signin.claims import Claims
from gateway.console.signin.issuing import Issuer
from gateway.console.signin.provider import OidcClient, Provider
from storage.sessions import SessionLimits

#: All paths of the console are under this one.
ROOT = "/console/"
SIGN_IN = f"{ROOT}sign-in"
_STREAM = "text/event-stream"
#: Used in place of an issuer's address: our own issuer, for a laptop.
DEVELOPMENT = "development"
_PATIENCE_SECONDS = 5.0


class SignInNeeded(Exception):  # noqa: N818 - no fault: somebody is to sign in
    """There is no session, or its time is over."""


class Signing:
    """The sign-in of people by the settings."""

    #: Sessions and tokens live in real time, whatever moment a scenario plays.
    now: Now = staticmethod(system_now)

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.claims = Claims.load(settings.policies_dir)
        self.limits = SessionLimits(
            idle=timedelta(minutes=settings.console_idle_minutes),
            longest=timedelta(hours=settings.console_longest_hours),
        )
        #: The console's own origin, as browsers of its people name it.
        address = urlsplit(settings.console_url or settings.gateway_url)
        self.origin = f"{address.scheme}://{address.netloc}"
        self.is_https = address.scheme == "https"
        # Cookies do not tell ports apart, so two stacks on one machine must.
        plain = f"casebus-{address.port or 80}"
        self.cookie = "__Host-casebus" if self.is_https else plain
        self.opened_cookie = f"{self.cookie}-opened"
        self.redirect = f"{self.origin}{ROOT}signed-in"
        self.own_issuer = (
            Issuer(self.origin, settings.console_client_id, settings.console_key)
            if settings.console_issuer == DEVELOPMENT
            else None
        )
        self.issuer = self.own_issuer.url if self.own_issuer else settings.console_issuer
        self._provider: Provider | None = None

    def way_cookie(self, state: str) -> str:
        """One for each sign-in under way: tabs of a browser do not disturb each other."""
        told = "".join(one for one in state[:8] if one.isascii() and one.isalnum())
        return f"{self.cookie}-way-{told}"

    @property
    def forms_to(self) -> tuple[str, ...]:
        """Another address to which a form may lead, because sign-out ends at the issuer."""
        address = urlsplit(self.issuer)
        there = f"{address.scheme}://{address.netloc}"
        return (there,) if self.issuer and there != self.origin else ()

    def provider(self) -> Provider:
        """Raises CasebusError `no_issuer` if the settings name none."""
        if not self.issuer:
            raise CasebusError("no_issuer", "set CASEBUS_CONSOLE_ISSUER")
        if self._provider is None:
            given = self.settings
            http = httpx.AsyncClient(verify=given.tls_context(), timeout=_PATIENCE_SECONDS)
            asked = (self.issuer, given.console_client_id, given.console_scope)
            client = OidcClient(*asked, given.console_client_secret_file)
            self._provider = Provider(client, http, self._at_once)
        return self._provider

    def _at_once(self) -> datetime:
        """By the clock at the time of the call, because a test sets another one."""
        return self.now()


def of_request(request: Request) -> Signing:
    signing: Signing = request.app.state.signing
    return signing


def is_stream(request: Request) -> bool:
    return _STREAM in request.headers.get("accept", "")


def local(path: str) -> str:
    """The path if it is one of the console's own; the first page if it leads elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    parts = path.partition("?")[0].split("/")
    is_ours = path.startswith(ROOT) and not {".", ".."} & set(parts)
    return path if plain and is_ours else ROOT


def answer(request: Request, _: Exception) -> Response:
    """A handler for `SignInNeeded`: it sends a visitor without a session to sign in.

    A page is sent to sign in and comes back; htmx is told to leave the page for that; a stream
    ends, and is not asked for again.
    """
    if is_stream(request):
        return Response(status_code=204)
    if "hx-request" in request.headers:
        url = urlsplit(request.headers.get("hx-current-url", ""))
        back = _sign_in(url._replace(scheme="", netloc="", fragment="").geturl())
        return Response(status_code=204, headers={"HX-Redirect": back})
    url = urlsplit(str(request.url)) if request.method == "GET" else urlsplit(ROOT)
    back = _sign_in(url._replace(scheme="", netloc="").geturl())
    return RedirectResponse(back, status_code=303)


def _sign_in(back: str) -> str:
    return f"{SIGN_IN}?{urlencode({'next': local(back)})}"
