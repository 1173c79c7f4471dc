"""One law: procedures, clocks, calendar and sectors of one bundle, ready to use."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from casebus.events.types import event_name
from casebus.law import bundle, compiled, compiling, loader, models, options
from casebus.law.acts import ActRules
from casebus.law.calendar import Calendar
from casebus.law.compiled import ClockRule, Procedure
from casebus.law.divisions import DIVISIONS, EMPTY, Divisions
from casebus.law.findings import Waits
from casebus.law.reading import LawError
from casebus.law.rights import RightRules
from casebus.law.threshold_models import ThresholdFile
from casebus.law.thresholds import Thresholds
from casebus.law.triage import Triage
from casebus.law.venues import Venues

#: The rules that hold in every procedure.
COMMON = "common.yaml"
#: Bounded: strangers may send any types, and the memory must stay small.
_MOST_KNOWN = 10_000
#: Days off, by notice and by statute.
HOLIDAYS = "holidays.yaml"


class Law:
    """A law. Immutable; two laws with the same `digest` are the same."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        """Check and compile the files, given by relative name. Raises LawError."""
        try:
            self._compile(files)
        except LawError as error:
            raise loader.placed(error, files) from error

    def _compile(self, files: Mapping[str, bytes]) -> None:
        self._files = dict(files)
        self.digest = bundle.digest(files)
        self.calendar = Calendar(loader.parse(files, HOLIDAYS, models.HolidaysFile))
        self.sectors = loader.parse(files, "sectors.yaml", models.SectorsFile).sectors
        # Law bundles from before this table have no divisions.
        self.divisions = Divisions(DIVISIONS, files.get(DIVISIONS, EMPTY))
        self.venues = Venues.of(files, self.divisions)
        self.triage = Triage.of(files)
        self.rights = RightRules.of(files)
        self.waits = Waits.of(files)
        self.acts = ActRules.of(files)
        self.clocks: dict[str, tuple[ClockRule, ...]] = compiling.clocks(options.clocks(files))
        everywhere = self._everywhere()
        #: Events that any participant may send in every procedure. They cause no transition.
        self.common = frozenset(name for one in everywhere.recorded for name in one.events)
        receipt = everywhere.receipt
        #: The latest time of receipt, counted from the recording of the event.
        self.received_within = dt.timedelta(hours=receipt.within_hours if receipt else 0)
        self._beside = frozenset(everywhere.neutral)
        rows = options.procedures(files)
        self.procedures: dict[str, Procedure] = compiling.distinct(
            {
                name: compiling.procedure(name, file, self.clocks, self.common)
                for name, file in rows.items()
            }
        )
        self.thresholds = Thresholds(
            loader.parse_all(files, "thresholds", ThresholdFile), self.clocks
        )
        self.opening = compiling.unique(self.procedures)
        self._procedures_of = compiling.by_event(self.procedures)
        #: Names of events that some procedure knows.
        self.known_events = self.common.union(self._procedures_of)
        self._may_emit: dict[tuple[str, str, str], bool] = {}
        self._copies = self._all_copies()

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read policies/law. Raises LawError."""
        return cls(loader.read(folder))

    @classmethod
    def from_bundle(cls, body: bytes) -> Self:
        """The law of a kept bundle; its digest is that of the law that was packed."""
        return cls(bundle.unpack(body))

    def bundle(self) -> bytes:
        return bundle.pack(self._files)

    def procedures_of(self, event: str) -> tuple[Procedure, ...]:
        """The procedures that know an event name such as `referral.sent`."""
        return self._procedures_of.get(event, ())

    def is_beside(self, event: str) -> bool:
        """True if an event is recorded without any effect on procedures."""
        return compiled.matches(self._beside, event)

    def _everywhere(self) -> models.CommonFile:
        # In bundles older than the file, each procedure lists them; the file lists them once.
        if COMMON not in self._files:
            return models.CommonFile()
        return loader.parse(self._files, COMMON, models.CommonFile)

    def may_emit(self, sector: str, level: str, ce_type: str) -> bool:
        """True if an agency of this sector and level may be the author of such an event."""
        asked = (sector, level, event_name(ce_type))
        known = self._may_emit.get(asked)
        if known is None:
            known = self._granted(*asked)
            if len(self._may_emit) < _MOST_KNOWN:
                self._may_emit[asked] = known
        return known

    def copies(self, ce_type: str) -> tuple[str, ...]:
        """The agencies owed a copy of the event, seen from its author: `same_division:police`."""
        return self._copies.get(event_name(ce_type), ())

    def _granted(self, sector: str, level: str, name: str) -> bool:
        row = self.sectors.get(sector)
        return row is not None and any(
            (not grant.levels or level in grant.levels)
            and any(fnmatchcase(name, glob) for glob in grant.types)
            for grant in row.emits
        )

    def _all_copies(self) -> dict[str, tuple[str, ...]]:
        owed: dict[str, tuple[str, ...]] = {}
        for procedure in self.procedures.values():
            for versions in procedure.steps.values():
                for step in versions:
                    if step.copies:
                        both = (*owed.get(step.event, ()), *step.copies)
                        owed[step.event] = tuple(dict.fromkeys(both))
        return owed
