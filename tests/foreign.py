"""What other people's clients may send."""

from __future__ import annotations

from typing import Any


class Name(str):  # noqa: SLOT000 - it has an attribute of its own
    """A header name that pure Python clients write as these very bytes, UTF-8 or not."""

    raw: bytes

    @classmethod
    def of(cls, raw: bytes) -> Name:
        name = cls("name")
        name.raw = raw
        return name

    def encode(self, *_: Any, **__: Any) -> bytes:
        return self.raw
