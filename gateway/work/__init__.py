"""Work items of officers: their view, the law's requirements for acts, and the events of acts.

Owns the view of an item and the action on it. An action is an event that goes in by `entry`; an
item's view of its case comes from `cases`. Touches `runtime`, casebus and storage, with uuid6.
"""

from __future__ import annotations
