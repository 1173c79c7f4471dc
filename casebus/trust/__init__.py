"""Trust: keys, signatures over Merkle trees, the directory, the log.

Owns what makes a record provable. Touches events, with `cryptography` and pydantic. Pure but for
key files (`keys`) and the policy of witnesses (`Witnessing.load`, YAML).
"""
