"""The part of a case that a viewer may see, and the note that it looked.

Owns redaction, the view that two viewers share, and the access log with the database handle that
feeds it. Touches `casebus.cases` and `casebus.events`, the tables of the log through storage, and
no other room of the gateway, with FastAPI.
"""

from __future__ import annotations
