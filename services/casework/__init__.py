"""Casework: records the journal in PostgreSQL and derives each case's state from it.

Owns the fence, the fold's rows and the derived events' outbox; sends nothing itself. Touches
services.transport, storage and casebus, with orjson. `ahead` reads the journal beyond the present
place by an aiokafka consumer of its own.
"""
