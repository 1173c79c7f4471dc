"""The caller: an API key belongs to one agency.

A key is 256 random bits, shown once; only its SHA-256 is stored, so a stolen table opens nothing.
Owns the keys and the caller of a request. Touches `runtime`, casebus and, through storage, the
tables of keys and operators, with FastAPI and asyncpg.
"""
