"""The envelope: CloudEvents 1.0 in the binary mode of its Kafka protocol binding.

An attribute `x` travels as the header `ce_x`; `datacontenttype` travels as `content-type`.
Extension names are `[a-z0-9]` only, as CloudEvents asks.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from casebus.errors import CasebusError
from casebus.events.legaltime import LegalTime
from casebus.events.stamps import is_stamp
from casebus.rejections import Reason
from casebus.words import in_words

Header = tuple[str, bytes]

#: The name of the one header of a record whose batch could not be unpacked: no UTF-8 either.
UNREADABLE = "\udc00unreadable"

CONTENT_TYPE = "application/avro"
SPECVERSION = "1.0"
#: Headers that the author does not sign: they carry the signature itself.
UNSIGNED_HEADERS = frozenset({"ce_signature", "ce_sigproof"})

_TYPE = re.compile(r"casebus\.[a-z0-9_]+\.[a-z0-9_]+\.v[1-9][0-9]*")
_ATTRIBUTE = re.compile(r"ce_[a-z0-9]+")
#: Names, and beginnings of names, that somebody here reads; `-` and `_` are one in them.
_READ = frozenset({"content_type", "traceparent", "tracestate"})
_READ_BEGINNINGS = ("ce_", "cb_")
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]*(/[A-Za-z0-9._~-]+)*")
_REQUIRED = ("specversion", "id", "type", "source", "subject", "time", "dataschema")
#: Bytes of UTF-8; `ce_to` and `ce_sigproof` may be longer.
LONGEST_ATTRIBUTE = 1024
_LONGEST_SEQUENCE = 2**63


def is_attribute(text: str) -> bool:
    """True if an attribute could have this value: an id, a source, a correlation."""
    return text.isprintable() and len(text.encode()) <= LONGEST_ATTRIBUTE


def agency_of(source: str) -> str:
    """The agency that a `ce_source` names: the part before the system's suffix."""
    return source.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record as bytes: what is signed, journaled and proved."""

    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The context attributes of one event; `subject` is the stream id, `time` is aware."""

    id: str
    type: str
    source: str
    subject: str
    time: datetime
    dataschema: str
    #: Agencies that the author addresses.
    to: tuple[str, ...] = ()
    #: Per (source, stream), from 1; None for a producer without a store (design rule 3, sequence
    #: numbers).
    sequence: int | None = None
    correlationid: str | None = None
    #: Ids of events of the same stream that caused this one.
    causationid: tuple[str, ...] = ()
    legaltime: LegalTime | None = None
    keyid: str | None = None
    #: The agency that signed, if it is not the source's own.
    signedby: str | None = None
    signature: str | None = None
    sigproof: str | None = None
    testdata: bool = False
    #: The import that minted the event: its clocks are historic (design rule 16, provisional and
    #: historic).
    importid: str | None = None

    @property
    def legal(self) -> LegalTime:
        """The legal time; the author's clock counts if none is given."""
        return self.legaltime or LegalTime.of(self.time)

    @property
    def agency(self) -> str:
        return agency_of(self.source)

    def to_headers(self) -> tuple[Header, ...]:
        """Every attribute that is set, as Kafka headers in a fixed order."""
        texts: dict[str, str | None] = {
            "ce_specversion": SPECVERSION,
            "ce_id": self.id,
            "ce_type": self.type,
            "ce_source": self.source,
            "ce_subject": self.subject,
            "ce_time": _format_time(self.time),
            "ce_dataschema": self.dataschema,
            "content-type": CONTENT_TYPE,
            "ce_to": " ".join(self.to) or None,
            "ce_sequence": None if self.sequence is None else str(self.sequence),
            "ce_correlationid": self.correlationid,
            "ce_causationid": " ".join(self.causationid) or None,
            "ce_legaltime": None if self.legaltime is None else str(self.legaltime),
            "ce_keyid": self.keyid,
            "ce_signedby": self.signedby,
            "ce_testdata": "true" if self.testdata else None,
            "ce_importid": self.importid,
            "ce_signature": self.signature,
            "ce_sigproof": self.sigproof,
        }
        return tuple((name, text.encode()) for name, text in texts.items() if text is not None)

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, bytes]]) -> Self:
        """Read the attributes; raises CasebusError `malformed_headers`, which names the header."""
        attributes = _attributes(headers)
        for name in _REQUIRED:
            if not attributes.get(name):
                raise _malformed(f"ce_{name} is missing")
        return cls(
            id=attributes["id"],
            type=_matching(_TYPE, attributes, "type"),
            source=_matching(_SOURCE, attributes, "source"),
            subject=_stream_id(attributes["subject"]),
            time=_moment(attributes["time"]),
            dataschema=attributes["dataschema"],
            to=tuple(attributes.get("to", "").split()),
            sequence=_sequence(attributes.get("sequence")),
            correlationid=attributes.get("correlationid"),
            causationid=tuple(attributes.get("causationid", "").split()),
            legaltime=_legal_time(attributes.get("legaltime")),
            keyid=attributes.get("keyid"),
            signedby=attributes.get("signedby"),
            signature=attributes.get("signature"),
            sigproof=attributes.get("sigproof"),
            testdata=attributes.get("testdata") == "true",
            importid=attributes.get("importid"),
        )


