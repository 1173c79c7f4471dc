"""Files between two networks: what a bundle and an acknowledgement are, and what follows from them.

Pure: reading and writing files, Kafka and the store is `casebus.sdk.ferry`'s. docs/ferry.md.
"""
