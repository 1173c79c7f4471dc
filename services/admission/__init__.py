"""Admission: the front door. Reads events.*, writes case.journal and rejected.

Owns the stamps on a record, and the pace of each door. Judges each record by `casebus.admission`.
Touches services.transport and casebus, with the types of aiokafka; no database.
"""