def _attributes(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    attributes: dict[str, str] = {}
    content_type = None
    for name, raw in headers:
        if not (name.isascii() or name.isprintable()):
            # Lone surrogates mean bytes that are no UTF-8: other clients could not read them.
            raise _malformed("a header's name is not UTF-8")
        if name == "content-type":
            content_type = raw
        elif name.startswith("ce_"):
            short = name[3:]
            if short in attributes:
                raise _malformed(f"{name} is given twice")
            attributes[short] = _text(name, raw)
    if content_type != CONTENT_TYPE.encode():
        raise _malformed(f"content-type is not {CONTENT_TYPE}")
    if attributes.get("specversion") != SPECVERSION:
        raise _malformed(f"ce_specversion is not {SPECVERSION}")
    return attributes


def _text(name: str, raw: bytes) -> str:
    limit = None if name == "ce_sigproof" else LONGEST_ATTRIBUTE
    if raw is None or (limit is not None and len(raw) > limit and name != "ce_to"):
        raise _malformed(f"{name} is empty or too long")
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        raise _malformed(f"{name} is not UTF-8") from None
    if not text.isprintable():
        raise _malformed(f"{name} has a control character")
    return text


def _matching(pattern: re.Pattern[str], attributes: dict[str, str], name: str) -> str:
    if not pattern.fullmatch(attributes[name]):
        raise _malformed(f"ce_{name} is not of its form")
    return attributes[name]


def _stream_id(text: str) -> str:
    try:
        canonical = str(uuid.UUID(text))
    except ValueError:
        canonical = ""
    if canonical != text:
        raise _malformed("ce_subject is not a UUID in its canonical form")
    return text


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise _malformed("ce_time is not an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise _malformed("ce_time has no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _malformed("ce_time is out of range") from None


def _legal_time(text: str | None) -> LegalTime | None:
    if text is None:
        return None
    try:
        return LegalTime.parse(text)
    except (ValueError, OverflowError):
        raise _malformed("ce_legaltime is neither a date nor a time with a zone") from None


def check_legal_time(headers: Iterable[tuple[str, bytes]]) -> None:
    """At a door: `ce_legaltime` is a calendar date; raises CasebusError `malformed_headers`.

    `from_headers` reads the records of the journal, in whatever form they came.
    """
    text = dict(headers).get("ce_legaltime")
    if text is not None:
        check_entered(text.decode())


def check_entered(legal_time: str) -> None:
    """The same of the text alone."""
    try:
        LegalTime.entered(legal_time)
    except (ValueError, OverflowError) as error:
        raise _malformed(f"ce_legaltime: {in_words(error)}") from None


def check_header_names(headers: Iterable[tuple[str, bytes]]) -> None:
    """At a door: a name that looks like one we read is that name, once; raises `malformed_headers`.

    `CE_TO` is not signed, and a careless reader would take it for `ce_to`. If there are two content
    types, one reader takes the first and another the last. `from_headers` refuses all other doubled
    headers.
    """
    names = [name for name, _ in headers]
    if names.count("content-type") > 1:
        raise _malformed("content-type is given twice")
    for name in names:
        plain = unicodedata.normalize("NFKC", name).casefold().strip().replace("-", "_")
        if not plain.startswith(_READ_BEGINNINGS) and plain not in _READ:
            continue
        if not (_ATTRIBUTE.fullmatch(name) or _is_ours(name)):
            raise _malformed("a header's name is not in its canonical form")


def _is_ours(name: str) -> bool:
    """True for names that we read. `cb-*` are removed at the door; the others are attributes."""
    return is_stamp(name) or name in {"content-type", "traceparent", "tracestate"}


def _sequence(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and 1 <= int(text) < _LONGEST_SEQUENCE):
        raise _malformed("ce_sequence is not a whole number from 1")
    return int(text)


def _format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _malformed(detail: str) -> CasebusError:
    return CasebusError(Reason.MALFORMED_HEADERS, detail)
