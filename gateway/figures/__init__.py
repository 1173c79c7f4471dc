"""Figures for a caller: the agency's own in full, or shared ones with small cells left out.

Owns the question, the definitions in force and the answer. Touches access, runtime, casebus and,
through storage, the tables of statistics; never a body of an event.
"""

from __future__ import annotations
