"""The needs of a running bus, on a laptop and in a cluster alike.

Owns provisioning, backup and restore, the rebuild of what is derived, `verify`, the doctor's checks
and the adoption of a law, with their commands. The commands `restore` and `doctor` begin with a
machine, so they stay in onebox (ADR 74). Works by addresses and credentials that it is given; knows
no home directory and no process. Touches every room below it, with kafka-python, aiokafka and
asyncpg.
"""
