"""The console put into the gateway's application: its pages, what they need, and their headers."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.console import live
from gateway.console.assets import Assets
from gateway.console.changes import Changes
from gateway.console.headers import ConsoleHeaders, is_ours
from gateway.console.naming import PageNames
from gateway.console.pages import (
    case,
    figures,
    front,
    item,
    ops,
    ops_grants,
    ops_rejects,
    oversight,
    printing,
    report,
    search,
    search_views,
    style,
    todo,
)
from gateway.console.rendering import environment
from gateway.console.rooms import rooms_of
from gateway.console.signin import development, routes
from gateway.console.signin.signing import Signing
from gateway.console.standing import ClockStanding
from gateway.runtime.context import Gateway

_PAGES = (
    front,
    todo,
    item,
    case,
    printing,
    report,
    search,
    search_views,
    oversight,
    figures,
    ops,
    ops_grants,
    ops_rejects,
    style,
    live,
    routes,
)


def install(app: FastAPI, gateway: Gateway) -> None:
    settings = gateway.settings
    app.state.assets = Assets(settings.console_assets)
    standing = app.state.standing = ClockStanding(gateway)
    app.state.changes = Changes(gateway.database, standing)
    app.state.names = PageNames.load(settings.policies_dir, gateway.schemas)
    environment().globals["rooms_of"] = rooms_of
    for one in _PAGES:
        app.include_router(one.router)
    signing = app.state.signing = Signing(settings)
    if signing.own_issuer is not None:
        app.include_router(development.router)
    app.add_middleware(Compressed)
    app.add_middleware(ConsoleHeaders, forms_to=signing.forms_to)


class Compressed:
    """Compresses the console's pages by gzip; the API's answers stay as they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._zipping = app, GZipMiddleware(app, minimum_size=1000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ours = scope["type"] == "http" and is_ours(scope["path"])
        await (self._zipping if ours else self._app)(scope, receive, send)
