"""Titles to sign, by a directory or by the part of it that was read at some time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from casebus.errors import CasebusError
from casebus.events.stamps import ORIGIN, Origin
from casebus.rejections import Reason
from casebus.trust.directory import ROOT, Directory, Named, PublicKey, is_named

_Said = TypeVar("_Said")
Told = dict[str, list[tuple[int, _Said]]]
"""By whom it is of: what entries have said, each with how much of the directory had it."""


class Titles(Protocol):
    """A directory's statements about keys and delegates."""

    def key(self, keyid: str) -> PublicKey | None: ...

    def may_sign(self, signer: str, source: str, ce_type: str) -> bool: ...


def taken_at(headers: Mapping[str, bytes]) -> datetime:
    """When the broker took a journaled record at its front door, as admission stamped it."""
    try:
        return Origin.parse(headers[ORIGIN].decode()).appended_at
    except (KeyError, ValueError, OverflowError, OSError) as error:
        raise CasebusError("line_unreadable", f"no moment in {ORIGIN}") from error


def valid_key(titles: Titles, keyid: str, at: datetime) -> PublicKey:
    """The key, if it was valid when the broker took the record; raises CasebusError."""
    key = titles.key(keyid)
    if key is None:
        raise CasebusError(Reason.UNKNOWN_KEY)
    if key.revoked_at is not None or not key.valid_at(at):
        raise CasebusError(Reason.KEY_NOT_VALID)
    return key


def require_entitled(
    titles: Titles, key: PublicKey, agency: str, ce_type: str, signedby: str | None
) -> None:
    """Raises CasebusError unless the key's agency is the source, or its delegate for the type."""
    if signedby not in {None, key.agency}:
        raise CasebusError(Reason.SIGNER_NOT_ENTITLED, "the key is not the named signer's")
    if not titles.may_sign(key.agency, agency, ce_type):
        raise CasebusError(Reason.SIGNER_NOT_ENTITLED)


@dataclass(frozen=True)
class History:
    """Keys and delegates as of every entry. It is small, and goes to other processes."""

    _keys: Told[PublicKey] = field(default_factory=dict)
    _delegates: Told[Named] = field(default_factory=dict)

    def note(self, directory: Directory, entry: int) -> None:
        """The directory's statements since this entry was applied."""
        about = directory.about(entry)
        if about is None:
            return
        for keyid in list(directory.keys) if about == ROOT else [about]:
            if (key := directory.key(keyid)) is not None:
                _add(self._keys, keyid, entry + 1, key)
        _add(self._delegates, about, entry + 1, directory.named(about))

    def after(self, entries: int) -> Titles:
        """The titles as a reader of so many entries knew them."""
        return _Then(self, entries)

    def key(self, keyid: str, entries: int) -> PublicKey | None:
        return _last(self._keys, keyid, entries)

    def named(self, source: str, entries: int) -> Named:
        return _last(self._delegates, source, entries) or ()


@dataclass(frozen=True, slots=True)
class _Then:
    history: History
    entries: int

    def key(self, keyid: str) -> PublicKey | None:
        return self.history.key(keyid, self.entries)

    def may_sign(self, signer: str, source: str, ce_type: str) -> bool:
        return signer == source or is_named(
            signer, ce_type, self.history.named(source, self.entries)
        )


def _add(told: Told[_Said], about: str, entries: int, said: _Said) -> None:
    known = told.setdefault(about, [])
    if not known or known[-1][1] != said:
        known.append((entries, said))


def _last(told: Told[_Said], about: str, entries: int) -> _Said | None:
    known = told.get(about, ())
    found = bisect_right(known, entries, key=lambda one: one[0])
    return known[found - 1][1] if found else None
