"""How the bus fares: its services, where a case is and what holds it, what was rejected.

Owns the state of services and agencies, the sentence of why a case is stuck, rejected records made
readable, and what admission would say of one now. Touches rows that it is given, the directory and
the installed law; changes nothing.
"""

from __future__ import annotations
