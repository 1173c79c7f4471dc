"""The content of each page, from the API's own functions. The templates say how it looks.

Owns what stands on a page. Touches the rooms of the gateway below the console, casebus, and the
types and small tables of storage (drafts, saved searches), with FastAPI and pydantic.
"""
