"""The stream processors: admission, router, casework, scheduler, intake, and their transport.

Each owns its events on the bus and its tables. Each touches casebus, takes records through
`transport`, reaches PostgreSQL through `storage`, and imports neither another service nor the
gateway. Two ask the brokers by consumers of their own, which hold no group: casework reads ahead in
the journal, the scheduler asks for offsets and reads the directory.
"""
