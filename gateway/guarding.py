"""The gateway's door: what a connection may take, and how its requests must be framed.

uvicorn bounds neither the connections nor the time in which a request must have come; h11 takes
a request with two lengths. Whoever waits, waits with a clock here.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway import problems

#: From a connection's first byte, or the next request's, to the end of the request's headers.
HEAD_SECONDS = 10.0
#: From there to the end of its body: 4 MiB at 70 kB/s.
BODY_SECONDS = 60.0
_CLOSE = {"Connection": "close"}


def protocol(most: int, most_of_one: int, head_seconds: float = HEAD_SECONDS) -> type[H11Protocol]:
    """Uvicorn's protocol for so many connections, and so many of one address."""
    return type(
        "Guarded",
        (GuardedProtocol,),
        {"most": most, "most_of_one": most_of_one, "head_seconds": head_seconds},
    )


class GuardedProtocol(H11Protocol):
    """Closes a connection that is one too many, or whose request does not come."""

    most: int
    most_of_one: int
    head_seconds: float
    _clock: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        of_one = Counter(_host(other) for other in self.connections)[_host(self)]
        if len(self.connections) > self.most or of_one > self.most_of_one:
            transport.abort()
            return
        self._start()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._clock is None:
            self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        self._clock = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def _host(one: Any) -> str:
    return one.client[0] if one.client else ""


class OneLength:
    """Refuses a request with two lengths: whoever stands before us may have read the other one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            names = [name for name, _ in scope["headers"]]
            lengths = names.count(b"content-length") + names.count(b"transfer-encoding")
            if lengths > 1:
                said = refusal(scope, "malformed_request", "one length a request")
                await said(scope, receive, send)
                return
        await self._app(scope, receive, send)


class BodyInTime:
    """Answers 408 for a body that does not come, and closes."""

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send, self._seconds)
        await self._app(scope, body.receive, body.send)


class _Body:
    """One request's body, with its deadline."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, seconds: float) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._deadline: float | None = asyncio.get_running_loop().time() + seconds
        self._late = False

    async def receive(self) -> Message:
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self._late, self._deadline = True, None
            said = refusal(self._scope, "request_timeout")
            await said(self._scope, self._receive, self._send)
            return {"type": "http.disconnect"}
        if not message.get("more_body", False):
            self._deadline = None
        return message

    async def send(self, message: Message) -> None:
        if not self._late:
            await self._send(message)


def refusal(scope: Scope, code: str, detail: str = "") -> Response:
    """A refusal that ends the connection."""
    said = problems.refusal(scope["path"], code, detail)
    said.headers.update(_CLOSE)
    return said
