"""The usual fine for a tier that was reached. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from casebus.law.assessment import FineRange
from casebus.law.figures import Figures
from casebus.law.threshold_models import ThresholdFile
from casebus.law.threshold_rows import gathered, in_force

_PERCENT = 100


class Fines:
    """The rows about fines of one law, newest first."""

    def __init__(self, files: Collection[ThresholdFile]) -> None:
        self._rows = gathered("fines", (file.fines for file in files))

    def range(self, figures: Figures, tier: int, day: dt.date) -> FineRange | None:
        """The range from the gains, from the business amount, or from the row for unknown amounts.

        The version of a day applies. None if nothing is reached or no row applies.
        """
        row = in_force(self._rows, day)
        if row is None or not tier:
            return None
        citation = f"{row.source} {row.article}"
        gains = figures.illegal_gains_and_services or figures.value("illegal_gains")
        if gains:
            low, high = row.gains_times
            return FineRange(gains * low, gains * high, "illegal_gains", citation)
        business = figures.business
        if business:
            low, high = (business * one // _PERCENT for one in row.business_percent)
            return FineRange(low, high, "illegal_business_amount", citation)
        unknown = row.unknown.get(2 if tier > 1 else 1)
        return FineRange(*unknown, "", citation) if unknown else None
