"""A facet: one thing that a case knows, from the events to its view, rows and statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal, NamedTuple, TypeVar

from casebus.cases.core import Core, K, Knows
from casebus.cases.derived import Derived
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.reporting import Reports
from casebus.law import Law

JSON = dict[str, Any]
T = TypeVar("T")


class Compared(NamedTuple):
    """One thing by which two derivations of a case are compared, and what is said of it."""

    #: status, clock, breach, finding, assessment or copy.
    kind: str
    #: Which region, clock, event or rule.
    what: str
    said: str


class Row:
    """A row of `derived.TABLE`: a frozen dataclass with one field for each column but the stream.

    The columns are those of the table, in any order. Storage writes the row for its case, and
    writes it again if any of them changed.
    """

    __slots__ = ()
    TABLE: ClassVar[str]
    #: The column that tells the rows of one case apart.
    KEY: ClassVar[str] = "key"

    @property
    def which(self) -> str:
        return str(getattr(self, self.KEY))


class Moved:
    """What one fold moved, at its end: each part under its class. A facet asks for its own."""

    def __init__(self, stream: str, parts: Iterable[object]) -> None:
        self.stream = stream
        self._parts = {type(one): one for one in parts}

    def of(self, part: type[T]) -> T:
        found: Any = self._parts[part]
        one: T = found
        return one


class Facet(Knows[K]):
    """One thing that a case knows, as a value of type K. Everything here is pure.

    This kind is moved by the fold's transitions, and says in `after` what they left. `ReadFacet` is
    the kind that reads events.
    """

    #: The level that sees its part of the view, among agencies with a part in the case. None:
    #: nobody sees it. `AGENCY`: agencies, and holders of a role. Only `for_operators` lets the
    #: administration see it.
    seen_at: ClassVar[Literal["PUBLIC", "PARTY", "AGENCY", "CASE_TEAM"] | None] = "AGENCY"
    for_operators: ClassVar[bool] = False
    #: Lists of what it shows that are fields of a case's detail. The rest is in `known.<name>`.
    lists: ClassVar[tuple[str, ...]] = ()
    #: True if the case's own row holds its part of the view, too.
    in_view: ClassVar[bool] = True
    #: The shapes of its rows, one for each table.
    tables: ClassVar[tuple[type[Row], ...]] = ()

    @classmethod
    def after(cls, moved: Moved) -> K:
        """The knowledge after a fold, from the parts that its transitions moved."""
        nothing: K = cls.nothing
        return nothing

    @classmethod
    def shows(cls, known: K, case: Core) -> JSON:
        """Its part of the case's JSON, which is in the digest; a field has the facet's name."""
        return {}

    @classmethod
    def rows(cls, known: K, case: Core, view: JSON) -> Iterable[Row]:
        """Its rows in the tables; `view` is the case's JSON."""
        return ()

    @classmethod
    def compares(cls, view: Mapping[str, Any], until: datetime) -> Iterable[Compared]:
        """By what two derivations of a case are compared (casebus.cases.differences).

        It reads the case's JSON, so that what an older fold wrote is compared as it was written.
        `until` is the moment from which it is seen.
        """
        return ()

    @classmethod
    def says(cls, known: K, case: Core) -> Iterable[Derived]:
        """The bus's events that should exist because of it."""
        return ()


@dataclass(frozen=True, slots=True)
class Setting:
    """The state before the first event is taken."""

    law: Law
    findings: Reports
    #: The events as they were sent and, in the same order, as corrections want them read.
    recorded: Sequence[CaseEvent]
    read: Sequence[CaseEvent]
    #: Events that were taken back, and their corrections.
    recalled: Collection[Identity]


class ReadFacet(Facet[K]):
    """One fact from events, by their bodies.

    Each fold makes its own, which lives as long as the fold.

    It takes the events that the fold folded, and those beside the procedures, by authors with a
    part in the case. It takes no recalled event.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    @classmethod
    def read(cls, event: CaseEvent, law: Law) -> Any:
        """The event's statement for it, or None.

        It depends only on the event and the law, because it is kept with the event until the law
        changes.
        """
        raise NotImplementedError

    def take(self, event: CaseEvent, said: Any) -> None:
        """Take the result of `read` for the next event, in fold order."""
        raise NotImplementedError

    def known(self) -> K:
        """The knowledge after the last event: frozen, equal for equal events."""
        raise NotImplementedError

    @classmethod
    def after(cls, moved: Moved) -> K:
        return moved.of(cls).known()
