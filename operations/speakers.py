"""The speakers of the bus, each with its own key."""

from __future__ import annotations

#: A person who adopts a law or reinterprets a case by a command.
OPERATOR = "operator"
SPEAKERS = ("router", "casework", "scheduler", OPERATOR)
