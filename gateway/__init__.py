"""The gateway: HTTP intake, case status, work, evidence, and the schema registry's read API.

Owns what an agency sees over HTTP and the keys by which it knows an agency. Reads PostgreSQL
through `storage`, writes only `events.*` and the tables of its own; imports no service. Its rooms,
each for one subject, lean only on those below (import-linter holds it): `console`, `api`, `work`,
then `cases`, `entry`, `figures`, `identity` and `monitoring`, then `runtime`, then `access` and
`web`. Beside them lie what starts it, how a route is served, the problems and the common shapes.
They touch casebus and storage, with FastAPI, Starlette, uvicorn, uvloop, pydantic and, for the
errors that they name, asyncpg and aiokafka.
"""
