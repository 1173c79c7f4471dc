"""A receipt: proof that a record is at a place of the log, checked by the pinned root alone.

It carries the parts of the log leaf, the path to a signed head, and the directory's entries of the
keys. Its form is in docs/wire.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from casebus.errors import CasebusError, UnfitError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Header, Record
from casebus.events.schemas import Schemas
from casebus.trust.directory import Directory, PublicKey
from casebus.trust.head import LogName, cosigned_at, log_key, witness_key
from casebus.trust.leaf import event_leaf, log_leaf
from casebus.trust.logproof import LogProof
from casebus.trust.merkle import HASH_BYTES
from casebus.trust.note import decode, encode
from casebus.trust.signing import SignatureCheck
from casebus.words import in_words

FORM = "casebus.receipt.v1"


class ReceiptError(CasebusError):
    """The reason why a receipt proves nothing; the code is stable."""


@dataclass(frozen=True, slots=True)
class LeafInputs:
    """The parts of a log leaf besides the event leaf: signature, its proof, the bus's stamps."""

    headers: Mapping[str, str]
    #: The author's key id. The event leaf covers it.
    keyid: str

    @property
    def signature(self) -> str | None:
        return self.headers.get("ce_signature")

    @property
    def sigproof(self) -> str | None:
        return self.headers.get("ce_sigproof")

    def leaf(self, event_leaf: bytes) -> bytes:
        return log_leaf(event_leaf, [(name, text.encode()) for name, text in self.headers.items()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """One record's place in the log; `inputs` is None where the holder may not see the stamps."""

    stream: str
    source: str
    id: str
    step: str
    event_leaf: bytes
    log_leaf: bytes
    inputs: LeafInputs | None
    proof: LogProof
    entries: Mapping[int, Record] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        given = self.inputs
        return {
            "receipt": FORM,
            "step": self.step,
            "event": {"stream": self.stream, "source": self.source, "id": self.id},
            "event_leaf": self.event_leaf.hex(),
            "log_leaf": self.log_leaf.hex(),
            "headers": None if given is None else dict(given.headers),
            "keyid": None if given is None else given.keyid,
            "proof": str(self.proof),
            "directory": [entry_to_json(at, one) for at, one in sorted(self.entries.items())],
        }

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Raises ReceiptError `malformed_receipt`, or NoteError for its proof."""
        try:
            if given["receipt"] != FORM:
                raise ReceiptError("malformed_receipt", "not of this form")
            event, headers = given["event"], given["headers"]
            return cls(
                stream=event["stream"],
                source=event["source"],
                id=event["id"],
                step=given["step"],
                event_leaf=_hash(given["event_leaf"]),
                log_leaf=_hash(given["log_leaf"]),
                inputs=None if headers is None else LeafInputs(dict(headers), given["keyid"]),
                proof=LogProof.parse(given["proof"]),
                entries=dict(map(entry_from_json, given["directory"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ReceiptError("malformed_receipt", f"{in_words(error)}") from error


@dataclass(frozen=True, slots=True)
class Proven:
    """The facts that a receipt proves: the place, the log's size then, and the witnesses."""

    origin: LogName
    index: int
    size: int
    witnesses: Mapping[str, datetime]


def _hash(text: str) -> bytes:
    """The hash of its one canonical text; raises ValueError for any other."""
    raw = bytes.fromhex(text)
    if len(raw) != HASH_BYTES or raw.hex() != text:
        raise UnfitError("no hash in lower-case hexadecimal digits")
    return raw


def entry_to_json(offset: int, record: Record) -> dict[str, Any]:
    return {
        "offset": offset,
        "key": (record.key or b"").decode(),
        "headers": [[name, text.decode()] for name, text in record.headers],
        "value": encode(record.value or b""),
    }


def entry_from_json(given: Mapping[str, Any]) -> tuple[int, Record]:
    """An entry and its offset; raises ValueError if it is not of this form."""
    headers: tuple[Header, ...] = tuple((name, text.encode()) for name, text in given["headers"])
    value = decode(given["value"])
    if value is None:
        raise UnfitError("the value of an entry is not Base64")
    return int(given["offset"]), Record(given["key"].encode(), value, headers)


def directory_of(entries: Mapping[int, Record], root_digest: str, schemas: Schemas) -> Directory:
    """The directory of these entries, by the pinned root. Raises DirectoryError for a bad entry."""
    directory = Directory(schemas, root_digest)
    for _, record in sorted(entries.items()):
        directory.apply(record)
    return directory


def check(receipt: Receipt, directory: Directory, event: Record | None = None) -> Proven:
    """The facts that the receipt proves; raises ReceiptError for the first fault.

    `directory` may be made from its own entries (`directory_of`). Only the `event` itself shows
    that the receipt belongs to it. Without the event, the receipt belongs to any event with this
    leaf.
    """
    if event is not None:
        _check_event(receipt, directory.schemas, event)
    head = receipt.proof.head
    origin = LogName.parse(head.origin)
    if origin is None or origin.root_digest != directory.root_digest:
        raise ReceiptError("receipt_of_another_log", head.origin)
    _check_inputs(receipt, directory)
    if not receipt.proof.shows(receipt.log_leaf):
        raise ReceiptError("receipt_not_included", f"no path from index {receipt.proof.index}")
    witnesses = witnesses_of(receipt.proof, directory)
    _check_head(receipt.proof, directory, witnesses)
    return Proven(origin, receipt.proof.index, head.size, witnesses)


def _check_event(receipt: Receipt, schemas: Schemas, event: Record) -> None:
    envelope, value = Envelope.from_headers(event.headers), event.value or b""
    leaf = event_leaf(schemas.schema_of(value).digest, event.headers, value)
    named = (receipt.stream, receipt.source, receipt.id)
    if leaf != receipt.event_leaf or named != (envelope.subject, envelope.source, envelope.id):
        raise ReceiptError("receipt_of_another_event", "the event in hand is another")
    if receipt.inputs is not None and receipt.inputs.keyid != envelope.keyid:
        raise ReceiptError("receipt_of_another_event", "the event in hand names another key")


def _check_inputs(receipt: Receipt, directory: Directory) -> None:
    inputs = receipt.inputs
    if inputs is None:
        return
    if inputs.leaf(receipt.event_leaf) != receipt.log_leaf:
        raise ReceiptError("receipt_leaf_differs", "stamps and signature lead to another leaf")
    key = directory.key(inputs.keyid)
    if key is None:
        raise ReceiptError("receipt_key_unknown", f"of the event: {inputs.keyid}")
    signed = SignatureCheck()(
        receipt.event_leaf, inputs, algorithm=key.algorithm, public=key.public
    )
    if not signed:
        raise ReceiptError("receipt_event_unsigned", "the author's signature does not fit")


def _check_head(proof: LogProof, directory: Directory, witnesses: Mapping[str, datetime]) -> None:
    """Check the head: a revoked key counts only if a witness saw the head before.

    Since the revocation anyone may have signed.
    """
    origin = proof.head.origin
    for key in _keys_of(BUS, directory):
        if proof.note.is_signed_by(log_key(origin, key.public)):
            revoked = key.revoked_at
            if revoked is not None and not any(at < revoked for at in witnesses.values()):
                raise ReceiptError("receipt_key_revoked", f"of the head: {key.keyid}")
            return
    raise ReceiptError("receipt_head_unsigned", "by no key of the bus that the directory names")


def witnesses_of(proof: LogProof, directory: Directory) -> dict[str, datetime]:
    """The agencies that cosigned the head by keys that are not revoked, each with its last time."""
    seen: dict[str, datetime] = {}
    names = {line.name for line in proof.note.signatures} - {proof.head.origin, BUS}
    for name in sorted(names):
        for key in _keys_of(name, directory):
            at = cosigned_at(proof.note, witness_key(name, key.public))
            if at is not None and key.revoked_at is None:
                seen[name] = max(at, seen.get(name, at))
    return seen


def _keys_of(agency: str, directory: Directory) -> Iterable[PublicKey]:
    return (key for key in directory.keys.values() if key.agency == agency)
