"""How HTTP is taken, whatever it asks for.

Owns the limits of connections and requests, the check of parameters, the cursors of pages, and the
short way of a route that needs no more than its path. Touches `problems` and `shapes` alone, no
database and no broker.
"""

from __future__ import annotations
