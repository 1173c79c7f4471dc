"""What comes in, until it stands on the bus, and what proves that it stands there.

Owns the reading of CloudEvents, the submission (checked, signed, stored, sent) and receipts.
Touches the process (`runtime`), Kafka by its producer, and the table of submissions.
"""

from __future__ import annotations
