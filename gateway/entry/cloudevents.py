"""Reads a CloudEvent from an HTTP request: structured or binary mode, JSON data or signed Avro.

The attributes are kept as the very texts that came. A signed event must be passed on with the
headers that its author signed. So nothing here parses and re-writes a time or a number.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from casebus.admission.secrecy import refuse_state_secrets
from casebus.errors import CasebusError, UnfitError
from casebus.events.envelope import CONTENT_TYPE, Header
from casebus.events.limits import MOST_VALUE_BYTES
from casebus.rejections import Reason
from casebus.words import in_words

STRUCTURED = "application/cloudevents+json"
JSON = "application/json"
#: As JSON with every Chinese character escaped, or in base64, the longest value is shorter.
MOST_BYTES = 4 * MOST_VALUE_BYTES

_NAME = re.compile(r"[a-z0-9]{1,64}")
_PLAIN = (str, int)
#: The hop's own, and the mark that stops a state secret: never part of the signed content.
_NOT_SIGNED = frozenset({"traceparent", "tracestate", "secrecy", "datacontenttype"})
_SIGNATURE = frozenset({"keyid", "signedby", "signature", "sigproof"})
#: The bus's media type; `time` and the signature are added for a JSON event.
_CARRIED = frozenset(
    {"specversion", "id", "type", "source", "subject", "time", "dataschema"}
    | {"to", "sequence", "correlationid", "causationid", "legaltime", "testdata", "importid"}
)


@dataclass(frozen=True, slots=True)
class Submission:
    """One event as submitted: `data` is JSON to encode and sign, or `value` is signed Avro."""

    attributes: dict[str, str]
    data: dict[str, Any] | None = None
    value: bytes | None = None

    @property
    def signed(self) -> bool:
        return self.value is not None

    def digest(self) -> bytes:
        """SHA-256 of the request's content, equal for a retry, whatever its signature or trace."""
        asked = {
            name: text
            for name, text in self.attributes.items()
            if name not in _NOT_SIGNED | {"signature", "sigproof"}
        }
        body = self.data if self.value is None else hashlib.sha256(self.value).hexdigest()
        text = json.dumps([asked, body], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()

    def headers(self) -> tuple[Header, ...]:
        """The attributes as Kafka headers, content type last."""
        named = (
            (f"ce_{name}", text.encode())
            for name, text in self.attributes.items()
            if name not in _NOT_SIGNED
        )
        return (*named, ("content-type", CONTENT_TYPE.encode()))


def read(headers: Iterable[tuple[str, str]], body: bytes) -> Submission:
    """The event of a request; raises CasebusError, its code one of `gateway.problems`."""
    pairs = [(name.lower(), text) for name, text in headers]
    media_type = _media_type(dict(pairs).get("content-type", ""))
    if media_type == STRUCTURED:
        submission = _structured(body)
    elif media_type in {JSON, CONTENT_TYPE} or media_type.endswith("+json"):
        submission = _binary(pairs, media_type, body)
    else:
        raise CasebusError(
            "unsupported_media_type", f"send {STRUCTURED}, or {JSON} or {CONTENT_TYPE} with ce-*"
        )
    _refuse_secret(submission)
    _check(submission)
    return submission


def _structured(body: bytes) -> Submission:
    event = _json_object(body)
    data, encoded = event.pop("data", None), event.pop("data_base64", None)
    attributes = {name: _text(name, given) for name, given in event.items() if given is not None}
    media_type = _media_type(attributes.get("datacontenttype", JSON))
    if (data is None) == (encoded is None):
        raise _malformed("an event has data or data_base64, and not both")
    if encoded is None:
        return Submission(attributes, data=_as_object(data))
    raw = _base64(encoded)
    if media_type == CONTENT_TYPE:
        return Submission(attributes, value=raw)
    if media_type == JSON or media_type.endswith("+json"):
        return Submission(attributes, data=_json_object(raw))
    raise CasebusError("unsupported_media_type", "datacontenttype is neither JSON nor Avro")


def _binary(pairs: list[tuple[str, str]], media_type: str, body: bytes) -> Submission:
    if media_type.startswith("application/cloudevents"):
        raise CasebusError("unsupported_media_type", "one event a request, as JSON")
    attributes: dict[str, str] = {}
    for name, text in pairs:
        short = name.removeprefix("ce-")
        if short == name:
            continue
        if short in attributes:
            raise _malformed(f"{name} is given twice")
        attributes[short] = _percent_decoded(name, text)
    if media_type == CONTENT_TYPE:
        return Submission(attributes, value=body)
    return Submission(attributes, data=_json_object(body))


def _check(submission: Submission) -> None:
    for name in submission.attributes:
        if not _NAME.fullmatch(name):
            raise _malformed("an attribute's name is lower-case letters and digits only")
    if submission.signed:
        if not submission.attributes.keys() >= _SIGNATURE - {"signedby"}:
            raise CasebusError(Reason.UNSIGNED, "Avro is taken signed; send JSON to have it signed")
        return
    given = submission.attributes.keys() - _NOT_SIGNED
    if given & _SIGNATURE:
        raise CasebusError("unknown_attribute", "a JSON event is signed here: send no signature")
    if unknown := sorted(given - _CARRIED):
        raise CasebusError("unknown_attribute", " ".join(unknown))


def _refuse_secret(submission: Submission) -> None:
    """Refuse an event marked as a state secret, before anything of it is stored or logged."""
    refuse_state_secrets({"secrecy": submission.attributes.get("secrecy", "")})
    refuse_state_secrets(submission.data)


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(
            raw.decode(), object_pairs_hook=_without_doubles, parse_constant=_no_constant
        )
    except UnicodeDecodeError:
        raise _malformed("the body is not UTF-8") from None
    except RecursionError:
        raise _malformed("the body is nested too deep") from None
    except ValueError as error:
        raise _malformed(f"the body is not JSON: {in_words(error)}") from None
    return _as_object(parsed)


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, given in pairs:
        if name in found:
            raise UnfitError("a name is given twice in one object")
        found[name] = given
    return found


def _no_constant(_: str) -> None:
    raise UnfitError("NaN and Infinity are not JSON")


def _as_object(parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise _malformed("a JSON object is expected")
    return parsed


def _text(name: str, given: Any) -> str:
    if isinstance(given, bool):
        return "true" if given else "false"
    if not isinstance(given, _PLAIN):
        raise _malformed(f"the attribute {name[:64]} is not a string")
    return _encodable(name, str(given))


def _percent_decoded(name: str, text: str) -> str:
    """The HTTP binding percent-encodes; bytes past ASCII arrive as Latin-1 from the server."""
    try:
        return unquote(text.encode("latin-1").decode(), errors="strict")
    except UnicodeError:
        raise _malformed(f"{name[:64]} is not UTF-8") from None


def _encodable(name: str, text: str) -> str:
    """Refuse lone surrogates, which JSON can spell and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _malformed(f"the attribute {name[:64]} is not UTF-8") from None
    return text


def _base64(encoded: Any) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise _malformed("data_base64 is not base64") from None


def _media_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _malformed(detail: str) -> CasebusError:
    return CasebusError("malformed_event", detail)
