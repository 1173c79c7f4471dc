"""Stable codes for faults of a record, a request or a call, one word each.

The codes appear in the `rejected` topic, in HTTP problems and in the CLI's output;
docs/reason-codes.md explains each one to the sender.
"""

from __future__ import annotations

from enum import StrEnum


class CasebusError(Exception):
    """An error that a person can act on: a stable `code` and a sentence without case content."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class AwayError(CasebusError):
    """Something needed does not answer now. Nothing was lost, and the caller may ask again."""

    def __init__(self, code: str, detail: str = "", *, after_seconds: float = 0.0) -> None:
        super().__init__(code, detail)
        #: Seconds for which the one that answered asks to be left alone.
        self.after_seconds = after_seconds


class UnfitError(ValueError):
    """A value without its required meaning, in words for the person who wrote it."""


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
