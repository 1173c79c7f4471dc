"""One module for each resource: shapes and routes, no SQL and no Kafka of its own.

Touches the rooms below it and reads through `storage`; the console calls its functions.
"""
