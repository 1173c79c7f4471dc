"""Files between two networks: bundles, acknowledgements, and their consequences.

Owns their form, seal and order. Pure: `casebus.sdk.ferry` reads and writes files, Kafka and the
store. Touches evidence, trust and events. docs/ferry.md.
"""
