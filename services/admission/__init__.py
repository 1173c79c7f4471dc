"""Admission: the front door. Reads events.*, writes case.journal and rejected.

Owns the judgement of each record: readable, signed, entitled. Touches no database.
"""
