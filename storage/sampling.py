"""Selects streams to look at: all, or a share that nobody can know beforehand."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from uuid import UUID

_BYTES = 4
_WHOLE = 1 << (8 * _BYTES)


@dataclass(frozen=True, slots=True)
class Sample:
    """A share of all streams, from 0 to 1. The salt, drawn for each sample, selects it."""

    share: float = 1.0
    salt: str = ""

    @classmethod
    def drawn(cls, share: float) -> Sample:
        return cls(share, secrets.token_hex(8))

    def __contains__(self, stream: UUID) -> bool:
        digest = hashlib.sha256(f"{self.salt}{stream}".encode()).digest()
        return int.from_bytes(digest[:_BYTES], "big") < self._limit

    @property
    def is_whole(self) -> bool:
        return self.share >= 1

    @property
    def sql(self) -> str:
        """The same condition for a row with a column `stream`."""
        digest = f"sha256(convert_to('{self.salt}' || stream::text, 'UTF8'))"
        number = f"('x' || encode(substr({digest}, 1, {_BYTES}), 'hex'))::bit(32)::bigint"
        return f"{number} < {self._limit}"

    @property
    def _limit(self) -> int:
        return round(self.share * _WHOLE)


ALL = Sample()
