"""The private keys of this machine, and which of them the directory trusts.

Owns the folder of PEM files as it is read. Touches trust, events, the clock and files; no broker
and no database.
"""
