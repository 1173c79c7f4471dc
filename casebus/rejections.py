"""Why a record was rejected, in words, for its sender and for the operators of the bus.

docs/reason-codes.md has the same words; a test holds the two together.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why admission rejected a record. A rejected record is kept, with the reason."""

    UNREADABLE = "unreadable"
    """The compressed batch that held the record cannot be unpacked, or not to 64 MiB or less."""
    MALFORMED_HEADERS = "malformed_headers"
    """A CloudEvents header is missing, doubled, not UTF-8 or not of its form, or its name is
    not in the canonical form."""
    KEY_MISMATCH = "key_mismatch"
    """The record key is not the stream id of `ce_subject`, or that is no UUID."""
    NO_VALUE = "no_value"
    """The record is a tombstone or empty: an event always has a body."""
    TOO_LARGE = "too_large"
    """The value is over 1 MiB, or key and headers together are over 64 KiB."""
    TOO_MANY_ITEMS = "too_many_items"
    """The arrays of the body hold more than 10,000 items together."""
    NOT_AVRO = "not_avro"
    """The value does not start with the wire format's zero byte and a four-byte schema id."""
    UNKNOWN_SCHEMA = "unknown_schema"
    """No registered schema has this id."""
    TYPE_MISMATCH = "type_mismatch"
    """The schema of the value is not a schema of `ce_type`."""
    UNDECODABLE = "undecodable"
    """The value cannot be read by its schema: truncated, too long, or text that is not UTF-8."""
    UNSIGNED = "unsigned"
    """There is no signature, no key id or no proof."""
    UNKNOWN_KEY = "unknown_key"
    """The directory has no such key."""
    KEY_NOT_VALID = "key_not_valid"
    """The key was not valid when the broker took the record, or is revoked."""
    BAD_SIGNATURE = "bad_signature"
    """The signature does not fit the headers and the body."""
    SIGNER_NOT_ENTITLED = "signer_not_entitled"
    """The signer is neither the source nor a delegate named for that source and type."""
    UNKNOWN_SOURCE = "unknown_source"
    """The directory has no agency of this name."""
    WRONG_TOPIC = "wrong_topic"
    """The record stands in the topic of a sector that is not its source's."""
    TYPE_NOT_ALLOWED = "type_not_allowed"
    """A source of this sector and level may not emit events of this type."""
    STATE_SECRET = "state_secret"  # noqa: S105 - a code, not a password  # pragma: allowlist secret
    """Marked as a state secret: handled off-line, only metadata is kept."""


class Flag(StrEnum):
    """Notices of admission about an event that it admitted all the same."""

    UNKNOWN_RECIPIENT = "unknown_recipient"
    """`ce_to` names an agency that the directory does not know: undeliverable, sender told."""
    WRONG_PARTITION = "wrong_partition"
    """The producer's partitioner does not agree with murmur2 of the key."""
    ABSURD_TIME = "absurd_time"
    """`ce_time` lies more than a day after, or ten years before, the broker's append time; of what
    an import minted, only after."""
    NOT_THE_COMMON_SUPERIOR = "not_the_common_superior"
    """Jurisdiction is designated by an agency that is not the common superior of the two."""
    NOT_THE_SAME_LEVEL = "not_the_same_level"
    """A transfer names police that are not of the author's level and division."""


class Why(NamedTuple):
    """The fault of the record, and the remedy for its sender or somebody else."""

    wrong: str
    remedy: str


#: The same bytes pass once the directory, the schemas or the law change. For all other reasons only
#: a corrected copy passes, and only its author may sign it.
PASSES_LATER = frozenset(
    {
        Reason.UNKNOWN_SCHEMA,
        Reason.UNKNOWN_KEY,
        Reason.KEY_NOT_VALID,
        Reason.SIGNER_NOT_ENTITLED,
        Reason.UNKNOWN_SOURCE,
        Reason.TYPE_NOT_ALLOWED,
    }
)

