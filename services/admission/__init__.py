"""Admission: the front door. Reads events.*, writes case.journal and rejected.

Judges each record by `casebus.admission` and stamps it. Touches no database.
"""
