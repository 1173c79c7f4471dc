"""The part of a case that a viewer may see, and the note that it looked.

Owns redaction, the view that two viewers share, and the access log with the database handle that
feeds it. Touches `casebus.cases`, the tables of the log, and no other room of the gateway.
"""

from __future__ import annotations
