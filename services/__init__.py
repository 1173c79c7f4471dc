"""The stream processors: admission, router, casework, scheduler, intake, and their transport.

Each owns its events on the bus and its tables, reads Kafka through `transport` and PostgreSQL
through `storage`, and imports neither another service nor the gateway.
"""
