"""The gateway: HTTP intake, case status, work, evidence, and the schema registry's read API.

Owns what an agency sees over HTTP and the keys by which it knows an agency. Reads PostgreSQL
through `storage`, writes only `events.*` and the tables of its own; imports no service.
"""
