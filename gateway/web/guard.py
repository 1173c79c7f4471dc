"""The gateway's door: the limits of a connection, and the required framing of its requests.

uvicorn does not limit the number of connections, the time for a request to arrive, or the size of
its headers. Every wait here has a time limit. A request that two readers could read in two ways is
refused, and its connection ends. The parser (llhttp) is strict, and `_misframed` has our further
rules.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httptools
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway import problems

#: Seconds from the first byte of a connection, or of the next request, to the end of its headers.
HEAD_SECONDS = 10.0
#: Seconds from there to the end of the body: 4 MiB at 70 kB/s.
BODY_SECONDS = 60.0
#: Bytes of a request's first line and its headers together.
MOST_HEAD_BYTES = 64 << 10
_CLOSE = {"Connection": "close"}
_HTTP_1_1 = "1.1"
_LENGTHS = frozenset({b"content-length", b"transfer-encoding"})
_NO_BODY = (b"content-length", b"0")


def protocol(most: int, most_of_one: int, head_seconds: float = HEAD_SECONDS) -> type[Any]:
    """Uvicorn's protocol for so many connections, and so many of one address."""
    return type(
        "Guarded",
        (GuardedProtocol,),
        {"most": most, "most_of_one": most_of_one, "head_seconds": head_seconds},
    )


class MisframedError(Exception):
    """A request that two readers might read in different ways, or that is too long to be one."""


class GuardedProtocol(HttpToolsProtocol):
    """Closes a connection that is one too many, or whose request does not come or is misframed."""

    most: int
    most_of_one: int
    head_seconds: float
    _clock: asyncio.TimerHandle | None = None
    #: Bytes of the head of the present request so far.
    _head_bytes = 0
    #: True if its head has come, but not its end.
    _in_body = False
    url = b""
    #: Nothing more is read, because the earlier bytes were unreadable.
    _deaf = False
    #: The parser reports a head that was already read.
    _muted = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        of_one = Counter(_host(other) for other in self.connections)[_host(self)]
        if len(self.connections) > self.most or of_one > self.most_of_one:
            self._deaf = True
            transport.abort()
            return
        self._start()

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        # Nothing else sees the parser's part of a header that has not ended.
        self._head_bytes = 0 if self._in_body else self._head_bytes + len(data)
        self._unset_keepalive_if_required()
        self._feed(data)
        if not self._deaf and self._head_bytes > MOST_HEAD_BYTES:
            self.send_400_response("its head is too long")
        self._set_clock()

    def _feed(self, data: bytes) -> None:
        """As uvicorn does, but a request for another protocol is served in ours.

        The parser would take its body for that protocol; another parser reads on.
        """
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as asked:
                data = data[asked.args[0] :]
                self._read_on()
            except httptools.HttpParserError:
                self.send_400_response("it cannot be read as HTTP/1.1")
                return
            else:
                return

    def _read_on(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        framing = [one for one in self.headers if one[0] in _LENGTHS]
        if framing and framing[0] != _NO_BODY:
            self.cycle.more_body, self._muted = True, True
            self.parser.feed_data(b"POST / HTTP/1.1\r\n%b: %b\r\n\r\n" % framing[0])
            self._in_body, self._muted = True, False

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        if not self._muted:
            super().on_message_begin()
            self._in_body = False

    def on_url(self, url: bytes) -> None:
        if not self._muted:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._muted:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._muted:
            return
        self._head_bytes, self._in_body = 0, True
        if why := _misframed(self.url, self.headers, self.parser.get_http_version()):
            self._in_body = False
            raise MisframedError(why)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._head_bytes, self._in_body = 0, False

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._head_bytes:
            self._set_clock()

    def send_400_response(self, msg: str) -> None:
        """Refuse an unreadable request; if an answer is owed, the connection ends after it."""
        self._deaf = True
        self.logger.warning("request refused: %s", msg)
        if not self._owes_answer():
            self._refuse()
        elif not self._in_body:
            self.cycle.keep_alive = False
        elif self.pipeline or self.cycle.response_started:
            self.transport.abort()
        else:
            self._refuse()

    def _refuse(self) -> None:
        path = self.url.partition(b"?")[0].decode("ascii", "replace")
        said = problems.refusal(path if path.startswith("/") else "/", "malformed_request")
        named = b"".join(b"%b: %b\r\n" % one for one in said.raw_headers)
        head = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n"
        self.transport.write(head + named + b"\r\n" + bytes(said.body))
        self.transport.close()

    def _owes_answer(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _set_clock(self) -> None:
        if self._owes_answer():
            self._stop()
        elif self._clock is None:
            self._start()

    def _start(self) -> None:
        self._clock = self.loop.call_later(self.head_seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._clock is not None:
            self._clock.cancel()
            self._clock = None


def _misframed(url: bytes, headers: list[tuple[bytes, bytes]], version: str) -> str:
    """The reason to refuse a request that llhttp would take; empty if there is none."""
    names = [name for name, _ in headers]
    if sum(name in _LENGTHS for name in names) > 1:
        return "one length a request"
    coding = next((text for name, text in headers if name == b"transfer-encoding"), None)
    if coding is not None and (coding.lower() != b"chunked" or version != _HTTP_1_1):
        return "a coding that is not taken"
    if names.count(b"host") != 1 and (version == _HTTP_1_1 or b"host" in names):
        return "one host a request"
    size = len(url) + sum(len(name) + len(text) for name, text in headers)
    return "its head is too long" if size > MOST_HEAD_BYTES else ""


def _host(one: Any) -> str:
    return one.client[0] if one.client else ""


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
