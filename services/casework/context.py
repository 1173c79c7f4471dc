"""The tools for every batch."""

from __future__ import annotations

from dataclasses import dataclass

from casebus.events.schemas import Schemas
from casebus.now import Now
from casebus.trust.directory import Directory
from casebus.trust.keys import Holder
from services.casework.law_cache import LawCache
from services.casework.streams import Streams


@dataclass(frozen=True, slots=True)
class CaseworkContext:
    schemas: Schemas
    laws: LawCache
    directory: Directory
    key: Holder
    now: Now
    streams: Streams
    epoch: int
    #: True if derived events are also sent; a rebuild sends none.
    speaks: bool = True
