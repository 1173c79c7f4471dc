"""The steps of a hand-over (design rule 17), and which event proves each of the recipient's."""

from __future__ import annotations

from casebus.events.types import INTAKE_ERASED, INTAKE_OPENED, INTAKE_RECEIVED

#: In the order in which they come; the last one only where the event was recalled.
SUBMITTED, RELAYED, DELIVERED, RETRIEVED, ERASED = (
    "submitted",
    "relayed",
    "delivered",
    "retrieved",
    "erased",
)
STEP_OF = {INTAKE_RECEIVED: DELIVERED, INTAKE_OPENED: RETRIEVED, INTAKE_ERASED: ERASED}
