"""A case's evidence in one file, and its check by whoever holds the file and the pinned root.

Owns the bundle: its form, its making and its check. Pure: no clock, no file, no network. Touches
cases, law, trust and events.
"""

from __future__ import annotations
