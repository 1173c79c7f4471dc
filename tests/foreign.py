"""Records and requests that other people's clients may send."""

from __future__ import annotations

from typing import Any


class Name(str):
    """A header name that pure Python clients write as these very bytes, UTF-8 or not."""

    __slots__ = ("raw",)
    raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> Name:
        name = cls("name")
        name.raw = raw
        return name

    def encode(self, *_: Any, **__: Any) -> bytes:
        return self.raw
