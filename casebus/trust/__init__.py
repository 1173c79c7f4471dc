"""Trust: keys, signatures over Merkle trees, the directory, the log.

Owns what makes a record provable; touches events, hashes and `cryptography` only.
"""
