"""A line as admission stamps it and casework reads it, for folding a year without a stack."""

from __future__ import annotations

from datetime import datetime

from casebus.cases import CaseEvent
from casebus.events.legaltime import LegalTime
from casebus.law import agencies
from casebus.rejections import Flag
from rehearsal.year.lines import YearLine
from rehearsal.year.world import YearWorld


def case_event(world: YearWorld, line: YearLine, at: int, *, imported: bool = True) -> CaseEvent:
    """The `at`-th line of its case to arrive; as history, or as it happens.

    Raises CasebusError if the body does not fit its schema.
    """
    offices = world.offices
    author = offices.agency(line.source)
    copies = agencies.resolve(world.law.copies(line.type), line.source, offices)
    to = [one for one in dict.fromkeys((*line.to, *copies)) if one != line.source]
    known = [found for one in to if (found := offices.agency(one))]
    _, data = world.schemas.decode(world.schemas.encode(line.type, line.data))
    return CaseEvent(
        stream=line.case,
        source=line.source,
        id=line.id,
        type=line.type,
        legal=LegalTime.parse(line.legal_time),
        sequence=None,
        causation=line.causation,
        recorded_at=LegalTime.parse(line.arrives).moment(),
        said_at=datetime.fromisoformat(line.at),
        position=(1, 0, at),
        sector=author.sector if author else "",
        to=tuple(one.id for one in known),
        to_sectors=tuple(one.sector for one in known),
        imported=imported,
        data=data,
        flags=(Flag.UNKNOWN_RECIPIENT,) if len(known) < len(to) else (),
    )
