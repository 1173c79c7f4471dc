"""Operators: the people who look after an installation, each with a key labelled with its name."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import normalize

from casebus.errors import CasebusError
from casebus.events.topics import ADMIN


def name_of(label: str) -> str:
    """The name of an operator: `admin/` and the key's owner; `admin` if the key is nobody's."""
    return f"{ADMIN}/{label}" if person_of(label) else ADMIN


def person_of(name: str) -> str:
    """The same for every spelling of one name: case, width, blanks and signs do not count."""
    plain = normalize("NFKC", normalize("NFKC", name).casefold())
    return "".join(one for one in plain if one.isalnum())


@dataclass(frozen=True, slots=True)
class TwoPersonRule:
    """One operator asks, and another agrees. The one who asked may refuse, and never agree."""

    #: The codes for what was decided before, and for what nobody decided in time.
    decided: str
    lapsed: str
    #: That time, in words.
    within: str

    def check(
        self, by: str, *, agreed: bool, asked_by: str, before: bool | None, is_fresh: bool
    ) -> None:
        """Raises CasebusError if this operator may not decide so, or nobody may any more.

        `before` is an earlier decision, `is_fresh` whether there is still time for one.
        """
        if before is not None:
            raise CasebusError(self.decided, "it was agreed to or declined before")
        if not is_fresh:
            raise CasebusError(self.lapsed, f"nobody decided in {self.within}: ask again")
        if agreed and person_of(asked_by) == person_of(by):
            raise CasebusError("second_person", f"{by} asked for it: another operator agrees")
