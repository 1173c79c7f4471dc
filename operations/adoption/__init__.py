"""Law on the running bus: trying one over the recorded history, adopting it, reinterpreting by it.

Reads PostgreSQL; says what is decided through the front door, as the bus.
"""

from __future__ import annotations
