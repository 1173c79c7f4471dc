"""Law on the running bus: trying one over the recorded history, adopting it, reinterpreting by it.

Owns the steps of an adoption. Reads PostgreSQL; says what is decided through the front door, as the
bus. Touches services.casework (the fold as it runs), storage and casebus, with asyncpg and
kafka-python.
"""

from __future__ import annotations
