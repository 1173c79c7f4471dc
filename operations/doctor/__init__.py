"""The checks of a running bus: brokers, database, keys and wires, by addresses and credentials.

Owns what is right and wrong of them. What a machine lacks, and which processes run on it, is asked
by whoever runs them there.
"""

from __future__ import annotations
