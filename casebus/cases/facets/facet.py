"""A facet: one thing that a case knows, from the events to its view, rows and statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from casebus.cases.core import Core, K, Knows
from casebus.cases.derived import Derived
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.findings import Findings
from casebus.law import Law

JSON = dict[str, Any]


class Row:
    """A row of `derived.TABLE`: a frozen dataclass with a field a column, without the stream.

    The columns are those of the table, in any order. Storage writes it for its case, and writes it
    again where any of them changed.
    """

    __slots__ = ()
    TABLE: ClassVar[str]
    #: The column that tells the rows of one case apart.
    KEY: ClassVar[str] = "key"

    @property
    def which(self) -> str:
        return str(getattr(self, self.KEY))


class Facet(Knows[K]):
    """One thing that a case knows, as a value of type K. Everything here is pure.

    This kind is moved by the fold's transitions. `ReadFacet` is the kind that reads events.
    """

    #: The level that sees what it shows, among those with a part in the case. None if nobody sees
    #: it. `AGENCY`: agencies, and who holds a role. The administration sees it `for_operators`
    #: alone.
    seen_at: ClassVar[Literal["PUBLIC", "PARTY", "AGENCY", "CASE_TEAM"] | None] = "AGENCY"
    for_operators: ClassVar[bool] = False
    #: Whether the case's own row holds what it shows, too.
    in_view: ClassVar[bool] = True
    #: The shapes of its rows, one a table.
    tables: ClassVar[tuple[type[Row], ...]] = ()

    @classmethod
    def shows(cls, known: K, case: Core) -> JSON:
        """Its part of the case's JSON, which is in the digest; a field has the facet's name."""
        return {}

    @classmethod
    def rows(cls, known: K, case: Core, view: JSON) -> Iterable[Row]:
        """Its rows in the tables; `view` is the case's JSON."""
        return ()

    @classmethod
    def says(cls, known: K, case: Core) -> Iterable[Derived]:
        """The bus's events that should exist because of it."""
        return ()


@dataclass(frozen=True, slots=True)
class Setting:
    """The state before the first event is taken."""

    law: Law
    findings: Findings
    #: The events as they were sent and, in the same order, as corrections say to read them.
    recorded: Sequence[CaseEvent]
    read: Sequence[CaseEvent]
    #: Events that were taken back, and what corrects them.
    recalled: Collection[Identity]


class ReadFacet(Facet[K]):
    """One thing that events say, by their bodies. A fold makes one of these, and it lives so long.

    It takes what the fold folded, or what stands beside the procedures, of authors with a part in
    the case; nothing that was recalled.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    @classmethod
    def read(cls, event: CaseEvent, law: Law) -> Any:
        """The event's word for it, or None.

        It depends on the event and the law alone, because it is kept with the event until the law
        changes.
        """
        raise NotImplementedError

    def take(self, event: CaseEvent, said: Any) -> None:
        """Take what was read of the next event, in fold order."""
        raise NotImplementedError

    def known(self) -> K:
        """The knowledge after the last event: frozen, equal for equal events."""
        raise NotImplementedError
