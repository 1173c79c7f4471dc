"""Files between two networks: what a bundle and an acknowledgement are, and what follows from them.

Owns their form, seal and order. Pure: `casebus.sdk.ferry` reads and writes files, Kafka and the
store. Touches evidence, trust and events. docs/ferry.md.
"""
