"""The private keys of this machine, and which of them the directory trusts.

Owns the folder of PEM files as it is read; touches trust, the clock and files, no broker.
"""
