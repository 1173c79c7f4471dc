"""Loads another system's event log (XES, OCEL 2.0, a table) and makes it signed history.

Owns the log mapping, the readers of each form and the loader. Touches files, SQLite and the local
store, and trust and events, with pydantic and YAML.
"""
