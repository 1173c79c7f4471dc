"""The commands of a running bus, wherever it runs: one module each, found through entry points.

Owns their questions and their output. The keeper of the admin's secrets says how to reach them
(`admin`). Touches the other rooms of operations (adoption, backup, rebuild, verify), storage and
casebus, with click, rich and asyncpg.
"""

from __future__ import annotations
