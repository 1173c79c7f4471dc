"""The bundle's files as lines of canonical JSON, one line a record, proof, entry or schema."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from casebus.errors import UnfitError
from casebus.events.envelope import Header
from casebus.events.schemas import Schema
from casebus.trust.leaf import is_covered, is_logged
from casebus.words import in_words

RECORDS = "records.jsonl"
RELAYS = "relays.jsonl"
HAND_OVERS = "handovers.jsonl"
PROOFS = "proofs.jsonl"
DIRECTORY = "directory.jsonl"
SCHEMAS = "schemas.jsonl"
STATE = "state.json"
LAW = "law/"
HEADS = "heads/"
MANIFEST = "manifest.json"


class LineError(UnfitError):
    """A line that is not of its form."""


class Place(NamedTuple):
    """A recorded position: a rank in one partition's log, in one epoch of the journal."""

    epoch: int
    partition: int
    log_index: int

    def __str__(self) -> str:
        return f"{self.epoch}/{self.partition}/{self.log_index}"

    def to_json(self) -> dict[str, int]:
        return {"epoch": self.epoch, "partition": self.partition, "index": self.log_index}

    @classmethod
    def taken(cls, row: dict[str, Any]) -> Self:
        """The place that a line names, taken out of it; raises LineError and KeyError."""
        found = (row.pop("epoch"), row.pop("partition"), row.pop("index"))
        if not all(type(one) is int and 0 <= one < 1 << 63 for one in found):
            raise LineError("no place")
        return cls(*found)


def canonical(value: Any) -> bytes:
    """The one JSON text of a value: sorted names, no spaces, UTF-8 as it is."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def written(rows: Iterable[Any]) -> bytes:
    return b"".join(canonical(row) + b"\n" for row in rows)


def read(line: bytes) -> dict[str, Any]:
    """An object in its one text; raises LineError."""
    try:
        found = json.loads(line)
        same = isinstance(found, dict) and canonical(found) == line
    except (ValueError, RecursionError) as error:
        raise LineError("no JSON") from error
    if not same:
        raise LineError("no JSON object in its canonical text")
    return dict(found)


@dataclass(frozen=True, slots=True)
class JournalLine:
    """A journal record: whole, or with the leaf in place of a body that the reader may not see."""

    place: Place
    headers: tuple[Header, ...]
    value: bytes | None
    #: Given where there is no value, else computed.
    leaf: bytes | None = None

    def to_json(self) -> dict[str, Any]:
        whole = self.value is not None
        row = {**self.place.to_json(), "headers": _texts(self.headers, whole=whole)}
        if self.value is not None:
            return row | {"value": base64.b64encode(self.value).decode()}
        return row | {"leaf": (self.leaf or b"").hex()}

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Raises LineError."""
        row = read(line)
        try:
            place, headers = Place.taken(row), _headers(row.pop("headers"))
            [(name, text)] = row.items()
        except (KeyError, ValueError) as error:
            raise LineError(f"not the fields of a record: {in_words(error)}") from error
        if name == "value":
            return cls(place, headers, unbase64(text))
        if name != "leaf":
            raise LineError("neither value nor leaf")
        return cls(place, headers, None, digest_of(text))


def _texts(headers: Iterable[Header], *, whole: bool) -> list[list[str]]:
    return sorted([name, raw.decode()] for name, raw in headers if _is_kept(name, whole=whole))


def _headers(texts: Any) -> tuple[Header, ...]:
    pairs = isinstance(texts, list) and all(_is_pair(one) for one in texts)
    if not pairs or texts != sorted(texts):
        raise LineError("headers are no sorted pairs of texts")
    try:
        return tuple((name, text.encode()) for name, text in texts)
    except UnicodeEncodeError as error:
        raise LineError("a header is no text") from error


def _is_pair(one: Any) -> bool:
    match one:
        case [str(), str()]:
            return isinstance(one, list)
    return False


def _is_kept(name: str, *, whole: bool) -> bool:
    """Nobody can vouch for anything that no leaf covers, so it is not evidence."""
    return is_logged(name) or (is_covered(name) if whole else name in _OF_THE_SIGNER)


#: A record without its value still shows this signed header.
_OF_THE_SIGNER = frozenset({"ce_keyid"})


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the directory: the record at `offset` of its topic."""

    offset: int
    headers: tuple[Header, ...]
    value: bytes

    def to_json(self) -> dict[str, Any]:
        value = base64.b64encode(self.value).decode()
        headers = _texts(self.headers, whole=True)
        return {"offset": self.offset, "headers": headers, "value": value}

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Raises LineError."""
        row = read(line)
        try:
            offset, value = row.pop("offset"), unbase64(row.pop("value"))
            headers = _headers(row.pop("headers"))
        except (KeyError, ValueError) as error:
            raise LineError(f"not the fields of an entry: {in_words(error)}") from error
        if row or type(offset) is not int or offset < 0:
            raise LineError("not the fields of an entry")
        return cls(offset, headers, value)


def schema_json(schema: Schema) -> dict[str, Any]:
    return {
        "id": schema.id,
        "subject": schema.subject,
        "version": schema.version,
        "digest": schema.digest.hex(),
        "text": schema.text,
    }


def schema_of(line: bytes) -> Schema:
    """A schema whose text has its digest; raises LineError."""
    row = read(line)
    try:
        named, text = row.pop("digest"), row["text"]
        if not isinstance(text, str) or hashlib.sha256(text.encode()).hexdigest() != named:
            raise LineError("the text is not that of its digest")
        return Schema(**row)
    except (KeyError, TypeError, UnicodeEncodeError) as error:
        raise LineError("not the fields of a schema") from error


def unbase64(text: str) -> bytes:
    """Raises LineError for any other text than the canonical one."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError) as error:
        raise LineError("no base64") from error
    if base64.b64encode(raw).decode() != text:
        raise LineError("no canonical base64")
    return raw


def digest_of(text: Any) -> bytes:
    """A SHA-256 from its lower-case hex; raises LineError."""
    try:
        raw = bytes.fromhex(text)
    except (ValueError, TypeError) as error:
        raise LineError("no digest") from error
    if len(raw) != hashlib.sha256().digest_size or raw.hex() != text:
        raise LineError("no digest")
    return raw
