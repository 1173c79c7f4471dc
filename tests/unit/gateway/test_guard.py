"""What a connection may take: real sockets on a server of the test's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from casebus.polling import until
from gateway.api import registry
from gateway.probes import SideServer
from gateway.web.guard import MOST_HEAD_BYTES, BodyInTime, protocol

HEAD = b"POST /v1/events HTTP/1.1\r\nHost: x\r\n"
SECONDS = 0.2
PATIENCE = 10


async def _echo(scope: Any, receive: Any, send: Any) -> None:
    body = await Request(scope, receive).body()
    await PlainTextResponse(body)(scope, receive, send)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    app = BodyInTime(_echo, SECONDS)
    guarded = protocol(most=3, most_of_one=2, head_seconds=SECONDS)
    server = SideServer(uvicorn.Config(app, port=0, http=guarded, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started, 0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


async def answered(port: int, *pieces: bytes) -> bytes:
    """What comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def code_of(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["code"]


async def test_a_request_that_comes_is_answered(port: int) -> None:
    whole = HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi"
    assert (await answered(port, whole)).endswith(b"\r\n\r\nhi")


@pytest.mark.parametrize("lengths", [("Content-Length: 3", "Transfer-Encoding: chunked")])
@pytest.mark.parametrize("turned", [False, True])
async def test_a_request_with_two_lengths_is_refused_and_the_connection_ends(
    port: int, lengths: tuple[str, str], *, turned: bool
) -> None:
    lines = "\r\n".join(reversed(lengths) if turned else lengths).encode()
    hidden = b"0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await answered(port, HEAD + lines + b"\r\n\r\n" + hidden)
    assert code_of(answer) == (400, "malformed_request")
    assert answer.count(b"HTTP/1.1") == 1


#: What two readers could read in two ways, and what no reader should.
MISFRAMED = [
    b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
    b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
    b"Content-Length: 2, 2\r\n\r\nhi",
    b"Content-Length: +2\r\n\r\nhi",
    b"Content-Length: 0x2\r\n\r\nhi",
    b"Content-Length: -2\r\n\r\nhi",
    b"Content-Length : 2\r\n\r\nhi",
    b"Content-Length:\r\n 2\r\n\r\nhi",
    b"X-A: b\r\n folded\r\nContent-Length: 2\r\n\r\nhi",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n0x2\r\nhi\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n2\nhi\n0\n\n",
    b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\n\r\n2;a=\nb\r\nhi\r\n0\r\n\r\n",
    b"Content-Length: 2\n\nhi",
    b"X-A: b\rContent-Length: 2\r\n\r\nhi",
    b"X-A: \x00\r\nContent-Length: 2\r\n\r\nhi",
    b"Host: y\r\nContent-Length: 2\r\n\r\nhi",
]
HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_a_request_that_can_be_read_in_two_ways_is_refused_and_hides_none(port: int) -> None:
    for framed in MISFRAMED:
        answer = await answered(port, HEAD + framed + HIDDEN)
        assert answer.startswith(b"HTTP/1.1 400"), framed
        assert code_of(answer) == (400, "malformed_request"), framed
        assert answer.count(b"HTTP/1.1") == 1, framed


NO_REQUESTS = [
    b"POST /v1/events HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi",
    b"POST /v1/events HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"NONSENSE\r\n\r\n",
]
TOO_LONG = [
    HEAD + b"X-A: " + b"a" * MOST_HEAD_BYTES + b"\r\n\r\n",
    HEAD + b"X-A: " + b"a" * 2 * MOST_HEAD_BYTES,
    HEAD + b"X-A: aaaaaaaaaa\r\n" * (MOST_HEAD_BYTES // 13) + b"\r\n",
]


async def test_what_is_no_request_is_refused(port: int) -> None:
    for sent in NO_REQUESTS:
        answer = await answered(port, sent)
        assert answer.startswith(b"HTTP/1.1 400"), sent[:80]
        assert code_of(answer) == (400, "malformed_request"), sent[:80]


async def test_a_refusal_has_the_form_that_its_path_speaks(port: int) -> None:
    two = b" HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"
    answer = await answered(port, b"POST " + registry.router.prefix.encode() + b"/subjects" + two)
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error_code"] == 400


async def test_a_head_that_is_too_long_is_refused_and_its_connection_ends(port: int) -> None:
    for sent in TOO_LONG:
        # Its rest was never read: the end of the connection may overtake the refusal.
        answer = await answered(port, sent)
        assert not answer or code_of(answer) == (400, "malformed_request")


async def test_a_request_behind_one_that_is_being_answered_is_refused_by_the_end_alone(
    port: int,
) -> None:
    first = HEAD + b"Content-Length: 2\r\n\r\nhi"
    answer = await answered(port, first + HEAD + b"Content-Length: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1") == 1


async def test_requests_in_a_row_are_answered_in_a_row(port: int) -> None:
    one = HEAD + b"Content-Length: 1\r\n\r\n"
    last = HEAD + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nc\r\n0\r\n\r\n"
    answer = await answered(port, one + b"a" + one + b"b" + last)
    assert [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 ")[1:]] == [
        b"a",
        b"b",
        b"c",
    ]


async def test_who_asks_for_another_protocol_is_served_in_ours(port: int) -> None:
    asks = HEAD + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    whole = asks + b"Content-Length: 2\r\n\r\nhi"
    chunked = asks + b"Transfer-Encoding: chunked\r\n\r\n2\r\nho\r\n0\r\n\r\n"
    none = asks + b"\r\n"
    last = HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nha"
    answer = await answered(port, whole + chunked + none + last)
    said = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 ")[1:]]
    assert said == [b"hi", b"ho", b"", b"ha"]


async def test_nothing_is_read_behind_a_request_that_ends_its_connection(port: int) -> None:
    last = HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi"
    assert (await answered(port, last + HIDDEN)).count(b"HTTP/1.1") == 1


@pytest.mark.slow
@pytest.mark.parametrize("sent", [b"", b"POST /v1/ev", HEAD, HEAD + b"X-A: b\r\n"])
async def test_headers_that_do_not_come_cost_the_connection(port: int, sent: bytes) -> None:
    assert await answered(port, sent) == b""


async def test_drops_of_headers_win_no_time(port: int) -> None:
    with pytest.raises(ConnectionError):
        await drip(port)


async def drip(port: int) -> None:
    """Send a header now and then, for much longer than a request may take."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD)
    for _ in range(200):
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(SECONDS / 10)


@pytest.mark.slow
async def test_a_second_request_of_a_connection_has_its_own_clock(port: int) -> None:
    first = HEAD + b"Content-Length: 2\r\n\r\nhi"
    answer = await answered(port, first, HEAD)
    assert answer.count(b"HTTP/1.1 200") == 1


async def test_a_body_that_does_not_come_is_told_so_and_ends_the_connection(port: int) -> None:
    answer = await answered(port, HEAD + b"Content-Length: 9\r\n\r\nhi")
    assert code_of(answer) == (408, "request_timeout")


async def test_one_address_holds_no_more_connections_than_its_share(port: int) -> None:
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    await asyncio.sleep(0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), SECONDS / 2)
    for _, one in held:
        one.close()
    writer.close()
