"""Incoming events until they are on the bus, and the proof that they are there.

Owns the reading of CloudEvents, the submission (checked, signed, stored, sent) and receipts.
Touches the process (`runtime`), Kafka by its producer, casebus, and through storage the table of
submissions and the log.
"""

from __future__ import annotations
