"""The commands of one machine: one module each, found by the CLI through entry points.

Owns what they ask and print. Touches onebox and every room below it, with click, rich and asyncpg.
"""

from __future__ import annotations
