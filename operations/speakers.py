"""Who speaks for the bus, each by a key of its own."""

from __future__ import annotations

#: A person who adopts a law or reinterprets a case by a command.
OPERATOR = "operator"
SPEAKERS = ("router", "casework", "scheduler", OPERATOR)
