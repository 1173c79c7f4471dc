"""One module a resource: shapes and routes, no SQL and no Kafka of its own."""
