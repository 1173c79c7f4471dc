"""`casebus rebuild`: makes schema `derived` again from the journal, compares, and switches.

Owns the order of the steps; casework's own code derives the content. Touches services.casework and
services.transport, storage and casebus, with aiokafka and asyncpg.
"""
