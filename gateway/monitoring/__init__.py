"""The health of the bus: its services, the place of a case and its obstacle, rejected records.

Owns the state of services and agencies, the sentence that says why a case is stuck, rejected
records in readable form, and admission's present judgement of one. Touches rows that it is given,
as storage types them, the directory and the installed law by `runtime`, and casebus; changes
nothing.
"""

from __future__ import annotations
