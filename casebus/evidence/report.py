"""The result of a bundle's check: problems by file and place, and what could be compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Flaw(StrEnum):
    """The faults of a bundle, one word each. docs/reason-codes.md explains them."""

    NOT_A_BUNDLE = "not_a_bundle"
    """The file is no bundle, or its container was altered."""
    FILE_ALTERED = "file_altered"
    """A file does not have the digest that the manifest gives, is missing or not listed."""
    LINE_UNREADABLE = "line_unreadable"
    """A line is not of its form, or not in its one canonical text."""
    OUT_OF_PLACE = "out_of_place"
    """A line is doubled, not in its order, or of another case."""
    DIRECTORY_ENTRY = "directory_entry"
    """An entry of the directory does not follow from the pinned root."""
    UNKNOWN_KEY = "unknown_key"
    """No entry of the directory before the event's admission names the key."""
    KEY_NOT_VALID = "key_not_valid"
    """The key was not valid when the broker took the event, or was revoked before."""
    SIGNER_NOT_ENTITLED = "signer_not_entitled"
    """The signer is neither the event's source nor its delegate for this type."""
    BAD_SIGNATURE = "bad_signature"
    """The signature does not fit the leaf."""
    BAD_HEAD = "bad_head"
    """The head of a log is not signed by the installation, or not of its form."""
    NOT_IN_THE_LOG = "not_in_the_log"
    """The path does not lead from the record's log leaf to the signed head."""
    NOT_PROVED = "not_proved"
    """A record has no path, or its log has no head."""
    HAND_OVER = "hand_over"
    """The record that a step of a hand-over names does not say so."""
    LAW_ALTERED = "law_altered"
    """The law's files are not those of the digest that the state names."""
    STATE_DIFFERS = "state_differs"
    """The whole case, folded again, is not in the state that the bundle says."""


class FoldComparison(StrEnum):
    """The result for the state after folding again."""

    SAME = "same"
    DIFFERS = "differs"
    PARTIAL = "partial"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class BundleProblem:
    code: Flaw
    file: str
    #: A line, a byte, or empty for the file as a whole.
    place: str
    detail: str = ""


@dataclass
class BundleReport:
    """The outcome; `ok` says that everything which the bundle holds agrees."""

    case: str = ""
    problems: list[BundleProblem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    state: FoldComparison = FoldComparison.PARTIAL
    #: The reason why the state could not be compared, or the state.
    about_state: str = ""
    #: The witnesses that signed a head.
    witnesses: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.problems

    def add(self, code: Flaw, file: str, place: object = "", detail: str = "") -> None:
        self.problems.append(BundleProblem(code, file, str(place), detail))

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "case": self.case,
            "state": self.state,
            "about_state": self.about_state,
            "counts": dict(self.counts),
            "witnesses": self.witnesses,
            "problems": [asdict(one) for one in self.problems],
        }
