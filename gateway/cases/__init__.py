"""The answers about one case, for one viewer.

Owns the bodies of events, the order of a history, earlier states, evidence, and the event that
reports the opening of a body. Each answer goes through `access`. Touches `runtime`, casebus, and
through storage the journal's tables and the outbox.
"""

from __future__ import annotations
