"""`casebus rebuild`: makes schema `derived` again from the journal, compares, and switches.

Owns the order of the steps; what is derived, casework's own code derives. Touches services.casework
and services.transport, storage and casebus, with aiokafka and asyncpg.
"""
