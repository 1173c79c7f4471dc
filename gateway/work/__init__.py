"""Work items of officers: what they read, what the law asks of their acts, what an act sends.

Owns the view of an item and the action on it. An action is an event that goes in by `entry`; what
an item shows of its case comes from `cases`.
"""

from __future__ import annotations
