"""One module for each resource: shapes and routes, no SQL and no Kafka of its own.

Owns the shapes of the answers. Touches the rooms below it, casebus and storage, with FastAPI,
Starlette, pydantic and prometheus-client. `health` alone names the errors of asyncpg and aiokafka,
because it says what does not answer. The console calls its functions.
"""
