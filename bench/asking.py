"""A client that costs little: requests made beforehand, on connections that stay open."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

_CLOUDEVENT = "application/cloudevents+json"


def get(path: str, key: str = "") -> bytes:
    return _head("GET", path, key) + b"\r\n"


def post(path: str, key: str, event: dict[str, Any]) -> bytes:
    body = json.dumps(event, ensure_ascii=False).encode()
    named = f"Content-Type: {_CLOUDEVENT}\r\nContent-Length: {len(body)}\r\n\r\n"
    return _head("POST", path, key) + named.encode() + body


def _head(method: str, path: str, key: str) -> bytes:
    known = f"Authorization: Bearer {key}\r\n" if key else ""
    return f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{known}".encode()


def transfer(source: str, to: str, stream: str | None = None) -> dict[str, Any]:
    """A regulator refers a case: a new one unless a stream is given."""
    number = f"杭滨市监移〔2026〕{uuid4().int % 10**9}号"
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": "casebus.referral.sent.v1",
        "source": source,
        "to": to,
        "subject": stream or str(uuid4()),
        "legaltime": "2026-03-02",
        "data": {
            "title": "涉嫌销售假冒注册商标的商品",
            "numbers": [{"kind": "letter_no", "value": number}],
        },
    }


class Connection:
    def __init__(self, url: str) -> None:
        self._place = urlsplit(url)

    async def open(self) -> Connection:
        host, port = self._place.hostname, self._place.port
        self._reader, self._writer = await asyncio.open_connection(host, port)
        return self

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status, length = answered(head)
        return status, await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()


def answered(head: bytes) -> tuple[int, int]:
    """Status and length of an answer with this head."""
    lines = head.lower().split(b"\r\n")
    lengths = (line.partition(b":")[2] for line in lines if line.startswith(b"content-length:"))
    return int(head.split(b" ", 2)[1]), int(next(lengths, b"0"))


async def asked(
    url: str, requests: int, connections: int, make: Callable[[int], bytes]
) -> list[float]:
    """Seconds that each of so many requests took; raises if one is not taken."""
    left, took = iter(range(requests)), list[float]()

    async def one() -> None:
        connection = await Connection(url).open()
        for number in left:
            began = time.perf_counter()
            status, body = await connection.ask(make(number))
            took.append(time.perf_counter() - began)
            if status >= 400:
                raise RuntimeError(f"{status}: {body[:200]!r}")
        connection.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    return took
