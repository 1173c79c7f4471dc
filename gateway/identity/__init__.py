"""The caller: an API key stands for one agency.

A key is 256 random bits, shown once; only its SHA-256 is stored, so a stolen table opens nothing.
Owns the keys and who the caller of a request is. Touches `runtime` and the table of keys.
"""
