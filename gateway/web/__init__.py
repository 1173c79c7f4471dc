"""The intake of HTTP requests, whatever they ask for.

Owns the limits of connections and requests, the check of parameters, the cursors of pages, and the
short way for a route that needs no more than its path. Touches `problems` and `shapes` alone, no
database and no broker, with FastAPI, Starlette, uvicorn, httptools and pydantic.
"""

from __future__ import annotations
