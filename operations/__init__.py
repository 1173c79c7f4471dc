"""The needs of a running bus, on a laptop and in a cluster alike.

Owns provisioning, backup and restore, the rebuild of what is derived, `verify`, the doctor's checks
and the adoption of a law, each with its command. Works by addresses and credentials that it is
given; knows no home directory, no process and no word of one machine.
"""
