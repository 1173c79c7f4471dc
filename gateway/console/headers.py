"""The browser's rights on a page: load from here, run nothing that is written into it."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SOURCES = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


def policy(forms_to: Iterable[str] = (), **others: str) -> str:
    """A Content-Security-Policy; forms may be sent here and to these origins."""
    sources = _SOURCES | {name.replace("_", "-"): value for name, value in others.items()}
    sources["form-action"] = " ".join(("'self'", *forms_to))
    return "; ".join(f"{name} {value}" for name, value in sources.items())


class ConsoleHeaders:
    """Puts them on every answer under the console's paths, including refusals."""

    def __init__(self, app: ASGIApp, forms_to: Iterable[str] = ()) -> None:
        self._app, self._policy = app, policy(forms_to)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_ours(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", self._policy)
                headers.setdefault("Cache-Control", "no-store")
                headers.update(_FIXED)
            await send(message)

        await self._app(scope, receive, guarded)


def is_ours(path: str) -> bool:
    return path == "/" or path.startswith("/console")
