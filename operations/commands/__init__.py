"""The commands of a running bus, wherever it runs: one module each, found through entry points.

Owns what they ask and print. Whoever keeps the admin's secrets says how they are reached (`admin`).
"""

from __future__ import annotations