WHY: dict[str, Why] = {
    Reason.UNREADABLE: Why(
        "The compressed batch that held the record cannot be unpacked, or not to 64 MiB or less.",
        "Send it in smaller batches, with gzip, snappy, lz4 or zstd as your client has "
        "them. Nothing but the place of the record is kept.",
    ),
    Reason.MALFORMED_HEADERS: Why(
        "A CloudEvents header is missing, doubled, not UTF-8 or not of its form, or its"
        " name is not in the canonical form.",
        "Compare the headers with docs/architecture.md; the detail names the header. "
        "Foreign cb-* headers are removed, not a fault.",
    ),
    Reason.KEY_MISMATCH: Why(
        "The record key is not the stream id of ce_subject, or that is no UUID.",
        "Use the case's UUID, in lower case, as key and as ce_subject.",
    ),
    Reason.NO_VALUE: Why(
        "The record is a tombstone or empty: an event always has a body.",
        "Nothing is ever deleted by a tombstone; to correct, send case.corrected.",
    ),
    Reason.TOO_LARGE: Why(
        "The value is over 1 MiB, or key and headers together are over 64 KiB. Of a "
        "record over 2 MiB only the attributes and the digest of its value are kept "
        "(cb-abridged).",
        "Send documents by digest, not inside the event.",
    ),
    Reason.TOO_MANY_ITEMS: Why(
        "The arrays of the body hold more than 10,000 items together.",
        "Send long lists as documents, by digest, or in several events.",
    ),
    Reason.NOT_AVRO: Why(
        "The value does not start with the wire format's zero byte and a four-byte schema id.",
        "Write Confluent's wire format: 0x00, id, Avro.",
    ),
    Reason.UNKNOWN_SCHEMA: Why(
        "No registered schema has this id.",
        "Fetch ids from /registry; do not register your own.",
    ),
    Reason.TYPE_MISMATCH: Why(
        "The schema of the value is not a schema of ce_type.",
        "Let type and schema say the same.",
    ),
    Reason.UNDECODABLE: Why(
        "The value cannot be read by its schema: truncated, too long, or text that is not UTF-8.",
        "Write the whole value, with the schema whose id it carries.",
    ),
    Reason.UNSIGNED: Why(
        "There is no signature, no key id or no proof.",
        "Sign with the SDK, or post JSON to the gateway, which signs for a hosted agency.",
    ),
    Reason.UNKNOWN_KEY: Why(
        "The directory has no such key.",
        "Have the key entered (casebus keys add), then send again.",
    ),
    Reason.KEY_NOT_VALID: Why(
        "The key was not valid when the broker took the record, or is revoked.",
        "Sign with a key that is valid now.",
    ),
    Reason.BAD_SIGNATURE: Why(
        "The signature does not fit the headers and the body.",
        "Sign what you send, after the last change; the algorithm is the key entry's.",
    ),
    Reason.SIGNER_NOT_ENTITLED: Why(
        "The signer is neither the source nor a delegate named for that source and type.",
        "Have the source name you as its delegate, or sign as the source.",
    ),
    Reason.UNKNOWN_SOURCE: Why(
        "The directory has no agency of this name.",
        "Have the agency registered; check ce_source up to the first slash.",
    ),
    Reason.WRONG_TOPIC: Why(
        "The record stands in a door of a sector that is not its source's.",
        "Produce to events.<your sector>.<your id>.",
    ),
    Reason.TYPE_NOT_ALLOWED: Why(
        "A source of this sector and level may not emit events of this type.",
        "See policies/law/sectors.yaml.",
    ),
    Reason.STATE_SECRET: Why(
        "Marked as a state secret: handled off-line, only metadata is kept.",
        "Never send it again over the bus; follow the off-line procedure.",
    ),
}


def why(reason: str) -> Why:
    """Words for a reason; of one that another release gave, where to read of it."""
    return WHY.get(reason, Why("Another release gave this reason.", "See its reason codes."))
