"""Stream ids that an import mints: the id itself proves who gave the number.

Design rule 20, what imports mint.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from itertools import islice
from typing import Any

from casebus.events.numbers import canonical_number
from casebus.events.remembering import remembered

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://casebus.example/import")
#: The place of a UUID's version, and the version of an id that was made from words.
_VERSION_AT, _FROM_WORDS = 14, "5"
#: The most numbers of one event that are tried: an import writes its own first, and trying costs
#: time.
_MOST = 16


@remembered(1 << 14)
def stream_id(source: str, kind: str, number: str) -> str:
    """The stream of the case to which `source` gave this number."""
    return str(uuid.uuid5(NAMESPACE, words(["stream", source, kind, canonical_number(number)])))


def is_minted(stream: str) -> bool:
    """True if the id may have been made from a number, so that it can be known before its use."""
    return stream[_VERSION_AT : _VERSION_AT + 1] == _FROM_WORDS


def mints(source: str, numbers: Iterable[tuple[str, str]], stream: str) -> bool:
    """The numbers of `source` from which this id is made; (kind, as written) for each."""
    return is_minted(stream) and any(
        stream_id(source, kind, number) == stream for kind, number in islice(numbers, _MOST)
    )


def words(value: Any) -> str:
    """The text from which an id is made."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
